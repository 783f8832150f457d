"""Which column of a file is what. Pure."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from devices.bulk.columns import COLUMNS, KNOWN_NAMES, Column, Wrong, find_column, fold
from devices.bulk.errors import UnreadableFile
from devices.bulk.model import Fault, Odd, Report, Row, shown
from devices.bulk.texts import Language

_SHOWN_COLUMNS = 10


class Header(NamedTuple):
    """The columns of a file, by their place."""

    columns: Mapping[int, Column]
    titles: Mapping[str, str]
    """Member -> header as the file writes it."""
    width: int

    def title(self, member: str, language: Language = Language.JA) -> str:
        """Give a member's header; where the file has none, the name that the template gives it."""
        found = self.titles.get(member)
        return found or next((each.name(language) for each in COLUMNS if each.member == member), member)


def read_header(row: Row, report: Report) -> Header:
    """Find the known columns; the others are reported. Raises UnreadableFile."""
    columns: dict[int, Column] = {}
    titles: dict[str, str] = {}
    for index, cell in enumerate(row.cells):
        title = _clean(cell)
        if not title:
            continue
        column = _find(title)
        if column is None:
            _report_unknown(report, row.number, title)
        elif column.member in titles:
            raise UnreadableFile("header-twice", column=title, other=titles[column.member])
        else:
            columns[index] = column
            titles[column.member] = title
            report.columns[title] = column.member
    _check(columns, titles, report)
    return Header(columns, titles, len(row.cells))


def _clean(cell: str | Odd) -> str:
    text = cell.text if isinstance(cell, Odd) else cell
    return shown(" ".join(text.split()))


def _find(title: str) -> Column | None:
    try:
        return find_column(title)
    except Wrong as wrong:
        raise UnreadableFile(wrong.code, **wrong.values) from wrong


def _check(columns: Mapping[int, Column], titles: Mapping[str, str], report: Report) -> None:
    if not columns:
        listed = ", ".join(report.unknown_columns[:_SHOWN_COLUMNS])
        raise UnreadableFile("header-unknown", columns=listed)
    if "id" not in titles:
        raise UnreadableFile("header-no-id")


def _report_unknown(report: Report, number: int, title: str) -> None:
    report.unknown_columns.append(title)
    close = get_close_matches(fold(title), [fold(name) for name in KNOWN_NAMES], n=1, cutoff=0.75)
    if not close:
        report.add(Fault(row=number, column=title, code="column-unknown", is_warning=True))
        return
    name = next(name for name in KNOWN_NAMES if fold(name) == close[0])
    report.add(
        Fault(row=number, column=title, code="column-unknown-close", values={"close": name}, is_warning=True)
    )
