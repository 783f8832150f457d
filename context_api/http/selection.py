"""Which series a request for history selects, and what people call them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from context_api.http.history_request import HistoryRequest
from context_api.ngsild.errors import ResourceNotFound, TooComplexQuery
from context_api.ngsild.model import Kind
from context_api.store.tabular import HistoryReader, Place, SeriesFound
from context_api.tabular.labels import Language, short_name, type_label
from context_api.tabular.model import SeriesLabel

MAX_SERIES = 5_000


class Selected(NamedTuple):
    """The series that a request selects, in the order of the answer, and what people call them."""

    series: list[SeriesFound]
    labels: list[SeriesLabel]
    places: dict[str, Place]


def select_series(reader: HistoryReader, request: HistoryRequest) -> Selected:
    """Find and name the series that a request selects, by entity, attribute and dataset.

    Raises ResourceNotFound, TooComplexQuery.
    """
    found = _find_series(reader, request)
    if request.bucket is not None:
        found = [one for one in found if one.is_number]
    names = _label(found, {}, request.language)
    order = sorted(range(len(found)), key=lambda index: _order_of(names[index]))
    series = [found[index] for index in order]
    places = reader.get_places(list(dict.fromkeys(one.entity_id for one in series)))
    return Selected(series, _label(series, places, request.language), places)


def _find_series(reader: HistoryReader, request: HistoryRequest) -> list[SeriesFound]:
    names = reader.find_names([*request.types, *request.attributes])
    types = _numbers(names, request.types)
    if request.types and not types:
        raise ResourceNotFound(_no_such_type(reader, request.types))
    for name in request.types:
        if not _numbers(names, [name]):
            raise ResourceNotFound(_no_such_type(reader, [name]))
    attributes = _numbers(names, request.attributes)
    found = reader.find_series(
        ids=request.ids or None,
        types=types if request.types else None,
        attributes=attributes if request.attributes else None,
        limit=MAX_SERIES + 1,
    )
    if len(found) > MAX_SERIES:
        raise TooComplexQuery(
            f"This selects more than {MAX_SERIES:,} series (an attribute of an entity is one): name fewer"
            " ids,"
            " or the attributes you need"
        )
    _check_ids(reader, request)
    _check_attributes(reader, request, found, names)
    if not found:
        raise ResourceNotFound(_no_such_type(reader, request.types))
    if request.attributes:
        return found
    return [one for one in found if one.is_observed] or found


def _numbers(names: Mapping[int, str], wanted: Sequence[str]) -> list[int]:
    asked = set(wanted)
    return [number for number, iri in names.items() if iri in asked or short_name(iri) in asked]


def _no_such_type(reader: HistoryReader, types: Sequence[str]) -> str:
    known = sorted({short_name(iri) for iri in reader.find_types()})
    listed = f"; there is one of {', '.join(known)}" if known else "; nothing is recorded yet"
    if reader.is_narrowed:
        listed = f"; you may see those of {', '.join(known)}" if known else " that you may see"
    return f"There is no history of the type {', '.join(types)[:200]}{listed}"


def _check_ids(reader: HistoryReader, request: HistoryRequest) -> None:
    if not request.ids:
        return
    known = reader.find_known_ids(request.ids)
    unknown = [name for name in request.ids if name not in known]
    if unknown:
        more = f" and of {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise ResourceNotFound(f"There is no history of {', '.join(unknown[:3])[:400]}{more}")


def _check_attributes(
    reader: HistoryReader, request: HistoryRequest, found: Sequence[SeriesFound], names: Mapping[int, str]
) -> None:
    """Raise ResourceNotFound for an attribute that nothing of the selection has."""
    there = {one.attribute for one in found}
    there |= {short_name(iri) for iri in there}
    unknown = [name for name in request.attributes if name not in there]
    if not unknown:
        return
    numbers = _numbers(names, request.types)
    others = reader.find_series(
        ids=request.ids or None, types=numbers if request.types else None, attributes=None, limit=200
    )
    known = sorted({short_name(one.attribute) for one in others})
    listed = f"; there is {', '.join(known)}" if known else ""
    raise ResourceNotFound(f"There is no history of the attribute {', '.join(unknown)[:200]} here{listed}")


def _label(
    series: Sequence[SeriesFound], places: Mapping[str, Place], language: Language
) -> list[SeriesLabel]:
    """Name series for people; an attribute keeps its IRI where two of the answer share the short name."""
    iris: dict[str, set[str]] = {}
    for one in series:
        iris.setdefault(short_name(one.attribute), set()).add(one.attribute)
    return [
        SeriesLabel(
            entity_id=one.entity_id,
            entity_name=_name(places.get(one.entity_id), language),
            entity_type=type_label(short_name(one.entity_type or ""), language) if one.entity_type else "",
            attribute=name if len(iris[name := short_name(one.attribute)]) == 1 else one.attribute,
            dataset_id=one.dataset_id,
            unit_code=one.unit_code,
            is_number=one.is_number and one.kind == Kind.PROPERTY,
        )
        for one in series
    ]


def _order_of(label: SeriesLabel) -> tuple[str, str, str]:
    return (label.entity_id, label.attribute, label.dataset_id)


def _name(place: Place | None, language: Language) -> str:
    """Give the entity's name; of one in several languages the wanted one."""
    name = None if place is None else place.name
    if isinstance(name, dict):
        name = name.get(str(language)) or next(iter(name.values()), None)
    return name if isinstance(name, str) else ""
