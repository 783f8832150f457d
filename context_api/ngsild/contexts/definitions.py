"""JSON-LD term definitions (JSON-LD 1.1, sections 4.1 and 9.15): a @context document -> terms.

Only what names need: which IRI a term stands for and how its values are coerced. Scoped contexts are refused
(clause 5.5.7); the core's terms are protected and come last, so a definition of one of them is passed over.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Iri

MAX_TERMS = 20_000
MAX_CHAIN = 50
"""Terms that are defined by terms that are defined by …"""

_KEYWORD_NAMES = """
base container context default direction embed explicit graph id import included index json language list nest
none omitDefault prefix preserve propagate protected requireAll reverse set type value version vocab
"""
KEYWORDS = frozenset(f"@{name}" for name in _KEYWORD_NAMES.split())
_PASSED_OVER = frozenset(("@version", "@protected", "@propagate", "@language", "@direction", "@base"))
"""What names do not depend on; ids are absolute, so that @base has nothing to resolve."""
_DEFINITION_NAMES = "id type container prefix language direction index nest protected reverse"
_DEFINITION_KEYS = frozenset(f"@{name}" for name in _DEFINITION_NAMES.split())
_CONTAINERS = frozenset(("@list", "@set", "@index", "@language", "@id", "@type", "@graph"))
# The last character that lets a simple term serve as a prefix (JSON-LD 1.1, 4.1.5): RFC 3986 gen-delims
_PREFIX_ENDINGS = frozenset(":/?#[]@")


class Term(msgspec.Struct, frozen=True):
    """What a term stands for: an IRI, or a keyword where it is an alias (`id` -> `@id`)."""

    iri: Iri
    type: str | None = None
    """The datatype its values are coerced to: `@id`, `@vocab`, `@json`, `@none` or an IRI."""
    container: tuple[str, ...] = ()
    is_prefix: bool = False


def define_terms(
    document: Mapping[str, Any], terms: dict[str, Term], vocab: Iri | None, protected: Mapping[str, Term]
) -> Iri | None:
    """Add a @context object's terms to `terms`, in place, and give the @vocab that holds after it."""
    if len(document) + len(terms) > MAX_TERMS:
        raise BadRequestData(f"a @context has at most {MAX_TERMS} terms")
    _check_keywords(document)
    builder = _Builder(document, terms, vocab, protected)
    for name in document:
        builder.define(name)
    return builder.vocab


def _check_keywords(document: Mapping[str, Any]) -> None:
    """Check what names do not depend on (JSON-LD 1.1 API, 5.1.2)."""
    if document.get("@version", 1.1) != 1.1:
        raise _invalid("@version", "is 1.1")
    for name in ("@protected", "@propagate"):
        if not isinstance(document.get(name, True), bool):
            raise _invalid(name, "is true or false")
    for name in ("@language", "@base"):
        if not isinstance(document.get(name), str | None):
            raise _invalid(name, "is a string or null")


