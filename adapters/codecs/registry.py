"""The codecs by name."""

import difflib
from functools import cache

import msgspec

from adapters.codecs.cayenne_lpp import CayenneLpp
from adapters.codecs.decentlab import load_decentlab
from adapters.codecs.fixed import load_dragino
from adapters.codecs.parameters import CodecParameterError, ParameterisedCodec, parse_parameters
from adapters.codecs.tlv import load_elsys, load_milesight
from adapters.codecs.types import Codec


class UnknownCodec(LookupError):
    """No codec has this name."""


def get_codec(name: str, parameters: str = "") -> Codec:
    """Return the codec of a name; `parameters` are one device's, as JSON (see `parameters`).

    Raises UnknownCodec, which tells of similar names, CodecParameterError.
    """
    try:
        codec = _codecs()[name]
    except KeyError:
        similar = difflib.get_close_matches(name, codec_names(), n=3) or codec_names()[:3]
        raise UnknownCodec(f"There is no codec {name!r:.60}; is it {' or '.join(similar)}?") from None
    if not parameters:
        return codec
    try:
        document = msgspec.json.decode(parameters)
    except msgspec.DecodeError as error:
        raise CodecParameterError(f"the parameters are no JSON: {error}") from error
    return ParameterisedCodec(codec, parse_parameters(document))


def codec_names() -> list[str]:
    """Return the names of all codecs, sorted."""
    return sorted(_codecs())


@cache
def _codecs() -> dict[str, Codec]:
    """Read when first needed: most towns use few of them."""
    codecs: list[Codec] = [CayenneLpp(), *load_elsys(), *load_milesight(), *load_dragino(), *load_decentlab()]
    return {codec.name: codec for codec in codecs}
