"""The report of an import, as JSON and as CSV for people. Pure."""

from typing import Any

from context_api.tabular.csv import BOM
from context_api.tabular.safety import csv_field
from devices.bulk.model import Fault, Line, Report
from devices.bulk.texts import Language, say, title

_COLUMNS = ("row", "column", "value", "kind", "what", "mend")


def describe_report(report: Report, language: Language) -> dict[str, Any]:
    """Write a report with its texts."""
    return {
        "format": report.format,
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "rows": report.rows,
        "faulty": report.faulty,
        "errors": report.errors,
        "warnings": report.warnings,
        "create": report.create,
        "update": report.update,
        "unchanged": report.unchanged,
        "columns": report.columns,
        "unknownColumns": report.unknown_columns,
        "faults": [describe_fault(fault, language) for fault in report.faults],
        "faultsLeftOut": max(0, report.errors + report.warnings - len(report.faults)),
        "lines": [describe_line(line) for line in report.lines],
        "linesLeftOut": max(0, report.rows - len(report.lines)),
    }


def describe_line(line: Line) -> dict[str, Any]:
    """Write what becomes of a row."""
    return {
        "row": line.row,
        "id": line.id,
        "name": line.name,
        "profile": line.profile,
        "action": "refuse" if line.action is None else line.action.value,
        "changes": list(line.changes),
    }


def describe_fault(fault: Fault, language: Language) -> dict[str, Any]:
    """Write a fault with its text."""
    text = say(fault.code, fault.values, language)
    return {
        "row": fault.row,
        "column": fault.column,
        "value": fault.value,
        "severity": "warning" if fault.is_warning else "error",
        "code": fault.code,
        "what": text.what,
        "mend": text.mend,
    }


def report_csv(faults: list[Fault], language: Language) -> bytes:
    """Write faults for a spreadsheet: UTF-8 with its mark, one per line, no cell a formula."""
    lines = [",".join(csv_field(title(name, language)) for name in _COLUMNS)]
    for fault in faults:
        text = say(fault.code, fault.values, language)
        kind = title("warning" if fault.is_warning else "error", language)
        cells = (str(fault.row), fault.column or "", fault.value or "", kind, text.what, text.mend)
        lines.append(",".join(map(csv_field, cells)))
    return BOM + "".join(f"{line}\r\n" for line in lines).encode()
