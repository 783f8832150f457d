"""Labels: codes that can be read, text that fits, pages as sheets have them."""

from typing import Any

import pypdfium2
import pytest
import zxingcpp

from devices.labels.pdf import text_width
from devices.labels.sheets import _ID_SIZES, SHEETS, Label, device_link, draw_labels, fit

A4_MM = (210.0, 297.0)


def _labels(count: int) -> list[Label]:
    return [
        Label(
            f"aq-{number:03}", "本町一丁目 大気", "東村山市", device_link(None, "default", f"aq-{number:03}")
        )
        for number in range(count)
    ]


def _codes(data: bytes, page: int) -> list[Any]:
    document = pypdfium2.PdfDocument(data)
    image = document[page].render(scale=4, grayscale=True).to_numpy().squeeze()
    return list(zxingcpp.read_barcodes(image))


@pytest.mark.parametrize("name", SHEETS)
def test_every_code_of_a_sheet_can_be_read(name: str) -> None:
    sheet = SHEETS[name]
    data = b"".join(draw_labels(_labels(sheet.places + 2), sheet, skip=3))
    first, second = ({code.text for code in _codes(data, page)} for page in (0, 1))
    assert len(first) == sheet.places - 3
    assert len(second) == 5
    assert first | second == {f"machi:default/aq-{number:03}" for number in range(sheet.places + 2)}


def test_a_label_stands_where_its_sticker_is() -> None:
    sheet = SHEETS["24"]
    [code] = _codes(b"".join(draw_labels(_labels(1), sheet, skip=4)), 0)
    scale = 4 * 72 / 25.4
    left, top = sheet.left + sheet.width, sheet.top + sheet.height
    for corner in (code.position.top_left, code.position.bottom_right):
        assert left < corner.x / scale < left + sheet.width
        assert top < corner.y / scale < top + sheet.height


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_fits_a4(name: str) -> None:
    sheet = SHEETS[name]
    assert int(name) == sheet.places
    assert sheet.left * 2 + sheet.columns * sheet.width == pytest.approx(A4_MM[0], abs=0.2)
    assert sheet.top * 2 + sheet.rows * sheet.height == pytest.approx(A4_MM[1], abs=0.2)


def test_text_is_japanese_and_cannot_be_an_operator() -> None:
    hostile = Label("a) Tj ET (", "表示\n(名)\\ 𠮷野家", "東村山市", "machi:default/a")
    data = b"".join(draw_labels([hostile], SHEETS["10"], title="ラベル"))
    text = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    assert "a) Tj ET (" in text
    assert "東村山市" in text
    assert "𠮷野家" in text
    assert pypdfium2.PdfDocument(data).get_metadata_dict()["Title"] == "ラベル"


def test_an_id_is_never_cut_and_a_name_shrinks_before_it_is() -> None:
    for sheet in SHEETS.values():
        width = sheet.width * 0.6 - 6
        size, lines = fit("W" * 64, _ID_SIZES, width, 4)
        assert "".join(lines) == "W" * 64
        assert all(text_width(line, size) <= width for line in lines)
    assert fit("短い", (11.0, 6.0), 30, 1) == (11.0, ["短い"])
    assert fit("少し長い名前です。", (11.0, 6.0), 30, 1) == (6.0, ["少し長い名前です。"])
    assert fit("とても長い名前" * 5, (11.0, 6.0), 30, 1)[1][0].endswith("…")
    assert fit("", (11.0,), 30, 1) == (11.0, [])


def test_no_label_is_an_empty_page() -> None:
    assert len(pypdfium2.PdfDocument(b"".join(draw_labels([], SHEETS["24"])))) == 1


def test_a_link_is_an_address_where_one_is_given() -> None:
    assert device_link("https://town.example/d/", "default", "aq-1") == "https://town.example/d/aq-1"
