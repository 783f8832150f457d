"""Units as vendors write them -> UN/CEFACT Recommendation 20."""

_CODES = {
    "°C": "CEL",
    "%": "P1",
    "V": "VLT",
    "mV": "2Z",
    "mA": "4K",
    "A": "AMP",
    "Ah": "AMH",
    "W": "WTT",
    "Wh": "WHR",
    "dBm": "DBM",
    "Pa": "PAL",
    "hPa": "A97",
    "kPa": "KPA",
    "bar": "BAR",
    "ppm": "59",
    "ppb": "61",
    "lx": "LUX",
    "mm": "MMT",
    "cm": "CMT",
    "m": "MTR",
    "km": "KMT",
    "µm": "4H",
    "s": "SEC",
    "ms": "C26",
    "°": "DD",
    "m/s": "MTS",
    "W/m²": "D54",
    "Hz": "HTZ",
    "g": "GRM",
    "kg": "KGM",
    "Ω": "OHM",
    "dB": "2N",
    "µg/m³": "GQ",
    "mg/m³": "GP",
    "mg/l": "M1",
    "g/l": "GL",
    "mS/cm": "H61",
    "µS/cm": "G42",
}


def unit_code(unit: str) -> str | None:
    """Return the code of a unit; None where there is none (NTU, a fraction of volumes)."""
    return _CODES.get(unit)
