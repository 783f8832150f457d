"""The profiles by name: the built-in files, parsed once."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from context_api.ngsild.contexts import build_context, builtin_document, core_context
from devices.profile import Expand, Profile, parse_profile


def expander_of(context: str | None) -> Expand:
    """Return how a built-in @context expands terms; None is the core @context. Raises LookupError."""
    if context is None:
        return core_context().expand
    document = builtin_document(context)
    if document is None:
        raise LookupError(context)
    return build_context([document], context).expand


@cache
def built_in_profiles() -> Mapping[str, Profile]:
    """Return the profiles that the package ships."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in files("devices.profiles").iterdir()
        if path.name.endswith(".toml")
    ]
    profiles = [parse_profile(text, expander_of) for text in texts]
    return {profile.name: profile for profile in sorted(profiles, key=lambda profile: profile.name)}
