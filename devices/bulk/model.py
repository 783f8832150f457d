"""The vocabulary of imports: cells and tables as read, rows as judged, the report."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_ROWS = 20_000
"""Rows of devices in one file."""
MAX_COLUMNS = 200
MAX_CELL_CHARS = 4_096
MAX_FAULTS = 1_000
"""Faults and warnings that a report shows; the rest are counted."""
MAX_LINES = 1_000
"""Rows that a report lists, right ones too."""
MAX_SHOWN_CHARS = 60
"""Of a value in the report."""


class Odd(NamedTuple):
    """A cell of a workbook that is no plain text or number: `code` is that of its fault."""

    code: str
    text: str


Cell = str | Odd


class Row(NamedTuple):
    """One row, numbered as the spreadsheet does (the first line of a file is 1)."""

    number: int
    cells: list[Cell]


class Table(NamedTuple):
    """A file that could be read: its first row that is not empty, and the rows after it."""

    format: str
    """`csv` or `xlsx`."""
    encoding: str | None
    delimiter: str | None
    header: Row
    rows: Iterator[Row]
    """Raises UnreadableFile where the file goes wrong later on."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with a row; a warning stops nothing."""

    row: int
    column: str | None = None
    """As the file writes its header."""
    value: str | None = None
    code: str
    values: Mapping[str, str] = {}
    is_warning: bool = False


class Entry(msgspec.Struct, frozen=True):
    """A row that is right: the members it gives, as the JSON of a registration; None = to be emptied."""

    row: int
    id: str
    given: dict[str, Any]


class Action(StrEnum):
    """What a row means for the registry as it is."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a row, for people to look it over before anything is registered."""

    row: int
    id: str | None = None
    """As it was read; None where it cannot be one."""
    name: str | None = None
    profile: str | None = None
    action: Action | None = None
    """None: the row is refused."""
    changes: tuple[str, ...] = ()
    """Members of a registered device that would change."""


class Report(msgspec.Struct, kw_only=True, rename="camel"):
    """How a file was read and what is wrong with it; kept with the import."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    rows: int = 0
    """Rows that are not empty."""
    faulty: int = 0
    """Rows with at least one error."""
    errors: int = 0
    warnings: int = 0
    create: int = 0
    update: int = 0
    unchanged: int = 0
    columns: dict[str, str] = msgspec.field(default_factory=dict)
    """Header -> the member it is read as."""
    unknown_columns: list[str] = msgspec.field(default_factory=list)
    faults: list[Fault] = msgspec.field(default_factory=list)
    lines: list[Line] = msgspec.field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether every row may be carried out."""
        return self.errors == 0

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep it while there is room."""
        if fault.is_warning:
            self.warnings += 1
        else:
            self.errors += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)

    def list_row(self, line: Line) -> None:
        """Keep what becomes of a row while there is room."""
        if len(self.lines) < MAX_LINES:
            self.lines.append(line)


def shown(value: str) -> str:
    """Cut a value to what a report shows; control characters become blanks."""
    clean = "".join(sign if sign.isprintable() else " " for sign in value[: MAX_SHOWN_CHARS + 1])
    return clean if len(value) <= MAX_SHOWN_CHARS else f"{clean[:MAX_SHOWN_CHARS]}…"
