"""Formulas of data files: arithmetic over the parts of a frame, compiled once, nothing else.

`(x0 - 32768) / 100` with x0, x1, … the unsigned words or bytes; + - * / ** % & >>, log, min, max, and
`u16(high, low)`, `s16`, `u24`, `u32`, `s32`, `f16`, `f32` of bytes, the highest first. The files are ours;
the check keeps a slip of the pen from becoming code.
"""

import ast
import math
import struct
from collections.abc import Callable, Sequence
from types import CodeType


def _unsigned(*parts: int) -> int:
    return int.from_bytes(bytes(parts), "big")


def _signed(*parts: int) -> int:
    return int.from_bytes(bytes(parts), "big", signed=True)


def _half(*parts: int) -> float:
    value: float = struct.unpack(">e", bytes(parts))[0]
    return value


def _single(*parts: int) -> float:
    value: float = struct.unpack(">f", bytes(parts))[0]
    return value


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "log": math.log,
    "min": min,
    "max": max,
    "u16": _unsigned,
    "u24": _unsigned,
    "u32": _unsigned,
    "s8": _signed,
    "s16": _signed,
    "s32": _signed,
    "f16": _half,
    "f32": _single,
}
_NODES = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.Pow,
    ast.USub,
    ast.Mod,
    ast.BitAnd,
    ast.RShift,
    ast.Load,
)


class FormulaError(ValueError):
    """A formula that is no arithmetic over words."""


def compile_formula(text: str) -> tuple[Callable[[Sequence[int]], float], int]:
    """Return the function of a formula and how many parts it reads. Raises FormulaError."""
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise FormulaError(f"{text!r} is no formula: {error.msg}") from error
    words = [_check(node, text) for node in ast.walk(tree)]
    code: CodeType = compile(tree, "formula", "eval")
    return _function(code), max(words) + 1


def _function(code: CodeType) -> Callable[[Sequence[int]], float]:
    def evaluate(words: Sequence[int]) -> float:
        names = {f"x{number}": word for number, word in enumerate(words)}
        value: float = eval(code, {"__builtins__": {}, **_FUNCTIONS}, names)  # noqa: S307 # checked above
        return value

    return evaluate


def _check(node: ast.AST, text: str) -> int:
    """The number of the word that a node names, else -1."""
    if isinstance(node, ast.Name):
        if node.id in _FUNCTIONS:
            return -1
        if node.id[:1] == "x" and node.id[1:].isdigit():
            return int(node.id[1:])
    elif isinstance(node, ast.Constant):
        if type(node.value) in (int, float):
            return -1
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords:
            return -1
    elif isinstance(node, _NODES):
        return -1
    raise FormulaError(f"{text!r} holds {type(node).__name__}, which is no arithmetic")
