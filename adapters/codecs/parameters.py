"""What one device's codec is told about that device: names of its channels, and what its instruments answer.

    {"names": {"adc_1": "waterLevel"}, "texts": {"sdi12_1": ["soilMoisture", "soilTemperature"]}}

`names` gives a value another name. `texts` splits an instrument's answer (SDI-12: `0+23.4-1.05`) into numbers
under names of their own; `null` leaves one out.
"""

import re
from typing import Any

import msgspec

from adapters.codecs.types import Codec, Frame
from adapters.types import DecodeError, RawValue, describe

_NAME = re.compile(r"[^\s\0]{1,64}")
_MAX_ENTRIES = 64
_ANSWER = re.compile(r"[+-]\d{1,9}(?:\.\d{0,9})?|[+-]\.\d{1,9}")
"""A value of SDI-12: its sign always stands, seven digits at most."""


class CodecParameterError(ValueError):
    """Parameters that a codec cannot use; the message names the member."""


class CodecParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of one device."""

    names: dict[str, str] = msgspec.field(default_factory=dict)
    """The codec's name -> the town's."""
    texts: dict[str, list[str | None]] = msgspec.field(default_factory=dict)
    """The codec's name of a text -> the names of the numbers in it, in order."""


def parse_parameters(document: Any) -> CodecParameters:
    """Read parameters from JSON's objects. Raises CodecParameterError."""
    try:
        parameters = msgspec.convert(document, CodecParameters)
    except msgspec.ValidationError as error:
        raise CodecParameterError(f"{error}; parameters are names and texts") from error
    for member, entries in (("names", parameters.names), ("texts", parameters.texts)):
        if len(entries) > _MAX_ENTRIES:
            raise CodecParameterError(f"{member} has {len(entries)} entries; at most {_MAX_ENTRIES} are read")
    for channel, name in parameters.names.items():
        _check_name(f"names.{channel}", name)
    for channel, names in parameters.texts.items():
        if not names or len(names) > _MAX_ENTRIES:
            raise CodecParameterError(f"texts.{channel} lists 1 to {_MAX_ENTRIES} names")
        for given in filter(None, names):
            _check_name(f"texts.{channel}", given)
    return parameters


def _check_name(where: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise CodecParameterError(f"{where}: {name!r:.80} is no name: 1 to 64 characters without spaces")


class ParameterisedCodec:
    """A codec whose values get the names that a device's parameters give them."""

    def __init__(self, codec: Codec, parameters: CodecParameters) -> None:
        self.name = codec.name
        self._codec = codec
        self._parameters = parameters

    def decode(self, port: int | None, frame: bytes) -> Frame:
        """Return what a frame says. Raises DecodeError("bad-frame")."""
        decoded = self._codec.decode(port, frame)
        decoded.values = self._renamed(decoded.values)
        decoded.past = [(at, self._renamed(values)) for at, values in decoded.past]
        return decoded

    def _renamed(self, values: dict[str, RawValue]) -> dict[str, RawValue]:
        renamed: dict[str, RawValue] = {}
        for key, raw in values.items():
            names = self._parameters.texts.get(key)
            if names is not None and isinstance(raw.value, str):
                renamed |= _split(key, raw.value, names)
            else:
                renamed[self._parameters.names.get(key, key)] = raw
        return renamed


def _split(key: str, text: str, names: list[str | None]) -> dict[str, RawValue]:
    numbers = [float(number) for number in _ANSWER.findall(text)]
    if len(numbers) < len(names):
        raise DecodeError(
            "bad-frame",
            f"{key} is {describe(text)}: {len(numbers)} numbers; the device's texts name {len(names)}",
        )
    return {name: RawValue(number) for name, number in zip(names, numbers, strict=False) if name is not None}
