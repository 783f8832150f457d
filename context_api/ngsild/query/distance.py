"""Distances between geometries, in metres."""

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

if TYPE_CHECKING:
    from pyproj import Geod


class Globe:
    """Measures on an ellipsoid, by pyproj, whose 20 MB only processes that measure have to hold."""

    def __init__(self, **parameters: Any) -> None:
        self._parameters = parameters

    @cached_property
    def _geod(self) -> "Geod":
        from pyproj import Geod

        return Geod(**self._parameters)

    def inv(self, *positions: Any) -> tuple[Any, Any, Any]:
        """Give azimuths there and back and metres: of longitudes, latitudes, longitudes, latitudes."""
        azimuths, back, metres = self._geod.inv(*positions)
        return azimuths, back, metres

    def fwd(self, *positions: Any) -> tuple[Any, Any, Any]:
        """Give longitudes, latitudes and azimuths back: of longitudes, latitudes, azimuths and metres."""
        longitudes, latitudes, back = self._geod.fwd(*positions)
        return longitudes, latitudes, back


WGS84 = Globe(ellps="WGS84")
"""The ellipsoid of GPS and GeoJSON: for geoqueries."""
SPHERE = Globe(a=6_371_008.8, b=6_371_008.8)
"""A sphere, on which the shortest way is what the Haversine formula gives: for ordering (clause 4.23)."""

_PIECES = 400
"""Into so many pieces is the extent of a geometry cut, so that its straight lines stay where they are."""
_SHORTEST_PIECE = 0.02
_FARTHEST_M = 15_000_000.0
"""Beyond, towards the antipode, what is seen is too distorted for lines: corners have to do."""
_AREAS = frozenset(("Polygon", "MultiPolygon", "GeometryCollection"))


def distance_m(one: BaseGeometry, other: BaseGeometry, geod: Globe = WGS84) -> float:
    """Give the distance between the closest points of two geometries; 0 where they meet.

    It is exact between points. A line is straight in longitude and latitude (RFC 7946, 3.1.1).
    """
    if one.geom_type == "Point" and other.geom_type == "Point":
        return float(geod.inv(one.x, one.y, other.x, other.y)[2])
    if shapely.intersects(one, other):
        return 0.0
    if one.geom_type == "Point":
        return _View(one, other, geod).distance
    if other.geom_type == "Point":
        return _View(other, one, geod).distance
    # The closest point of one is not known. From a first guess the other's closest point is seen, from there
    # the one's, and so on: each look comes closer
    centre = _closest_point(one, other)
    view = _View(centre, other, geod)
    for geometry in (one, other, one, other):
        seen = _View(view.closest, geometry, geod)
        if seen.distance >= view.distance * 0.999_999:
            break
        view = seen
    return view.distance


class _View:
    """A geometry as it is seen from a point: direction and distance are kept (azimuthal equidistant)."""

    def __init__(self, point: BaseGeometry, geometry: BaseGeometry, geod: Globe) -> None:
        self._point = point
        self._geod = geod
        positions, parts = _outline(geometry)
        count = len(positions)
        azimuths, _, metres = geod.inv(
            np.full(count, point.x), np.full(count, point.y), positions[:, 0], positions[:, 1]
        )
        nearest = int(np.argmin(metres))
        self.distance = float(metres[nearest])
        self._seen: Any = None
        self._position = positions[nearest]
        self._look_along_lines(np.radians(azimuths), metres, parts)

    @property
    def closest(self) -> BaseGeometry:
        """The point of the geometry that is closest."""
        if self._seen is None:
            return shapely.Point(self._position)
        x, y = self._seen
        azimuth, metres = math.degrees(math.atan2(x, y)), math.hypot(x, y)
        longitude, latitude, _ = self._geod.fwd(self._point.x, self._point.y, azimuth, metres)
        return shapely.Point(longitude, latitude)

    def _look_along_lines(self, radians: Any, metres: Any, parts: Any) -> None:
        seen = np.column_stack((metres * np.sin(radians), metres * np.cos(radians)))
        is_line = (parts[1:] == parts[:-1]) & (np.maximum(metres[1:], metres[:-1]) < _FARTHEST_M)
        starts, ways = seen[:-1][is_line], (seen[1:] - seen[:-1])[is_line]
        if not len(starts):
            return
        lengths = np.maximum((ways * ways).sum(axis=1), 1e-12)
        shares = np.clip(-(starts * ways).sum(axis=1) / lengths, 0, 1)
        closest = starts + shares[:, None] * ways
        distances = np.hypot(closest[:, 0], closest[:, 1])
        nearest = int(np.argmin(distances))
        if distances[nearest] < self.distance:
            self.distance, self._seen = float(distances[nearest]), closest[nearest]


def _outline(geometry: BaseGeometry) -> tuple[Any, Any]:
    """Give the positions of a geometry's points and lines, close together, and to which part each belongs."""
    west, south, east, north = geometry.bounds
    piece = max(max(east - west, north - south) / _PIECES, _SHORTEST_PIECE)
    flat = shapely.get_parts(geometry)
    lines = [shapely.boundary(one) if one.geom_type in _AREAS else one for one in flat]
    dense = shapely.segmentize(shapely.get_parts(lines), piece)
    found: tuple[Any, Any] = shapely.get_coordinates(dense, return_index=True)
    return found


def _closest_point(one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """Give a point of `one` close to `other`, by degrees that are as long both ways at their latitude."""
    latitude = (one.bounds[1] + one.bounds[3] + other.bounds[1] + other.bounds[3]) / 4
    scale = np.array([max(math.cos(math.radians(latitude)), 0.01), 1.0])
    nearest = shapely.shortest_line(
        shapely.transform(one, lambda at: at * scale), shapely.transform(other, lambda at: at * scale)
    )
    x, y = nearest.coords[0]
    return shapely.Point(x / scale[0], y)
