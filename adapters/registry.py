"""The adapters by name."""

from adapters.native.adapter import NativeAdapter
from adapters.tts_v3.adapter import TtsV3Adapter
from adapters.types import Adapter

_ADAPTERS: dict[str, Adapter] = {adapter.name: adapter for adapter in (NativeAdapter(), TtsV3Adapter())}


class UnknownAdapter(LookupError):
    """No adapter has this name."""


def get_adapter(name: str) -> Adapter:
    """Return the adapter of a name. Raises UnknownAdapter."""
    try:
        return _ADAPTERS[name]
    except KeyError:
        known = ", ".join(sorted(_ADAPTERS))
        raise UnknownAdapter(f"There is no adapter {name!r}; there are: {known}") from None


def adapter_names() -> list[str]:
    """Return the names of all adapters, sorted."""
    return sorted(_ADAPTERS)
