"""The codecs by name."""

import difflib
from functools import cache

from adapters.codecs.cayenne_lpp import CayenneLpp
from adapters.codecs.decentlab import load_decentlab
from adapters.codecs.fixed import load_dragino
from adapters.codecs.tlv import load_elsys, load_milesight
from adapters.codecs.types import Codec


class UnknownCodec(LookupError):
    """No codec has this name."""


def get_codec(name: str) -> Codec:
    """Return the codec of a name. Raises UnknownCodec, which tells of similar names."""
    try:
        return _codecs()[name]
    except KeyError:
        similar = difflib.get_close_matches(name, codec_names(), n=3) or codec_names()[:3]
        raise UnknownCodec(f"There is no codec {name!r:.60}; is it {' or '.join(similar)}?") from None


def codec_names() -> list[str]:
    """Return the names of all codecs, sorted."""
    return sorted(_codecs())


@cache
def _codecs() -> dict[str, Codec]:
    """Read when first needed: most towns use few of them."""
    codecs: list[Codec] = [CayenneLpp(), *load_elsys(), *load_milesight(), *load_dragino(), *load_decentlab()]
    return {codec.name: codec for codec in codecs}
