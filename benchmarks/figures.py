"""The figures of the benchmarks: each beside its limit of the same run, medians of runs, tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One line of a result. `goal` says in words what `value` has to reach."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    goal: str = ""
    is_met: bool | None = None
    detail: dict[str, float] = field(default_factory=dict)
    limit_name: str = ""
    """What the limit is: the least that does a comparable thing."""

    @property
    def ratio(self) -> float | None:
        """The figure as a part of its limit."""
        return self.value / self.limit if self.limit else None

    @property
    def worth(self) -> float:
        """What runs are compared by: the ratio to the limit of the same run, where there is one."""
        return self.value if self.ratio is None else self.ratio


def at_least(name: str, value: float, unit: str, limit: float, *, part: float, limit_name: str) -> Figure:
    """Make a figure that has to reach a part of its limit."""
    goal = f">= {part:g} x limit"
    return Figure(name, value, unit, limit, goal, value >= part * limit, limit_name=limit_name)


def at_most(name: str, value: float, unit: str, most: float) -> Figure:
    """Make a figure that must not pass `most`."""
    return Figure(name, value, unit, goal=f"<= {most:g} {unit}", is_met=value <= most)


def medians(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """Give, for each figure, that of the run in the middle."""
    return [sorted(same, key=lambda one: one.worth)[len(same) // 2] for same in zip(*runs, strict=True)]


def to_markdown(figures: Sequence[Figure]) -> str:
    """Write a table."""
    rows = [
        "| What | Figure | Limit | Ratio | Goal | | Detail |",
        "|---|---:|---:|---:|---|---|---|",
    ]
    rows += [f"| {' | '.join(_cells(one))} |" for one in figures]
    return "\n".join(rows)


def _cells(one: Figure) -> list[str]:
    limit = "" if one.limit is None else f"{one.limit:,.6g}"
    limit += f" ({one.limit_name})" if one.limit_name else ""
    return [
        one.name,
        f"{one.value:,.6g} {one.unit}",
        limit,
        "" if one.ratio is None else f"{one.ratio:.2f}",
        one.goal,
        {True: "met", False: "missed", None: ""}[one.is_met],
        ", ".join(f"{name.replace('_', ' ')} {value:,.6g}" for name, value in one.detail.items()),
    ]
