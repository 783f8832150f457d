"""Units by their UN/CEFACT codes: which there are, and how numbers of one become numbers of another.

A conversion is worked out once, by pint, as `value * scale + offset`; nothing of pint is on the hot path, and
it is not even imported where no profile converts.
"""

import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

_OWN = "own_"
"""Scales that convert only to themselves (decibel, pH): pint is not asked about them."""
_CACHED = 1024
"""Payloads may name units, so the cache is bounded."""
_DIGITS = 15


class Affine(NamedTuple):
    """`value * scale + offset`."""

    scale: float = 1.0
    offset: float = 0.0

    @property
    def is_identity(self) -> bool:
        """Nothing changes."""
        return self == SAME

    def then(self, after: "Affine") -> "Affine":
        """Return both in one step."""
        return Affine(self.scale * after.scale, self.offset * after.scale + after.offset)


SAME = Affine()


class UnitError(ValueError):
    """A unit that is not known, or one that does not become another."""


@cache
def unit_codes() -> Mapping[str, str]:
    """Return the codes that are known, each with its unit in pint's words."""
    text = (files("devices") / "unit_codes.toml").read_text("utf-8")
    codes: dict[str, str] = tomllib.loads(text)["codes"]
    return codes


def is_unit(code: str) -> bool:
    """Whether a code is known."""
    return code in unit_codes()


@lru_cache(_CACHED)
def conversion(source: str, target: str) -> Affine:
    """Return how numbers in `source` become numbers in `target`. Raises UnitError."""
    if source == target:
        return SAME
    codes = unit_codes()
    for code in (source, target):
        if code not in codes:
            raise UnitError(f"{code!r:.20} is not among the UN/CEFACT codes that are converted here")
    if codes[source].startswith(_OWN) or codes[target].startswith(_OWN):
        raise UnitError(f"{source} does not become {target}: they measure different things")
    return _ask_pint(codes[source], codes[target], f"{source} does not become {target}")


def _ask_pint(source: str, target: str, refusal: str) -> Affine:
    import pint

    registry = _registry()
    try:
        zero, one = (registry.Quantity(number, source).to(target).magnitude for number in (0.0, 1.0))
        hundred = registry.Quantity(100.0, source).to(target).magnitude
    except pint.DimensionalityError as error:
        raise UnitError(f"{refusal}: they measure different things") from error
    slope = (hundred - zero) / 100 if zero else one  # an offset costs digits; a long lever keeps them
    return Affine(_trimmed(slope), _trimmed(zero))


def _trimmed(number: float) -> float:
    """Drop the noise of the last bit: 0.5555555555555558 - 0.5555555555555556."""
    return float(f"{number:.{_DIGITS - 1}g}") if number else 0.0


@cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    registry.define("parts_per_billion = 1e-9 = ppb")
    return registry