class _Builder:
    """One pass over one @context object; definitions may refer to each other in any order."""

    def __init__(
        self,
        document: Mapping[str, Any],
        terms: dict[str, Term],
        vocab: Iri | None,
        protected: Mapping[str, Term],
    ) -> None:
        self._document = document
        self._terms = terms
        self._protected = protected
        self._done: set[str] = set()
        self._pending: list[str] = []
        self.vocab = self._read_vocab(vocab)

    def _read_vocab(self, former: Iri | None) -> Iri | None:
        if "@vocab" not in self._document:
            return former
        vocab = self._document["@vocab"]
        if vocab is None:
            return None
        if not isinstance(vocab, str):
            raise _invalid("@vocab", "is a string or null")
        if vocab == "":
            return former
        self.vocab = former
        return self._expand(vocab)

    def define(self, name: str) -> None:
        if name in self._done or name == "@vocab" or name in _PASSED_OVER:
            return
        if name == "@import":
            raise _invalid(name, "is not supported in an NGSI-LD @context")
        if len(self._pending) >= MAX_CHAIN:
            raise _invalid(name, f"is defined by way of more than {MAX_CHAIN} other terms")
        if name in self._pending:
            raise _invalid(name, f"is defined by itself ({' -> '.join([*self._pending, name])})")
        self._done.add(name)
        if name.startswith("@") or name == "":
            if name in KEYWORDS or name == "":
                raise _invalid(name, "cannot be defined")
            return
        self._done.discard(name)
        self._pending.append(name)
        definition = self._document[name]
        self._terms.pop(name, None)
        term = self._read(name, definition)
        if term is not None:
            self._terms[name] = term
        self._pending.pop()
        self._done.add(name)

    def _read(self, name: str, definition: Any) -> Term | None:
        if definition is None:
            return None
        if isinstance(definition, str):
            iri = self._resolve(name, definition)
            return Term(iri, is_prefix=":" not in name and "/" not in name and iri[-1:] in _PREFIX_ENDINGS)
        if not isinstance(definition, Mapping):
            raise _invalid(name, "is defined by a string, an object or null")
        return self._read_object(name, definition)

    def _read_object(self, name: str, definition: Mapping[str, Any]) -> Term | None:
        if "@context" in definition:
            raise BadRequestData(
                f"the term {name!r} has a @context of its own; NGSI-LD takes no scoped @contexts",
                pointer=f"/@context/{name}/@context",
            )
        unknown = [key for key in definition if key.startswith("@") and key not in _DEFINITION_KEYS]
        if unknown:
            raise _invalid(name, f"has {unknown[0]!r}, which no term definition has")
        if "@reverse" in definition:
            raise _invalid(name, "uses @reverse, which NGSI-LD has no use for")
        target = definition.get("@id", name)
        if target is None:
            return None
        return Term(
            self._resolve(name, target),
            type=self._read_type(name, definition.get("@type")),
            container=_read_container(name, definition.get("@container")),
            is_prefix=_read_prefix_flag(name, definition),
        )

    def _resolve(self, name: str, target: Any) -> Iri:
        if not isinstance(target, str) or not target:
            raise _invalid(name, "stands for an IRI, written as a string")
        iri = target if target in KEYWORDS else self._expand(target, itself=name)
        if iri in KEYWORDS:
            if iri == "@context":
                raise _invalid(name, "cannot stand for @context")
            return iri
        if ":" not in iri:
            raise _invalid(name, f"stands for {target!r}, which is no IRI, and no @vocab completes it")
        return iri

    def _read_type(self, name: str, coercion: Any) -> str | None:
        if coercion is None:
            return None
        if not isinstance(coercion, str):
            raise _invalid(name, "has a @type that is not a string")
        if coercion in {"@id", "@vocab", "@json", "@none"}:
            return coercion
        if coercion in KEYWORDS:
            raise _invalid(name, f"has the @type {coercion}, which no value can have")
        return self._expand(coercion)

    def _expand(self, text: str, itself: str | None = None) -> Iri:
        """Expand a term, a compact IRI or a vocabulary-relative name inside this @context."""
        if text != itself and text in self._document:
            self.define(text)
        if text != itself or text not in self._document:
            term = self._lookup(text)
            if term is not None:
                return term.iri
        prefix, colon, rest = text.partition(":")
        if colon and prefix and not rest.startswith("//"):
            if prefix in self._document:
                self.define(prefix)
            term = self._lookup(prefix)
            return f"{term.iri}{rest}" if term is not None and term.is_prefix else text
        if colon:
            return text
        return f"{self.vocab}{text}" if self.vocab is not None else text

    def _lookup(self, name: str) -> Term | None:
        return self._protected.get(name) or self._terms.get(name)


def _read_container(name: str, container: Any) -> tuple[str, ...]:
    if container is None:
        return ()
    listed = tuple(container) if isinstance(container, list) else (container,)
    if not all(isinstance(one, str) and one in _CONTAINERS for one in listed):
        raise _invalid(name, f"has a @container that is none of {', '.join(sorted(_CONTAINERS))}")
    return listed


def _read_prefix_flag(name: str, definition: Mapping[str, Any]) -> bool:
    flag = definition.get("@prefix", False)
    if not isinstance(flag, bool):
        raise _invalid(name, "has a @prefix that is neither true nor false")
    return flag


def _invalid(name: str, what: str) -> BadRequestData:
    return BadRequestData(f"the @context is invalid: {name!r} {what}", pointer=f"/@context/{name}")
