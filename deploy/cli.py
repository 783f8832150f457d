"""`machi`: one command line for everything that runs or is done by hand."""

import importlib
import sys

import typer

from deploy.embedded.errors import EmbeddedError
from deploy.errors import CommandError
from deploy.settings import SettingsError

COMMANDS = (
    "up",
    "init",
    "migrate",
    "api",
    "bridge",
    "notifier",
    "worker",
    "simulate",
    "replay",
    "export",
    "completeness",
    "device",
    "profile",
    "group",
    "quarantine",
    "subscription",
    "alarm",
    "index",
    "organisation",
    "key",
    "account",
    "grant",
    "access",
    "retention",
    "audit",
    "limit",
    "usage",
    "sql",
    "sbom",
    "erasure",
    "doctor",
)

app = typer.Typer(
    name="machi",
    help="Machi (まち): an open city operating system. Settings are MACHI_* environment variables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name in COMMANDS:
    importlib.import_module(f"deploy.commands.{_name}").register(app)


def main() -> None:
    """Run a command; an error we know is one line on standard error, and an exit code that says its kind."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        described = _describe(error)
        if described is None:
            raise
        message, exit_code = described
        typer.echo(f"machi: {message}", err=True)
        sys.exit(exit_code)


def _describe(error: Exception) -> tuple[str, int] | None:
    """Message and exit code of an error that is not a mistake of ours."""
    if isinstance(error, CommandError):
        return str(error), error.exit_code
    if isinstance(error, SettingsError):
        return str(error), 2
    if isinstance(error, EmbeddedError):
        return str(error), 1
    from context_api.store.errors import StoreFault, StoreUnavailable

    if isinstance(error, StoreUnavailable):
        return f"The database cannot be used: {error}", 3
    if isinstance(error, StoreFault):
        return (
            f"The database is not as this version expects it (machi migrate brings it up to date): {error}",
            1,
        )
    return None


if __name__ == "__main__":
    main()
