"""`machi usage report`: who used what, for the Council."""

from datetime import date
from typing import Annotated

import typer

from deploy.errors import UsageError

usage = typer.Typer(help="Who used what, by day of Japan.", no_args_is_help=True)
_ROWS_MAX = 1_000_000


def register(app: typer.Typer) -> None:
    app.add_typer(usage, name="usage")


@usage.command()
def report(
    month: Annotated[str, typer.Option(help="The month, 2026-11.")],
    format_: Annotated[
        str, typer.Option("--format", help="table: by organisation and entity type; csv: by day.")
    ] = "table",
    organisation: Annotated[int | None, typer.Option(help="Only of this organisation (its number).")] = None,
) -> None:
    """Report the usage of a month, by organisation and entity type. Counts are some seconds behind."""
    from context_api.store.database import open_database
    from context_api.store.usage import list_usage
    from context_api.store.usage_tables import write_csv
    from deploy import wiring
    from deploy.settings import read_settings
    from deploy.usage_table import write_table

    writers = {"csv": write_csv, "table": write_table}
    if format_ not in writers:
        raise UsageError(f"--format is csv or table, not {format_}.")
    since, until = _month(month)
    database = open_database(wiring.connect(read_settings()).database_url)
    try:
        rows = list_usage(database, since, until, organisation=organisation, limit=_ROWS_MAX)
    finally:
        database.close()
    for line in writers[format_](rows):
        typer.echo(line, nl=False)
    if not rows:
        typer.echo(f"Nothing was used in {month}.", err=True)


def _month(text: str) -> tuple[date, date]:
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise UsageError(f"--month is a month such as 2026-11, not {text}.") from None
    return first, date(first.year + first.month // 12, first.month % 12 + 1, 1)
