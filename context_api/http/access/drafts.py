"""The bodies that the routes of organisations, keys and invitations read."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from context_api.ngsild.errors import BadRequestData
from context_api.policy.credentials import OrganisationKind
from context_api.policy.roles import Role

D = TypeVar("D", bound="_Body")
TENANTS_MAX = 1_000
DAYS_MAX = 36_500
_NAME = re.compile(r"[a-z0-9](-?[a-z0-9]){0,62}")
_Text = Annotated[str, Meta(max_length=200)]
_Tenants = Annotated[list[Annotated[str, Meta(min_length=1, max_length=63)]], Meta(max_length=TENANTS_MAX)]
_Days = Annotated[int, Meta(ge=1, le=DAYS_MAX)]


class _Body(msgspec.Struct, forbid_unknown_fields=True, rename="camel", frozen=True):
    pass


class OrganisationOrder(_Body, frozen=True):
    """An organisation that is wanted."""

    name: _Text
    kind: OrganisationKind
    name_ja: _Text = ""
    name_en: _Text = ""
    contact: _Text = ""
    tenants: _Tenants = []


class OrganisationChange(_Body, frozen=True):
    """What is to be different; what is absent stays."""

    name_ja: _Text | None = None
    name_en: _Text | None = None
    contact: _Text | None = None
    tenants: _Tenants | None = None
    disabled: bool | None = None


class KeyOrder(_Body, frozen=True):
    """A key that is wanted."""

    role: Role
    organisation: _Text | None = None
    tenants: _Tenants | None = None
    label: _Text = ""
    expires_at: datetime | None = None
    days: _Days | None = None


class Rotation(_Body, frozen=True):
    """How a key is to be replaced."""

    overlap_hours: Annotated[float, Meta(ge=0, le=720)] = 24.0
    expires_at: datetime | None = None
    days: _Days | None = None


class InvitationOrder(_Body, frozen=True):
    """An invitation that is wanted."""

    role: Role | None = None
    tenants: _Tenants | None = None
    label: _Text = ""
    hours: Annotated[float, Meta(gt=0, le=720)] = 72.0
    key_days: _Days | None = None


class Acceptance(_Body, frozen=True):
    """The code of an invitation, to be exchanged."""

    code: _Text
    label: _Text | None = None


class TenantOrder(_Body, frozen=True):
    """A tenant that is wanted."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]


def read_body(document: Any, kind: type[D]) -> D:
    """Read a body. Raises BadRequestData, which says where it is wrong."""
    try:
        body = msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        pointer = path.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "")
        raise BadRequestData(f"The body is not valid: {message}", pointer=pointer) from error
    _check_texts(body)
    return body


def check_name(name: str) -> str:
    """Give the name of an organisation. Raises BadRequestData."""
    if not _NAME.fullmatch(name) or len(name) > 63:
        raise BadRequestData(
            "The name of an organisation has 1 to 63 small letters and digits, parted by '-' (sensors-co)",
            pointer="/name",
        )
    return name


def in_utc(moment: datetime | None) -> datetime | None:
    """Give a moment in UTC. Raises BadRequestData where it does not say its zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise BadRequestData("A time says its zone: 2027-03-31T00:00:00+09:00", pointer="/expiresAt")
    return moment.astimezone(UTC)


def _check_texts(body: _Body) -> None:
    """Refuse what is no text for people: control characters, and halves of characters."""
    for name in body.__struct_fields__:
        value = getattr(body, name)
        texts: Sequence[Any] = value if isinstance(value, list) else (value,)
        for text in texts:
            if isinstance(text, str) and not all(sign.isprintable() for sign in text):
                raise BadRequestData(f"{name} holds a sign that cannot be printed", pointer=f"/{name}")
