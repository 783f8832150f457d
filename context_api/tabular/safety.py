"""Text in a table must stay text: what a spreadsheet would take for a formula is made harmless.

A device or a partner may call itself `=HYPERLINK(…)`. Spreadsheets run a cell of a CSV file that begins so;
an apostrophe before it makes it text (OWASP, "CSV injection"). The full-width signs count too: Japanese
editions of spreadsheets take them for the half-width ones. Numbers are never touched: a text that is a number
is not one here.
"""

import re

STARTERS = "=+-@＝＋－＠"
_FORMULA = re.compile(rf"\s*[{re.escape(STARTERS)}]")
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0x7F], None)


def harmless(text: str) -> str:
    """Give a text that is no formula, without control characters other than tab and line ends."""
    clean = text.translate(_CONTROLS)
    if clean.startswith(("\t", "\r")) or _FORMULA.match(clean):
        return f"'{clean}"
    return clean


def csv_field(text: str) -> str:
    """Write a harmless text as a field of RFC 4180."""
    clean = harmless(text)
    if any(sign in clean for sign in ',"\r\n'):
        return '"' + clean.replace('"', '""') + '"'
    return clean
