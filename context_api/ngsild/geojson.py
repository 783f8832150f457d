"""Entities as GeoJSON features (clauses 4.5.16 and 4.5.17)."""

from typing import Any

from context_api.ngsild.model import DEFAULT_DATASET, Entity, Instance, Iri, Kind

LOCATION: Iri = "https://uri.etsi.org/ngsi-ld/location"


def to_feature(
    entity: Entity, properties: dict[str, Any], geometry_property: Iri = LOCATION
) -> dict[str, Any]:
    """Make a feature of an entity and of what is written of it; its id moves out of the properties."""
    return {
        "id": entity.id,
        "type": "Feature",
        "geometry": find_geometry(entity, geometry_property),
        "properties": {name: value for name, value in properties.items() if name != "id"},
    }


def to_feature_collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    """Make one document of features."""
    return {"type": "FeatureCollection", "features": features}


def find_geometry(entity: Entity, name: Iri) -> Any:
    """Give the geometry of a GeoProperty: its default instance's, or that of its only one; else None."""
    instances: list[Instance] = entity.attributes.get(name, [])
    chosen = [one for one in instances if one.dataset_id == DEFAULT_DATASET] or instances
    if len(chosen) != 1 or chosen[0].kind is not Kind.GEO_PROPERTY:
        return None
    return chosen[0].value
