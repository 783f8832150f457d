"""The profiles by name: the built-in files, each parsed when it is first asked for."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from context_api.ngsild.contexts import build_context, builtin_document, core_context
from devices.profile import Expand, Profile
from devices.profile_build import parse_profile

_SUFFIX = ".toml"


@cache
def expander_of(context: str | None) -> Expand:
    """Return how a built-in @context expands terms; None is the core @context. Raises LookupError."""
    if context is None:
        return core_context().expand
    document = builtin_document(context)
    if document is None:
        raise LookupError(context)
    return build_context([document], context).expand


class _BuiltIn(Mapping[str, Profile]):
    """The files of the package by name; a file is named as its profile."""

    def __init__(self) -> None:
        names = [path.name.removesuffix(_SUFFIX) for path in files("devices.profiles").iterdir()]
        self._names = sorted(name for name in names if not name.startswith("_"))
        self._parsed: dict[str, Profile] = {}

    def __getitem__(self, name: str) -> Profile:
        found = self._parsed.get(name)
        if found is None:
            if name not in self._names:
                raise KeyError(name)
            found = self._parsed[name] = parse_profile(built_in_text(name), expander_of)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@cache
def built_in_profiles() -> Mapping[str, Profile]:
    """Return the profiles that the package ships, by name."""
    return _BuiltIn()


def built_in_text(name: str) -> str:
    """Return a built-in profile's file, with its comments."""
    return (files("devices.profiles") / f"{name}{_SUFFIX}").read_text(encoding="utf-8")
