"""How the members of subscription documents are read, whatever they mean: lists, texts, numbers, pairs."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Iri
from context_api.ngsild.names import check_text, shown
from context_api.ngsild.parse import parse_attribute_name

MAX_LISTED = 1_000
"""Elements of a list in a subscription."""
MAX_NUMBER = 1e12

_Element = TypeVar("_Element")

Reader = Callable[[Any, str], Any]
"""Reads the value of a member that stands at a pointer. Raises BadRequestData."""


def read_object(value: Any, members: Collection[str], ignored: Collection[str], pointer: str) -> None:
    """Refuse what is no object, and members that it cannot have. Raises BadRequestData."""
    if not isinstance(value, dict):
        raise BadRequestData(f"an object is expected, not {type(value).__name__}", pointer=pointer)
    for member in value:
        # No term of NGSI-LD begins with an underscore: what does is a note of the sender's, and is not kept
        if member not in members and member not in ignored and not member.startswith("_"):
            raise BadRequestData(
                f"{shown(member)} is no member here; there are {', '.join(sorted(members))}",
                pointer=f"{pointer}/{member}",
            )


def read_members(
    document: Mapping[str, Any], readers: Mapping[str, tuple[str, Reader]], pointer: str
) -> dict[str, Any]:
    """Read the members that are there; `readers` say which field of the result each becomes."""
    return {
        field: read(document[member], f"{pointer}/{member}")
        for member, (field, read) in readers.items()
        if member in document
    }


def read_list(value: Any, pointer: str, read: Callable[[Any, str], _Element]) -> tuple[_Element, ...]:
    """Read an array that is not empty."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_LISTED:
        raise BadRequestData(f"an array of 1 to {MAX_LISTED} elements is expected", pointer=pointer)
    return tuple(read(one, f"{pointer}/{index}") for index, one in enumerate(value))


def read_text(value: Any, pointer: str) -> str:
    """Read a text, which may be empty."""
    if not isinstance(value, str):
        raise BadRequestData(f"a string is expected, not {shown(value)}", pointer=pointer)
    return check_text(value, pointer)


def read_flag(value: Any, pointer: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise BadRequestData(f"true or false is expected, not {shown(value)}", pointer=pointer)
    return value


def read_number(value: Any, pointer: str, unit: str) -> float:
    """Read a number above zero; `unit` is for the message."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < MAX_NUMBER:
        raise BadRequestData(f"a number of {unit} above 0 is expected, not {shown(value)}", pointer=pointer)
    return value


def write_number(value: float | None) -> float | None:
    """Write a number as it was given, most likely: without a fraction where it has none."""
    return int(value) if value is not None and float(value).is_integer() else value


def read_attribute(value: Any, pointer: str, context: Context) -> Iri:
    """Read the name of an attribute."""
    if not isinstance(value, str):
        raise BadRequestData(f"an attribute's name is a string, not {shown(value)}", pointer=pointer)
    try:
        return parse_attribute_name(value, context)
    except BadRequestData as error:
        raise BadRequestData(error.detail, pointer=pointer) from error


def read_pairs(value: Any, pointer: str, read: Callable[[Any, str], tuple[str, str]]) -> tuple[Any, ...]:
    """Read an array of {key, value} (clause 5.2.22); `read` reads one of them."""
    pairs = read_list(value, pointer, read)
    keys = [key for key, _ in pairs]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise BadRequestData(f"the key {shown(key)} is given twice", pointer=f"{pointer}/{index}/key")
    return pairs


def read_pair(value: Any, pointer: str) -> tuple[str, str]:
    """Read one {key, value} of texts. The value may be a secret: no message shows it."""
    if not isinstance(value, dict) or value.keys() != {"key", "value"}:
        raise BadRequestData("an object with a key and a value is expected", pointer=pointer)
    key, text = value["key"], value["value"]
    if not isinstance(key, str) or not key:
        raise BadRequestData("the key is a string that is not empty", pointer=f"{pointer}/key")
    if not isinstance(text, str):
        raise BadRequestData(f"the value of {shown(key)} is a string", pointer=f"{pointer}/value")
    return check_text(key, f"{pointer}/key"), check_text(text, f"{pointer}/value")
