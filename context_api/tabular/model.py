"""The words of this package: series, rows, columns and what an answer says about itself."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from context_api.ngsild.model import Micros
from context_api.tabular.labels import Language


class SeriesLabel(NamedTuple):
    """One series, as a table names it."""

    entity_id: str
    entity_name: str
    entity_type: str
    attribute: str
    """The short name, or the whole IRI where two attributes of the answer share the short one."""
    dataset_id: str = ""
    unit_code: str | None = None
    is_number: bool = True
    """Whether its values are numbers, as far as the newest one tells."""


class RawRow(NamedTuple):
    """One recorded value. `unit_code` is that of the value, which may differ from its series'."""

    time: Micros
    series: int
    """Position among the series of the answer."""
    value: Any
    unit_code: str | None = None


class BucketRow(NamedTuple):
    """The aggregates of one series in one bucket, one per method asked for."""

    time: Micros
    """Where the bucket begins."""
    series: int
    values: tuple[float | int | None, ...]
    unit_code: str | None = None


class ColumnKind:
    """What cells of a column hold; a cell may be None always."""

    TIME = "time"
    """Micros."""
    TEXT = "text"
    NUMBER = "number"
    ANY = "any"
    """A number, text, boolean or JSON document."""


class Column(NamedTuple):
    """One column of a table."""

    key: str
    """Its name for programs."""
    title: str
    """Its name for people."""
    kind: str


Cells = Sequence[Any]
"""One line of a table, a cell per column."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says about itself, so that a figure taken from it can be reproduced."""

    query: str
    """Path and query (or the body of a POST) that give the same answer again."""
    data_version: str
    """DateTime: the answer holds what was recorded until then."""
    start: Micros
    end: Micros
    zone: ZoneInfo
    language: Language = Language.JA
    source: str | None = None
    """What the aggregates came from."""
    corrections: int = 0
    """Values in the answer's window that were corrected before its data version."""
    licence: str | None = None
    licence_url: str | None = None
    attribution: str | None = None


class Encoder(Protocol):
    """Writes one table piece by piece; what it keeps in memory does not grow with the rows."""

    def begin(self) -> bytes:
        """Give what stands before the rows."""
        ...

    def write(self, rows: Iterable[Cells]) -> bytes:
        """Give the next rows; may be empty where the format gathers them."""
        ...

    def end(self) -> bytes:
        """Give what stands after the rows."""
        ...


Geometries = Mapping[str, Any]
"""Entity id -> GeoJSON geometry."""
