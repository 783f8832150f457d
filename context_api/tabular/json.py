"""JSON and GeoJSON, written line by line."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from context_api.tabular.describe import to_document
from context_api.tabular.model import About, Cells, Column, ColumnKind, Geometries
from context_api.tabular.times import offset_text

_GEOMETRIES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)


class JsonEncoder:
    """One object: what the answer says about itself, `rows` with an object per line, and their number."""

    def __init__(self, columns: Sequence[Column], about: About) -> None:
        self._keys = [column.key for column in columns]
        self._time = [column.kind == ColumnKind.TIME for column in columns].index(True)
        self._about = about
        self._count = 0

    def begin(self) -> bytes:
        """Give everything up to the first row."""
        head = msgspec.json.encode(to_document(self._about))
        return head[:-1] + b',"rows":['

    def write(self, rows: Iterable[Cells]) -> bytes:
        """Give objects; what is absent has no member."""
        return self._joined([self._object(row) for row in rows])

    def end(self) -> bytes:
        """Give the number of rows, by which a reader knows that nothing was cut off."""
        return b'],"rowCount":%d}' % self._count

    def _joined(self, objects: list[Any]) -> bytes:
        if not objects:
            return b""
        text = b",\n".join([msgspec.json.encode(each) for each in objects])
        separator = b",\n" if self._count else b"\n"
        self._count += len(objects)
        return separator + text

    def _object(self, row: Cells) -> dict[str, Any]:
        found = {
            key: cell for key, cell in zip(self._keys, row, strict=True) if cell is not None and cell != ""
        }
        found[self._keys[self._time]] = offset_text(row[self._time], self._about.zone)
        return found


class GeoJsonEncoder(JsonEncoder):
    """A FeatureCollection (RFC 7946): a feature per line, where the entity is, or the geometry recorded."""

    def __init__(self, columns: Sequence[Column], about: About, geometries: Geometries) -> None:
        super().__init__(columns, about)
        self._geometries = geometries

    def begin(self) -> bytes:
        """Give everything up to the first feature."""
        head = msgspec.json.encode({"type": "FeatureCollection", **to_document(self._about)})
        return head[:-1] + b',"features":['

    def _object(self, row: Cells) -> dict[str, Any]:
        properties = super()._object(row)
        geometry = self._geometries.get(str(properties["entityId"]))
        recorded = properties.get("value")
        if isinstance(recorded, dict) and recorded.get("type") in _GEOMETRIES:
            geometry = properties.pop("value")
        return {"type": "Feature", "geometry": geometry, "properties": properties}
