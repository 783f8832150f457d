"""The figures of the API's benchmark: each beside its limit, the median of several runs, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

_CPU = ("api_cpu_us", "postgres_cpu_us")


@dataclass(frozen=True)
class Figure:
    """One line of the result. `goal` says in words what `value` has to reach."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    goal: str = ""
    is_met: bool | None = None
    detail: dict[str, float] = field(default_factory=dict)

    @property
    def worth(self) -> float:
        """What runs are compared by: the ratio to the limit of the same run, where there is one."""
        return self.value / self.limit if self.limit else self.value


def medians(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """Give, for each figure, that of the run in the middle."""
    return [sorted(same, key=lambda one: one.worth)[len(same) // 2] for same in zip(*runs, strict=True)]


def to_markdown(figures: Sequence[Figure]) -> str:
    """Write a table."""
    rows = [
        "| What | Figure | Limit | Ratio | Goal | | CPU per request: API, PostgreSQL |",
        "|---|---:|---:|---:|---|---|---:|",
    ]
    for one in figures:
        limit = "" if one.limit is None else f"{one.limit:,.0f}"
        if "by_arrays" in one.detail:
            limit += f" (by arrays {one.detail['by_arrays']:,.0f})"
        ratio = "" if not one.limit else f"{one.value / one.limit:.2f}"
        verdict = {True: "met", False: "missed", None: ""}[one.is_met]
        cpu = [f"{one.detail[name]:,.0f} us" for name in _CPU if name in one.detail]
        cells = [one.name, f"{one.value:,} {one.unit}", limit, ratio, one.goal, verdict, ", ".join(cpu)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
