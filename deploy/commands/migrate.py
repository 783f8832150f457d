"""`machi migrate`."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate() -> None:
    """Bring the database to the schema of this version. Safe to repeat, and to run from several hosts."""
    from context_api.store.migrate import migrate as apply_migrations
    from deploy import wiring
    from deploy.settings import read_settings

    applied = apply_migrations(wiring.connect(read_settings()).database_url)
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("The schema is up to date.")
