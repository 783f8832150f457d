"""A @context ready for use: names are expanded and compacted by dictionary look-ups (clause 5.5.7)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from context_api.ngsild.contexts.definitions import Term, define_terms
from context_api.ngsild.contexts.documents import (
    CORE_CONTEXT_URL,
    DEFAULT_VOCABULARY,
    builtin_document,
    core_context_document,
    is_core_context_url,
)
from context_api.ngsild.errors import BadRequestData, LdContextNotAvailable
from context_api.ngsild.model import Iri

Source = str | Mapping[str, Any] | Sequence[Any]
"""A @context as it is written in a document: a URL, an object or a list of both."""

MAX_NESTING = 16
# A client may send any number of names; what it has not defined is not worth remembering for ever. The core
# @context, whose names are mostly such, remembers many; there may be hundreds of others.
_CORE_REMEMBERS = 10_000
_REMEMBERS = 250
_REMEMBERED_LENGTH = 256


class Context:
    """The terms of a user's @context with the core's, which win (the core is protected and comes last).

    It is never changed once built, but for its caches, so that it may be shared by threads.
    """

    def __init__(
        self, source: Source, terms: Mapping[str, Term], vocab: Iri, *, remembers: int = _REMEMBERS
    ) -> None:
        self.source = source
        self._remembers = remembers
        self._terms = terms
        self._vocab = vocab
        self._prefixes = sorted(
            ((term.iri, name) for name, term in terms.items() if term.is_prefix), key=lambda one: -len(one[0])
        )
        self._names = {**_invert(terms), **_core_names()}
        self._expanded: dict[str, Iri] = {name: term.iri for name, term in terms.items()}
        self._compacted: dict[Iri, str] = dict(self._names)

    @property
    def size(self) -> int:
        """How many terms it holds, the core's among them: what it costs to keep."""
        return len(self._terms)

    def expand(self, term: str) -> Iri:
        """Give the IRI that a term, a compact IRI or an IRI stands for (a keyword for an alias of one)."""
        iri = self._expanded.get(term)
        if iri is None:
            iri = self._expand_unknown(term)
            self._remember(self._expanded, term, iri)
        return iri

    def expand_value(self, term: str, value: Any) -> Any:
        """Expand a value as the term's type coercion says: strings of @vocab and @id terms become IRIs."""
        definition = self._terms.get(term)
        if definition is None or definition.type not in {"@vocab", "@id"}:
            return value
        if isinstance(value, list):
            return [self.expand_value(term, one) for one in value]
        if not isinstance(value, str):
            return value
        return self.expand(value) if definition.type == "@vocab" else self._expand_compact_iri(value)

    def compact(self, iri: Iri) -> str:
        """Give the shortest name of an IRI: a term, a name of the vocabulary, a compact IRI, else the IRI."""
        name = self._compacted.get(iri)
        if name is None:
            name = self._compact_unknown(iri)
            self._remember(self._compacted, iri, name)
        return name

    def _remember(self, known: dict[str, str], key: str, value: str) -> None:
        if len(known) < len(self._terms) + self._remembers and len(key) <= _REMEMBERED_LENGTH:
            known[key] = value

    def _expand_unknown(self, text: str) -> Iri:
        if ":" in text:
            return self._expand_compact_iri(text)
        return text if text.startswith("@") else f"{self._vocab}{text}"

    def _expand_compact_iri(self, text: str) -> Iri:
        prefix, colon, rest = text.partition(":")
        term = self._terms.get(prefix) if colon and not rest.startswith("//") else None
        return f"{term.iri}{rest}" if term is not None and term.is_prefix else text

    def _compact_unknown(self, iri: Iri) -> str:
        if iri.startswith(self._vocab) and len(iri) > len(self._vocab):
            name = iri[len(self._vocab) :]
            if name not in self._terms and ":" not in name:
                return name
        for namespace, prefix in self._prefixes:
            if iri.startswith(namespace) and len(iri) > len(namespace):
                name = f"{prefix}:{iri[len(namespace) :]}"
                if name not in self._terms:
                    return name
        return iri


def _invert(terms: Mapping[str, Term]) -> dict[Iri, str]:
    """Choose each IRI's name: the shortest, then the first in order (JSON-LD 1.1 API, inverse context)."""
    names: dict[Iri, str] = {}
    for name in sorted(terms, key=lambda one: (len(one), one)):
        names.setdefault(terms[name].iri, name)
    return names


@cache
def _core_names() -> dict[Iri, str]:
    """The names that the core gives: they have precedence in compaction as well (clause 5.5.7)."""
    return _invert(_core())


@cache
def _core() -> Mapping[str, Term]:
    document = dict(core_context_document()["@context"])
    # The proof's terms are scoped to it and come from elsewhere: as a name it is like any other.
    document["ngsildproof"] = document["ngsildproof"]["@id"]
    terms: dict[str, Term] = {}
    define_terms(document, terms, None, {})
    return terms


@cache
def core_context() -> Context:
    """The @context of a request that brings none."""
    return Context(CORE_CONTEXT_URL, _core(), DEFAULT_VOCABULARY, remembers=_CORE_REMEMBERS)


def build_context(documents: Sequence[Mapping[str, Any]], source: Source) -> Context:
    """Put a user's @context together from its parts, in order, and the core.

    Each document is a @context object or an object with a `@context` member, whose nested URLs must be
    built-in ones: whoever loads documents loads those they name too. Raises BadRequestData for what is no
    legal @context, LdContextNotAvailable for a URL that is left. It costs some milliseconds: keep the result.
    """
    core = _core()
    terms: dict[str, Term] = {}
    vocab: Iri | None = None
    for document in documents:
        nested = document.get("@context", document)
        for part in flatten_context(nested):
            if isinstance(part, str) and is_core_context_url(part):
                continue
            definitions = _load_builtin(part) if isinstance(part, str) else part
            vocab = define_terms(definitions, terms, vocab, core)
    # The core's @vocab is a fallback (clause 4.4): a user's own comes before it, the core's terms before both
    return Context(source, {**terms, **core}, vocab or DEFAULT_VOCABULARY)


def _load_builtin(url: str) -> Mapping[str, Any]:
    document = builtin_document(url)
    if document is None:
        raise LdContextNotAvailable(f"the @context {url} was not loaded")
    context: Mapping[str, Any] = document["@context"]
    return context


def flatten_context(context: Any, *, depth: int = 0) -> Iterator[str | Mapping[str, Any]]:
    """Walk through the value of a @context member: its URLs and objects, in order.

    Raises BadRequestData for anything else (null has no meaning here, since the core cannot be cleared).
    """
    if depth > MAX_NESTING:
        raise BadRequestData(f"a @context nests at most {MAX_NESTING} arrays", pointer="/@context")
    if isinstance(context, str):
        if not context:
            raise BadRequestData("a @context is a URL, an object or an array of both", pointer="/@context")
        yield context
    elif isinstance(context, Mapping):
        if "@context" in context:
            yield from flatten_context(context["@context"], depth=depth + 1)
        else:
            yield context
    elif isinstance(context, list | tuple):
        for part in context:
            yield from flatten_context(part, depth=depth + 1)
    else:
        raise BadRequestData("a @context is a URL, an object or an array of both", pointer="/@context")
