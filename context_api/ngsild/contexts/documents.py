"""The @context documents that Machi carries with it, made from the term tables."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from context_api.ngsild.contexts.city_terms import GROUPS
from context_api.ngsild.contexts.core_terms import TABLE
from context_api.ngsild.model import Iri

NGSI_LD = "https://uri.etsi.org/ngsi-ld/"
GEOJSON = "https://purl.org/geojson/vocab#"
DEFAULT_VOCABULARY: Iri = f"{NGSI_LD}default-context/"

FIRST_MINOR = 3
LAST_MINOR = 9
CORE_CONTEXT_URL = f"{NGSI_LD}v1/ngsi-ld-core-context-v1.{LAST_MINOR}.jsonld"
"""What stands for the core @context in answers."""
CITY_CONTEXT_URL = "/ngsi-ld/v1/jsonldContexts/city"
"""Where our own API serves the city's @context: a path, made absolute by whoever knows the address."""

_CORE_URL = re.compile(
    r"https?://uri\.etsi\.org/ngsi-ld/(?:v1/)?ngsi-ld-core-context(?:-v1\.([0-9]{1,3}))?\.jsonld", re.ASCII
)
_PROOF_CONTEXT = "https://w3id.org/security/data-integrity/v2"


class CoreTerm(NamedTuple):
    """One term of the core @context and the minor versions that have it."""

    name: str
    iri: str
    """Compact, as the document writes it."""
    type: str | None
    container: str | None
    first: int
    last: int | None


@cache
def core_terms() -> tuple[CoreTerm, ...]:
    """Read the table of the core's terms."""
    return tuple(_read_row(line.split()) for line in TABLE.strip().splitlines())


def _read_row(columns: list[str]) -> CoreTerm:
    name, iri, coercion, container, versions = columns
    first, _, last = versions.partition("-")
    return CoreTerm(
        name,
        iri,
        None if coercion == "-" else coercion,
        None if container == "-" else container,
        int(first),
        int(last) if last else None,
    )


@cache
def core_context_document(version: str = f"v1.{LAST_MINOR}") -> Mapping[str, Any]:
    """Write the core @context of a version, `v1.3` to `v1.9`; KeyError for any other."""
    minors = {f"v1.{minor}": minor for minor in range(FIRST_MINOR, LAST_MINOR + 1)}
    minor = minors[version]
    context: dict[str, Any] = {"@version": 1.1, "@protected": True} if minor >= 8 else {}
    context |= {"ngsi-ld": NGSI_LD, "geojson": GEOJSON, "id": "@id", "type": "@type"}
    for term in core_terms():
        if term.first <= minor and (term.last is None or minor <= term.last):
            context[term.name] = _define(term)
    if minor >= 9:
        context["ngsildproof"] = _define_proof()
    context["@vocab"] = DEFAULT_VOCABULARY
    return {"@context": context}


def _define(term: CoreTerm) -> str | dict[str, str]:
    if term.type is None and term.container is None:
        return term.iri
    definition = {"@id": term.iri}
    if term.type is not None:
        definition["@type"] = term.type
    if term.container is not None:
        definition["@container"] = term.container
    return definition


def _define_proof() -> dict[str, Any]:
    sealed = {
        "entityIdSealed": "ngsi-ld:entityIdSealed",
        "entityTypeSealed": {"@id": "ngsi-ld:entityTypeSealed", "@type": "@vocab"},
    }
    return {"@id": "ngsi-ld:ngsildproof", "@context": [sealed, _PROOF_CONTEXT]}


@cache
def city_context_document() -> Mapping[str, Any]:
    """Write the city's @context: the Smart Data Models' terms of what the town's devices produce."""
    context: dict[str, str] = {}
    for namespace, names in GROUPS:
        for name in names.split():
            context.setdefault(name, f"{namespace}{name}")
    return {"@context": context}


def is_core_context_url(url: str) -> bool:
    """Whether a URL names a core @context that Machi has; an unknown version of it does not."""
    return _core_minor(url) is not None


def builtin_document(url: str) -> Mapping[str, Any] | None:
    """Give the document of a URL that needs no fetching: the core @contexts and the city's (by its path)."""
    minor = _core_minor(url)
    if minor is not None:
        return core_context_document(f"v1.{minor}")
    return city_context_document() if url == CITY_CONTEXT_URL else None


def _core_minor(url: str) -> int | None:
    match = _CORE_URL.fullmatch(url)
    if match is None:
        return None
    minor = int(match[1] or LAST_MINOR)
    return minor if FIRST_MINOR <= minor <= LAST_MINOR else None
