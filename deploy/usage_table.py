"""Usage as a table for a terminal: added up by organisation and entity type."""

from collections.abc import Iterable, Iterator

from context_api.store.usage import COLUMNS, UsageRow, Used
from context_api.tabular.safety import harmless

_HEAD = ("organisation", "type", *COLUMNS)


def write_table(rows: Iterable[UsageRow]) -> Iterator[str]:
    """Write lines of equal columns, a total at the end."""
    sums: dict[tuple[str, str], Used] = {}
    total = Used()
    for row in rows:
        name = row.organisation_name or "-"
        sums.setdefault((name, (row.type or "-").rpartition("/")[2]), Used()).add(row.used)
        total.add(row.used)
    if not sums:
        return
    lines = [_HEAD, *(_line(*key, used) for key, used in sorted(sums.items())), _line("total", "", total)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    for line in lines:
        yield "  ".join(_align(line[column], widths[column], column) for column in range(len(_HEAD))) + "\n"


def _line(organisation: str, type_: str, used: Used) -> tuple[str, ...]:
    return (harmless(organisation), harmless(type_), *(f"{getattr(used, column):,}" for column in COLUMNS))


def _align(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)
