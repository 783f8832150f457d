"""The lines of a codec's data file: `name = formula [unit]` or `name = formula {0: closed, 1: open}`."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from adapters.codecs.formula import FormulaError, compile_formula
from adapters.codecs.units import unit_code
from adapters.types import RawValue

_LINE = re.compile(r"(?P<name>\S+) = (?P<formula>[^\[{]+?)(?: \[(?P<unit>[^]]+)])?(?: \{(?P<words>[^}]+)})?")


class Value(NamedTuple):
    """One value of a frame, computed from its parts."""

    name: str
    compute: Callable[[Sequence[int]], float]
    unit_code: str | None
    words: Mapping[int, str]
    """What the vendor calls each number; empty where the number itself is the value."""


class Values(NamedTuple):
    """The values that some parts of a frame hold."""

    size: int
    """How many parts (words or bytes) they take."""
    values: tuple[Value, ...]


def parse_values(lines: Sequence[str], size: int | None = None) -> Values:
    """Read the lines; without `size` the last part is the highest that one names. Raises FormulaError."""
    values, needed = [], 0
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None:
            raise FormulaError(f"{line!r} is not `name = formula [unit]`")
        compute, count = compile_formula(found["formula"])
        needed = max(needed, count)
        code = unit_code(found["unit"]) if found["unit"] else None
        values.append(Value(found["name"], compute, code, _words(found["words"])))
    return Values(needed if size is None else size, tuple(values))


def compute_values(values: Values, parts: Sequence[int]) -> dict[str, RawValue]:
    """Return the values; one whose formula has no result (a division by zero, NaN) is left out.

    `{x0}` in a name stands for the number of a line or region that the first part gives.
    """
    computed: dict[str, RawValue] = {}
    for value in values.values:
        try:
            number = value.compute(parts)
        except (ArithmeticError, ValueError):
            continue
        if not math.isfinite(number):
            continue
        shown = value.words.get(int(number), number) if value.words else number
        name = value.name if "{" not in value.name else value.name.format(x0=parts[0])
        computed[name] = RawValue(shown, value.unit_code)
    return computed


def _words(text: str | None) -> dict[int, str]:
    if text is None:
        return {}
    pairs = (pair.split(": ", 1) for pair in text.split(", "))
    return {int(number, 0): word for number, word in pairs}
