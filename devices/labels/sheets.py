"""Sheets of labels as Japanese stationers sell them (A4), and what stands on a label. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import segno

from devices.labels.pdf import Page, text_width, write_pdf

_POINTS_PER_MM = 72 / 25.4
_MARGIN_MM = 2.0
_GAP_MM = 2.0
_ID_SIZES = (14.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
_NAME_SIZES = (11.0, 10.0, 9.0, 8.0, 7.0, 6.0)
_TOWN_SIZES = (8.0, 7.0, 6.0, 5.0)
_QR_BORDER = 2
"""Light modules around a code; the paper around it gives the other two that ISO/IEC 18004 asks for."""


class Sheet(NamedTuple):
    """A sheet of equal labels; lengths in mm."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float

    @property
    def places(self) -> int:
        """How many labels there are on a sheet."""
        return self.columns * self.rows


SHEETS = {
    "10": Sheet(2, 5, 91.0, 55.0, 14.0, 11.0),
    "12": Sheet(2, 6, 86.4, 42.3, 18.6, 21.6),
    "24": Sheet(3, 8, 66.0, 33.9, 6.0, 12.9),
    "44": Sheet(4, 11, 48.3, 25.4, 8.4, 8.8),
}
"""By the number of labels, which is how they are sold (面)."""


class Label(NamedTuple):
    """What stands on a label. `link` is what the code holds: never a secret."""

    id: str
    name: str | None
    town: str | None
    link: str


def device_link(base: str | None, tenant: str, device_id: str) -> str:
    """Give what a device's code holds: an address where one is given, else a name that stays right."""
    if base is None:
        return f"machi:{tenant}/{device_id}"
    return f"{base}{device_id}"


def draw_labels(
    labels: Iterable[Label], sheet: Sheet, *, skip: int = 0, has_frames: bool = False, title: str = "Machi"
) -> Iterator[bytes]:
    """Give a PDF of labels, in blocks. `skip` leaves out the places that a used sheet lacks."""
    return write_pdf(_pages(labels, sheet, skip, has_frames), title)


def _pages(labels: Iterable[Label], sheet: Sheet, skip: int, has_frames: bool) -> Iterator[Page]:
    page, place = Page(), skip
    for label in labels:
        if place == sheet.places:
            yield page
            page, place = Page(), 0
        row, column = divmod(place, sheet.columns)
        x, y = sheet.left + column * sheet.width, sheet.top + row * sheet.height
        if has_frames:
            page.frame(x, y, sheet.width, sheet.height)
        _draw(page, label, sheet, x, y)
        place += 1
    yield page


def _draw(page: Page, label: Label, sheet: Sheet, x: float, y: float) -> None:
    side = min(sheet.height - 2 * _MARGIN_MM, sheet.width * 0.4)
    matrix = [
        list(line) for line in segno.make_qr(label.link, error="m").matrix_iter(scale=1, border=_QR_BORDER)
    ]
    page.squares(x + _MARGIN_MM, y + (sheet.height - side) / 2, side, matrix)
    left = x + _MARGIN_MM + side + _GAP_MM
    width = x + sheet.width - _MARGIN_MM - left
    line = y + (sheet.height - side) / 2
    for text, sizes, most in (
        (label.id, _ID_SIZES, 4),  # never cut
        (label.name or "", _NAME_SIZES, 2),
        (label.town or "", _TOWN_SIZES, 1),
    ):
        size, lines = fit(text, sizes, width, most)
        for each in lines:
            line += size * 1.25 / _POINTS_PER_MM
            page.text(left, line, size, each)
        line += 1.0 if lines else 0.0


def fit(text: str, sizes: Sequence[float], width: float, most_lines: int) -> tuple[float, list[str]]:
    """Choose the largest size at which a text fits; what does not fit the smallest is cut.

    A size that needs one line less is taken before a larger one.
    """
    for lines in range(1, most_lines + 1):
        for size in sizes:
            broken = _break(text, size, width)
            if len(broken) <= lines:
                return size, broken
    size = sizes[-1]
    kept = _break(text, size, width)[:most_lines]
    kept[-1] = kept[-1][:-1] + "…"
    return size, kept


def _break(text: str, size: float, width: float) -> list[str]:
    """Break where the line is full: Japanese breaks anywhere, and an id has no better place."""
    lines: list[str] = []
    line = ""
    for sign in text:
        if line and text_width(line + sign, size) > width:
            lines.append(line)
            line = ""
        line += sign
    return [*lines, line] if line else lines
