"""From rows of history to lines of a table, long (a line per value) or wide (a line per time and entity)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from context_api.tabular.labels import (
    Language,
    attribute_label,
    column_title,
    method_label,
    unit_sign,
    with_unit,
)
from context_api.tabular.model import BucketRow, Cells, Column, ColumnKind, RawRow, SeriesLabel

_Row_contra = TypeVar("_Row_contra", contravariant=True)
_ENTITY = ("entityId", "entityName", "entityType")


class Layout(Protocol[_Row_contra]):
    """Columns, and how rows become lines; `flush` gives a line that is not complete until the rows end."""

    columns: Sequence[Column]

    def lines(self, rows: Iterable[_Row_contra]) -> Iterator[Cells]:
        """Give the lines that are complete."""
        ...

    def flush(self) -> Iterator[Cells]:
        """Give what is left."""
        ...


def _text(key: str, language: Language) -> Column:
    return Column(key, column_title(key, language), ColumnKind.TEXT)


def _time(language: Language) -> Column:
    return Column("time", column_title("time", language), ColumnKind.TIME)


def _has_datasets(series: Sequence[SeriesLabel]) -> bool:
    return any(one.dataset_id for one in series)


def head_of(one: SeriesLabel, language: Language, *, has_datasets: bool) -> tuple[str, ...]:
    """Give what a long line says of its series, between time and value."""
    head = (
        one.entity_id,
        one.entity_name,
        one.entity_type,
        one.attribute,
        attribute_label(one.attribute, language),
    )
    return (*head, one.dataset_id) if has_datasets else head


def _head_columns(series: Sequence[SeriesLabel], language: Language) -> list[Column]:
    keys = [*_ENTITY, "attribute", "label", *(["datasetId"] if _has_datasets(series) else [])]
    return [_time(language), *(_text(key, language) for key in keys)]


class LongRaw:
    """A line per recorded value."""

    def __init__(self, series: Sequence[SeriesLabel], language: Language) -> None:
        self.columns = [
            *_head_columns(series, language),
            Column("value", column_title("value", language), ColumnKind.ANY),
            _text("unit", language),
        ]
        has_datasets = _has_datasets(series)
        self.heads = [head_of(one, language, has_datasets=has_datasets) for one in series]

    def lines(self, rows: Iterable[RawRow]) -> Iterator[Cells]:
        """Give a line per row."""
        heads = self.heads
        for time, series, value, unit_code in rows:
            yield (time, *heads[series], value, unit_sign(unit_code))

    def flush(self) -> Iterator[Cells]:
        """Nothing is ever left."""
        return iter(())


class LongBuckets:
    """A line per series and bucket, a column per method."""

    def __init__(self, series: Sequence[SeriesLabel], methods: Sequence[str], language: Language) -> None:
        self.columns = [
            *_head_columns(series, language),
            _text("unit", language),
            *(Column(each, method_label(each, language), ColumnKind.NUMBER) for each in methods),
        ]
        has_datasets = _has_datasets(series)
        self._heads = [head_of(one, language, has_datasets=has_datasets) for one in series]

    def lines(self, rows: Iterable[BucketRow]) -> Iterator[Cells]:
        """Give a line per row."""
        for time, series, values, unit_code in rows:
            yield (time, *self._heads[series], unit_sign(unit_code), *values)

    def flush(self) -> Iterator[Cells]:
        """Nothing is ever left."""
        return iter(())


class _Wide:
    """What wide layouts share: the line that is being filled; its last column is the note."""

    def __init__(self, series: Sequence[SeriesLabel], cells_per_series: int) -> None:
        self._series = series
        self._names = _column_names(series)
        position = {name: index for index, name in enumerate(dict.fromkeys(self._names))}
        self._position = [1 + len(_ENTITY) + position[name] * cells_per_series for name in self._names]
        self._width = 1 + len(_ENTITY) + len(position) * cells_per_series
        self._line: list[Any] | None = None

    def _distinct(self) -> Iterator[tuple[str, SeriesLabel]]:
        """Give each name once, with the first series that has it."""
        seen: set[str] = set()
        for name, one in zip(self._names, self._series, strict=True):
            if name not in seen:
                seen.add(name)
                yield name, one

    @property
    def _filled(self) -> list[Any]:
        if self._line is None:
            raise AssertionError("BUG: a line is begun before it is filled")
        return self._line

    def _note(self, remark: str) -> None:
        """Add to the last column."""
        line = self._filled
        line[-1] = remark if line[-1] is None else f"{line[-1]}; {remark}"

    def _turn(self, time: int, one: SeriesLabel) -> list[Any] | None:
        """Make the line of this time and entity the present one; gives the former where it ended."""
        line = self._line
        if line is not None and line[0] == time and line[1] == one.entity_id:
            return None
        empty: list[Any] = [None] * (self._width + 1)
        empty[: 1 + len(_ENTITY)] = (time, one.entity_id, one.entity_name, one.entity_type)
        self._line = empty
        return line

    def flush(self) -> Iterator[Cells]:
        """Give the line that was being filled."""
        if self._line is not None:
            yield self._line
            self._line = None


class WideRaw(_Wide):
    """A line per time and entity, a column per attribute; what fits no column stands in the note."""

    def __init__(self, series: Sequence[SeriesLabel], language: Language) -> None:
        super().__init__(series, 1)
        self.columns = [
            _time(language),
            *(_text(key, language) for key in _ENTITY),
            *(
                Column(
                    name,
                    with_unit(_label(one, language), one.unit_code, language),
                    ColumnKind.NUMBER if one.is_number else ColumnKind.TEXT,
                )
                for name, one in self._distinct()
            ),
            _text("note", language),
        ]
        self._are_numbers = [column.kind == ColumnKind.NUMBER for column in self.columns]

    def lines(self, rows: Iterable[RawRow]) -> Iterator[Cells]:
        """Gather the rows of one time and entity, which follow each other."""
        for time, series, value, unit_code in rows:
            one = self._series[series]
            ended = self._turn(time, one)
            if ended is not None:
                yield ended
            position = self._position[series]
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if unit_code == one.unit_code and is_number == self._are_numbers[position]:
                self._filled[position] = value
            else:
                self._note(f"{self._names[series]}: {value} {unit_sign(unit_code)}".rstrip())


class WideBuckets(_Wide):
    """A line per bucket and entity, a column per attribute and method; other units stand in the note."""

    def __init__(self, series: Sequence[SeriesLabel], methods: Sequence[str], language: Language) -> None:
        super().__init__(series, len(methods))
        self.columns = [
            _time(language),
            *(_text(key, language) for key in _ENTITY),
            *(
                Column(
                    name if len(methods) == 1 else f"{name}.{method}",
                    _bucket_title(one, method, language),
                    ColumnKind.NUMBER,
                )
                for name, one in self._distinct()
                for method in methods
            ),
            _text("note", language),
        ]

    def lines(self, rows: Iterable[BucketRow]) -> Iterator[Cells]:
        """Gather the rows of one bucket and entity, which follow each other."""
        for time, series, values, unit_code in rows:
            one = self._series[series]
            ended = self._turn(time, one)
            if ended is not None:
                yield ended
            if unit_code == one.unit_code:
                position = self._position[series]
                self._filled[position : position + len(values)] = values
            else:
                shown = " ".join("" if each is None else str(each) for each in values)
                self._note(f"{self._names[series]}: {shown} {unit_sign(unit_code)}".rstrip())


def _column_names(series: Sequence[SeriesLabel]) -> list[str]:
    """Name the wide column of each series: datasets and differing units have columns of their own."""
    units: dict[str, set[str | None]] = {}
    for one in series:
        units.setdefault(one.attribute, set()).add(one.unit_code)
    return [
        one.attribute
        + (f"@{one.dataset_id}" if one.dataset_id else "")
        + (f"[{one.unit_code or ''}]" if len(units[one.attribute]) > 1 else "")
        for one in series
    ]


def _label(one: SeriesLabel, language: Language) -> str:
    label = attribute_label(one.attribute, language)
    return f"{label} {one.dataset_id}" if one.dataset_id else label


def _bucket_title(one: SeriesLabel, method: str, language: Language) -> str:
    label = f"{_label(one, language)} {method_label(method, language)}"
    return label if method == "count" else with_unit(label, one.unit_code, language)
