"""Templates to fill in: CSV and Excel, with Japanese or English column names. Pure."""

import io
from collections.abc import Mapping, Sequence

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from context_api.tabular.csv import BOM
from context_api.tabular.safety import csv_field
from devices.bulk.columns import COLUMNS, Column
from devices.bulk.texts import Language, title
from devices.profile import Profile

_ROWS_AS_TEXT = 1_000
_TEMPLATE = (
    *("id", "profile", "name", "latitude", "longitude"),
    *("expectedIntervalS", "serial", "owner", "tags", "notes"),
)
_REQUIRED = ("id", "profile")


def template_columns() -> Sequence[Column]:
    """Give the columns of the template, the ones that most towns need."""
    return [column for column in COLUMNS if column.member in _TEMPLATE]


def template_csv(language: Language) -> bytes:
    """Give the header alone, as Excel reads it: an example would be registered one day."""
    names = ",".join(csv_field(column.name(language)) for column in template_columns())
    return BOM + f"{names}\r\n".encode()


def template_xlsx(language: Language, profiles: Mapping[str, Profile]) -> bytes:
    """Give a sheet to fill in, its cells text (leading zeros stay), one that explains all columns, and the
    profiles, of which a cell offers the names."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = title("devices", language)
    for index, column in enumerate(template_columns(), 1):
        head = sheet.cell(1, index, column.name(language))
        head.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(index)].width = 18
        for row in range(2, _ROWS_AS_TEXT + 2):
            sheet.cell(row, index).number_format = "@"
    sheet.freeze_panes = "A2"
    _explain(workbook, language)
    _offer(sheet, _list_profiles(workbook, language, profiles))
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


def _explain(workbook: Workbook, language: Language) -> None:
    sheet = workbook.create_sheet(title("columns", language))
    sheet.append([title(name, language) for name in ("column_of", "required", "meaning", "example")])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column in COLUMNS:
        required = title("yes", language) if column.member in _REQUIRED else ""
        meaning = column.meaning[0 if language is Language.JA else 1]
        sheet.append([column.name(language), required, meaning, column.example])
    for letter, width in zip("ABCD", (24, 8, 60, 24), strict=True):
        sheet.column_dimensions[letter].width = width


def _list_profiles(workbook: Workbook, language: Language, profiles: Mapping[str, Profile]) -> str:
    """Write the sheet of profiles; gives the range of their names as a formula."""
    sheet = workbook.create_sheet(title("profiles", language))
    sheet.append([title(name, language) for name in ("profile", "made_by", "measures")])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for name in sorted(profiles):
        profile = profiles[name]
        sheet.append([name, profile.title or "", profile.entity_type.rpartition("/")[2]])
    for letter, width in zip("ABC", (28, 36, 28), strict=True):
        sheet.column_dimensions[letter].width = width
    return f"'{sheet.title}'!$A$2:$A${max(2, sheet.max_row)}"


def _offer(sheet: Worksheet, names: str) -> None:
    """Offer the names in the cells of the profile; another, such as `name@3`, may be written too."""
    column = next(index for index, column in enumerate(template_columns(), 1) if column.member == "profile")
    letter = get_column_letter(column)
    offered = DataValidation(type="list", formula1=f"={names}", allow_blank=True, showErrorMessage=False)
    sheet.add_data_validation(offered)
    offered.add(f"{letter}2:{letter}{_ROWS_AS_TEXT + 1}")
