"""The codecs by name."""

from adapters.codecs.cayenne_lpp import CayenneLpp
from adapters.codecs.types import Codec

_CODECS: dict[str, Codec] = {codec.name: codec for codec in (CayenneLpp(),)}


class UnknownCodec(LookupError):
    """No codec has this name."""


def get_codec(name: str) -> Codec:
    """Return the codec of a name. Raises UnknownCodec."""
    try:
        return _CODECS[name]
    except KeyError:
        known = ", ".join(sorted(_CODECS))
        raise UnknownCodec(f"There is no codec {name!r}; there are: {known}") from None


def codec_names() -> list[str]:
    """Return the names of all codecs, sorted."""
    return sorted(_CODECS)
