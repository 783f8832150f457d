"""`machi doctor`."""

import sys

import typer


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor() -> None:
    """Say what runs, what each server offers, and what is wrong; exit code 1 if anything is."""
    from deploy.checkup import check_all
    from deploy.settings import read_settings

    findings = check_all(read_settings())
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.is_good else 'BAD '} {finding.subject}: {finding.detail}")
    sys.exit(0 if all(finding.is_good for finding in findings) else 1)
