"""Randomness that is a function of its arguments: the same seed and time give the same town."""

import math
from hashlib import blake2b

_SCALE = 2.0**64


def chance(seed: int, *what: str | int) -> float:
    """Return a number in [0, 1) that depends on the arguments only."""
    text = "\x1f".join(map(str, (seed, *what)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") / _SCALE


def drift(seed: int, what: str, at_s: float, period_s: float) -> float:
    """Return a value in [-1, 1] that wanders smoothly: hash values every `period_s`, joined by cosines."""
    position = at_s / period_s
    knot = math.floor(position)
    before, after = (2 * chance(seed, what, number) - 1 for number in (knot, knot + 1))
    weight = (1 - math.cos(math.pi * (position - knot))) / 2
    return before + (after - before) * weight


def bell(seed: int, *what: str | int) -> float:
    """Return about normally distributed noise: mean 0, deviation 1, within ±3.5."""
    total = sum(chance(seed, *what, number) for number in range(4))
    return (total - 2) * math.sqrt(3)
