"""The audit trail: who did what, when and from where, written in the transaction of the act.

`record` is all that others call. What is recorded becomes a link of its chain at the commit (migration 0031);
an act that is rolled back leaves nothing. One chain per tenant, and chain 0 for the whole installation.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from psycopg import Connection
from psycopg.pq import TransactionStatus

from context_api.store.access import Access
from context_api.store.queries import load_queries

INSTALLATION = 0
"""The chain of what concerns no single tenant."""
BODY_MAX = 16_384
"""Bytes of an entry; of a longer one, only the names of what changed are kept."""
TEXT_MAX = 1_000
IDS_MAX = 50
"""Of what was done to many things at once, so many are named."""
_SECRET_NAMES = ("secret", "password", "token", "privatekey", "authorization", "totp", "recovery")
_HIDDEN = "(not recorded)"
_SQL = load_queries("audit")

Outcome = Literal["done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and from where: set once per request or command."""

    principal: str = "system"
    organisation: int | None = None
    address: str | None = None
    """The caller's address as the trusted proxies give it; None: on this machine, by command or clock."""
    request: str | None = None
    """The id of the request, which the answer and the log carry too."""


_INSIDE = (TransactionStatus.INTRANS, TransactionStatus.ACTIVE)
"""ACTIVE: in a pipeline, whose transaction began within it."""
_SYSTEM = Origin()
_origin: ContextVar[Origin] = ContextVar("machi_audit_origin", default=_SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act. `before` and `after` hold what changed, and neither secrets nor more of persons than names of
    members: a deleted entity leaves its types and the names of its attributes, never their values.
    """

    verb: str
    """create, change, delete, rotate, revoke, replay, discard, sign-in, …"""
    kind: str
    """What was acted on: device, api-key, organisation, grant, retention, …"""
    id: str
    tenant_id: int = INSTALLATION
    """The chain: the tenant whose the thing is, or INSTALLATION."""
    outcome: Outcome = "done"
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str | None = None
    principal: str | None = None
    """None: who makes the request (`acting`)."""
    organisation: int | None = None
    """None: that of who makes the request."""


def record(connection: Connection[Any], entry: Entry) -> None:
    """Write an act into the trail, in the transaction that the connection is in.

    Raises RuntimeError outside of one: there, the act could be kept without its entry.
    """
    if connection.info.transaction_status not in _INSIDE:
        raise RuntimeError("BUG: an act is recorded in its own transaction")
    connection.execute(_SQL["record"], [entry.tenant_id, write_body(entry)])


def record_act(
    connection: Connection[Any],
    access: Access,
    verb: str,
    kind: str,
    target: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Write what `access` did to a thing of its tenant into the trail; see `record`."""
    entry = Entry(
        verb=verb,
        kind=kind,
        id=target,
        tenant_id=access.tenant_id,
        before=before,
        after=after,
        reason=reason,
        principal=access.principal,
    )
    record(connection, entry)


def record_acts(
    connection: Connection[Any],
    access: Access,
    verb: str,
    kind: str,
    targets: Sequence[object],
    *,
    count: int | None = None,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Write what `access` did to many things at once as one entry: how many, which, a hash of all."""
    if len(targets) == 1:
        record_act(connection, access, verb, kind, str(targets[0]), before=before)
        return
    names = sorted(map(str, targets))
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    many = {"count": len(names) if count is None else count, "ids": names[:IDS_MAX], "sha256": digest}
    record_act(connection, access, verb, kind, f"{many['count']} together", before={**(before or {}), **many})


def record_on_subscription(
    connection: Connection[Any], key: int, verb: str, kind: str, *, after: Mapping[str, Any]
) -> None:
    """Write what was done to a subscription, of which only the key is at hand, into its tenant's trail."""
    row = connection.execute(_SQL["get_subscription_of_key"], [key]).fetchone()
    if row is not None:
        record(connection, Entry(verb=verb, kind=kind, id=row[1], tenant_id=row[0], after=after))


@contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """Let what is recorded inside be the act of this origin."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def begin_acting(origin: Origin) -> None:
    """Let what is recorded from here on, in this task or thread, be the act of this origin."""
    _origin.set(origin)


def current_origin() -> Origin:
    """Give who acts at the moment."""
    return _origin.get()


def write_body(entry: Entry, origin: Origin | None = None) -> str:
    """Write an entry as it is hashed: JSON, its members by name, without what is absent."""
    origin = current_origin() if origin is None else origin
    said: dict[str, Any] = {
        "principal": entry.principal or origin.principal,
        "organisation": origin.organisation if entry.organisation is None else entry.organisation,
        "address": origin.address,
        "request": origin.request,
        "verb": entry.verb,
        "kind": entry.kind,
        "id": entry.id,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "before": redact(entry.before),
        "after": redact(entry.after),
    }
    said = {name: _clean(value) for name, value in said.items() if value is not None}
    body = msgspec.json.encode(said, order="sorted")
    if len(body) > BODY_MAX:
        for name in ("before", "after"):
            if name in said:
                said[name] = {"names": sorted(said[name])[:100], "omitted": True}
        body = msgspec.json.encode(said, order="sorted")
    return body.decode()


def redact(value: Any) -> Any:
    """Take the secrets out of a document, by the names of its members."""
    if isinstance(value, Mapping):
        return {str(name): _HIDDEN if _is_secret(str(name)) else redact(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redact(one) for one in value]
    return value


def _is_secret(name: str) -> bool:
    plain = name.replace("_", "").replace("-", "").lower()
    return any(part in plain for part in _SECRET_NAMES)


def _clean(value: Any) -> Any:
    """Cut long texts, and take out the sign that the database cannot keep."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:TEXT_MAX]
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value
