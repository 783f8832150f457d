"""Distances between geometries, in metres."""

import math
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

WGS84 = Geod(ellps="WGS84")
"""The ellipsoid of GPS and GeoJSON: for geoqueries."""
SPHERE = Geod(a=6_371_008.8, b=6_371_008.8)
"""A sphere, on which the shortest way is what the Haversine formula gives: for ordering (clause 4.23)."""

_PIECES = 400
"""Into so many pieces is the extent of a geometry cut, so that its straight lines stay where they are."""
_SHORTEST_PIECE = 0.02
_ORIGIN = shapely.Point(0, 0)


def distance_m(one: BaseGeometry, other: BaseGeometry, geod: Geod = WGS84) -> float:
    """Give the distance between the closest points of two geometries; 0 where they meet.

    It is exact between points. A line is straight in longitude and latitude (RFC 7946, 3.1.1).
    """
    if one.geom_type == "Point" and other.geom_type == "Point":
        return float(geod.inv(one.x, one.y, other.x, other.y)[2])
    if shapely.intersects(one, other):
        return 0.0
    if one.geom_type == "Point":
        return _distance_from_point(one, other, geod)
    if other.geom_type == "Point":
        return _distance_from_point(other, one, geod)
    # Seen from a point that is close by, the plane keeps the distances around it
    centre = _closest_point(one, other)
    centre = _closest_in_plane(centre, one, other, geod)
    return _distance_from_point(centre, other, geod)


def _distance_from_point(point: BaseGeometry, geometry: BaseGeometry, geod: Geod) -> float:
    return float(shapely.distance(_ORIGIN, _project(point, geometry, geod)))


def _closest_point(one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """Give a point of `one` close to `other`, by degrees that are as long both ways at their latitude."""
    latitude = (one.bounds[1] + one.bounds[3] + other.bounds[1] + other.bounds[3]) / 4
    scale = np.array([max(math.cos(math.radians(latitude)), 0.01), 1.0])
    nearest = shapely.shortest_line(
        shapely.transform(one, lambda at: at * scale), shapely.transform(other, lambda at: at * scale)
    )
    x, y = nearest.coords[0]
    return shapely.Point(x / scale[0], y)


def _closest_in_plane(
    centre: BaseGeometry, one: BaseGeometry, other: BaseGeometry, geod: Geod
) -> BaseGeometry:
    nearest = shapely.shortest_line(_project(centre, one, geod), _project(centre, other, geod))
    x, y = nearest.coords[0]
    longitude, latitude, _ = geod.fwd(centre.x, centre.y, math.degrees(math.atan2(x, y)), math.hypot(x, y))
    return shapely.Point(longitude, latitude)


def _project(centre: BaseGeometry, geometry: BaseGeometry, geod: Geod) -> BaseGeometry:
    """Draw a geometry as it is seen from a point: direction and distance are kept (azimuthal equidistant)."""
    west, south, east, north = geometry.bounds
    piece = max(max(east - west, north - south) / _PIECES, _SHORTEST_PIECE)
    dense = shapely.segmentize(geometry, piece)

    def see(positions: Any) -> Any:
        count = len(positions)
        azimuths, _, metres = geod.inv(
            np.full(count, centre.x), np.full(count, centre.y), positions[:, 0], positions[:, 1]
        )
        radians = np.radians(azimuths)
        return np.column_stack((metres * np.sin(radians), metres * np.cos(radians)))

    return shapely.transform(dense, see)
