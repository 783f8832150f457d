"""A PDF file (ISO 32000-1) of pages with text and QR codes, written page by page. Pure.

Japanese text names a font of Adobe's Japanese collection instead of carrying one: every reader has one to
show for it (its own, or the system's), and the file stays small. Ids stand in Courier, one of the 14 fonts
that every reader has, so that `0` and `O` differ. No library is needed for that much; those that there are
bring pictures, charts and megabytes.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence

A4_MM = (210.0, 297.0)
_POINTS_PER_MM = 72 / 25.4
_HEAD = b"%PDF-1.5\n%\xe3\x81\x93\xe3\n"
_CATALOG, _PAGES, _JAPANESE, _CID_FONT, _DESCRIPTOR, _COURIER, _INFO = range(1, 8)
_FIRST_FREE = 8
COURIER_WIDTH = 0.6
"""Of every letter, as a part of the size."""


class Page:
    """What is drawn on a page; lengths in mm from the upper left corner, sizes in points."""

    def __init__(self) -> None:
        self._operators: list[str] = []

    def text(self, x: float, y: float, size: float, text: str) -> None:
        """Write one line, its base line at y; characters outside of the fonts' reach become a geta mark."""
        at = f"{_points(x)} {_points(A4_MM[1] - y)}"
        runs = "".join(f"/{font} {size:g} Tf <{coded}> Tj " for font, coded in _runs(text))
        self._operators.append(f"BT {at} Td {runs}ET")

    def squares(self, x: float, y: float, side: float, matrix: Sequence[Sequence[bool | int]]) -> None:
        """Fill the dark modules of a QR code, whose upper left corner is at (x, y)."""
        unit = side / len(matrix)
        drawn = [f"q {_points(unit)} 0 0 {_points(-unit)} {_points(x)} {_points(A4_MM[1] - y)} cm"]
        for line, modules in enumerate(matrix):
            drawn += [f"{start} {line} {length} 1 re" for start, length in _dark_runs(modules)]
        self._operators.append("\n".join([*drawn, "f Q"]))

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a thin line around a place."""
        place = " ".join(_points(value) for value in (x, A4_MM[1] - y - height, width, height))
        self._operators.append(f"0.3 w 0.7 G {place} re S")

    def content(self) -> bytes:
        """Give the page's operators."""
        return "\n".join(self._operators).encode("ascii")


def text_width(text: str, size: float) -> float:
    """Give the width of a line in mm."""
    ems = sum(COURIER_WIDTH if " " <= sign <= "~" else 1.0 for sign in text)
    return ems * size / _POINTS_PER_MM


def write_pdf(pages: Iterable[Page], title: str) -> Iterator[bytes]:
    """Give a file in blocks, each page as soon as it is drawn."""
    offsets: dict[int, int] = {}
    at = 0
    kids: list[int] = []

    def number(index: int, body: bytes) -> bytes:
        nonlocal at
        offsets[index] = at
        block = b"%d 0 obj\n%s\nendobj\n" % (index, body)
        at += len(block)
        return block

    at = len(_HEAD)
    yield _HEAD
    for page in pages:
        content, index = zlib.compress(page.content()), _FIRST_FREE + 2 * len(kids)
        kids.append(index)
        stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content)
        yield number(index, _page_object(index + 1)) + number(index + 1, stream)
    for index, body in _shared_objects(kids, title):
        yield number(index, body)
    yield _end(offsets, at)


def _page_object(content: int) -> bytes:
    width, height = (_points(length) for length in A4_MM)
    return (
        f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {width} {height}] /Contents {content} 0 R"
        f" /Resources << /Font << /J {_JAPANESE} 0 R /C {_COURIER} 0 R >> >> >>"
    ).encode()


def _shared_objects(kids: Sequence[int], title: str) -> Iterator[tuple[int, bytes]]:
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    collection = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 6 >>"
    name = "/BaseFont /HeiseiKakuGo-W5"
    yield _CATALOG, f"<< /Type /Catalog /Pages {_PAGES} 0 R /Lang (ja) >>".encode()
    yield _PAGES, f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
    yield (
        _JAPANESE,
        f"<< /Type /Font /Subtype /Type0 {name}-UniJIS-UTF16-H /Encoding /UniJIS-UTF16-H"
        f" /DescendantFonts [{_CID_FONT} 0 R] >>".encode(),
    )
    yield (
        _CID_FONT,
        f"<< /Type /Font /Subtype /CIDFontType0 {name} {collection} /DW 1000"
        f" /FontDescriptor {_DESCRIPTOR} 0 R >>".encode(),
    )
    yield (
        _DESCRIPTOR,
        b"<< /Type /FontDescriptor /FontName /HeiseiKakuGo-W5 /Flags 4 /FontBBox [-92 -250 1010 922]"
        b" /ItalicAngle 0 /Ascent 752 /Descent -221 /CapHeight 737 /StemV 114 >>",
    )
    yield (
        _COURIER,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold /Encoding /WinAnsiEncoding >>",
    )
    yield _INFO, f"<< /Title <{_utf16(chr(0xFEFF) + title)}> /Producer (Machi) >>".encode()


def _end(offsets: dict[int, int], at: int) -> bytes:
    rows = b"".join(b"%010d 00000 n \n" % offsets[index] for index in sorted(offsets))
    size = len(offsets) + 1
    trailer = b"<< /Size %d /Root %d 0 R /Info %d 0 R >>" % (size, _CATALOG, _INFO)
    return b"xref\n0 %d\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        rows,
        trailer,
        at,
    )


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Split a text by font; codes as hexadecimal digits, so that nothing in it can be an operator."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or (" " <= text[end] <= "~") != (" " <= text[start] <= "~"):
            run = text[start:end]
            yield ("C", run.encode("ascii").hex()) if " " <= run[0] <= "~" else ("J", _utf16(run))
            start = end


def _utf16(text: str) -> str:
    return text.encode("utf-16-be", "replace").hex()


def _dark_runs(modules: Sequence[bool | int]) -> Iterator[tuple[int, int]]:
    """Join neighbours: one rectangle each, without hairlines between them."""
    start: int | None = None
    for index, is_dark in enumerate([*modules, False]):
        if is_dark and start is None:
            start = index
        elif not is_dark and start is not None:
            yield start, index - start
            start = None


def _points(length_mm: float) -> str:
    return f"{length_mm * _POINTS_PER_MM:.3f}".rstrip("0").rstrip(".")
