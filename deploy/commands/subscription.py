"""`machi subscription …`: what `/api/v1/subscriptions` shows and does, over HTTP."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from deploy.asking import ask, pages, print_document
from deploy.errors import CommandError, UsageError

subscriptions = typer.Typer(
    help="Subscriptions: how they stand, deliveries, dead letters, catch-up, test, pause.",
    no_args_is_help=True,
)
Id = Annotated[str, typer.Argument(help="The subscription's id, urn:ngsi-ld:Subscription:…")]
Tenant = Annotated[str, typer.Option(help="The tenant it belongs to.")]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=1_000)]
_PATH = "/api/v1/subscriptions"


def register(app: typer.Typer) -> None:
    app.add_typer(subscriptions, name="subscription")


@subscriptions.command(name="list")
def list_(tenant: Tenant = "default") -> None:
    """List subscriptions: id, status, waiting, delivered, dead letters, the last error."""
    found = False
    for one in pages(tenant, _PATH, "subscriptions", "after"):
        found = True
        counts = one["counts"]
        line = (
            f"{one['id']}  {one['status']}  {counts['waiting']} waiting  {counts['delivered']} delivered  "
            f"{counts['deadLettered']} dead"
        )
        typer.echo(f"{line}  {one['lastError']}" if one["lastError"] and counts["waiting"] else line)
    if not found:
        typer.echo("There is no subscription: partners make them at /ngsi-ld/v1/subscriptions.", err=True)


@subscriptions.command()
def show(subscription_id: Id, tenant: Tenant = "default") -> None:
    """Print how one subscription stands, as JSON."""
    print_document(ask(tenant, "GET", _one(subscription_id)))


@subscriptions.command()
def deliveries(
    subscription_id: Id,
    state: Annotated[
        str | None,
        typer.Option(help="waiting, delivered, deadLettered, cancelled, coalesced; commas between several."),
    ] = None,
    limit: Limit = 50,
    tenant: Tenant = "default",
) -> None:
    """List notifications, the newest first: number, time, state, entity, status, latency, error."""
    params: dict[str, Any] = {"limit": limit} | ({"state": state} if state else {})
    answer = ask(tenant, "GET", f"{_one(subscription_id)}/deliveries", params=params)
    for one in answer["deliveries"]:
        typer.echo(_line(one))
    if not answer["deliveries"]:
        typer.echo("There is none of the last eight days.", err=True)


@subscriptions.command(name="dead-letters")
def dead_letters(
    subscription_id: Id,
    letter: Annotated[int | None, typer.Argument(help="Show this one whole, by its number.")] = None,
    limit: Limit = 50,
    tenant: Tenant = "default",
) -> None:
    """List notifications that were given up, or show one with what it tells."""
    path = f"{_one(subscription_id)}/dead-letters"
    if letter is not None:
        print_document(ask(tenant, "GET", f"{path}/{letter}"))
        return
    found = ask(tenant, "GET", path, params={"limit": limit})["deadLetters"]
    for one in found:
        typer.echo(_line(one))
    if not found:
        typer.echo("There are no dead letters.", err=True)


@subscriptions.command()
def replay(
    subscription_id: Id,
    letters: Annotated[list[int] | None, typer.Argument(help="Their numbers.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    tenant: Tenant = "default",
) -> None:
    """Send dead letters again."""
    if bool(letters) == all_:
        raise UsageError("Give the numbers of dead letters, or --all.")
    order = {} if all_ else {"ids": letters}
    done = ask(tenant, "POST", f"{_one(subscription_id)}/dead-letters/replay", json=order)
    typer.echo(f"{done['replayed']} on their way.")


@subscriptions.command(name="catch-up")
def catch_up(
    subscription_id: Id,
    since: Annotated[str | None, typer.Option(help="A time in UTC, 2026-11-23T00:00:00Z.")] = None,
    sequence: Annotated[int | None, typer.Option(help="After this sequence of a delivery.", min=0)] = None,
    tenant: Tenant = "default",
) -> None:
    """Match the changes since a time or a sequence anew and send what matches; two days are kept."""
    if (since is None) == (sequence is None):
        raise UsageError("Give --since or --sequence.")
    order: dict[str, Any] = {"since": since} if since is not None else {"sequence": sequence}
    scanned = queued = 0
    while True:
        done = ask(tenant, "POST", f"{_one(subscription_id)}/catch-up", json=order)
        scanned += done["scanned"]
        queued += done["queued"]
        if done["next"] is None:
            break
        order = {"cursor": done["next"]}
    typer.echo(f"{queued} of {scanned} changes match and are on their way.")


@subscriptions.command()
def test(subscription_id: Id, tenant: Tenant = "default") -> None:
    """Send a test notification, real and signed, and say how it went."""
    tried = ask(tenant, "POST", f"{_one(subscription_id)}/test")
    if not tried["delivered"]:
        raise CommandError(f"The receiver did not take it: {tried['error']}")
    made_up = " (no entity matches now: it told of a made-up one)" if tried["isSample"] else ""
    typer.echo(f"Taken with {tried['status'] or 'success'} after {tried['requestMs']} ms{made_up}.")


@subscriptions.command()
def pause(
    subscription_id: Id,
    reason: Annotated[str, typer.Option(help="Shown to whoever looks at it.")] = "paused by an operator",
    tenant: Tenant = "default",
) -> None:
    """Pause a subscription: nothing matches, what waits is kept as long as retries are."""
    ask(tenant, "POST", f"{_one(subscription_id)}/pause", json={"reason": reason})
    typer.echo(f"{subscription_id} is paused.")


@subscriptions.command()
def resume(subscription_id: Id, tenant: Tenant = "default") -> None:
    """Resume a subscription: what waits is sent. `catch-up` brings what changed meanwhile."""
    ask(tenant, "POST", f"{_one(subscription_id)}/resume")
    typer.echo(f"{subscription_id} is active.")


@subscriptions.command()
def stats(
    subscription_id: Id,
    hours: Annotated[int, typer.Option(help="How far back.", min=1, max=192)] = 24,
    tenant: Tenant = "default",
) -> None:
    """Show latency, what waits, and successes and failures by hour (UTC)."""
    found = ask(tenant, "GET", f"{_one(subscription_id)}/statistics", params={"hours": hours})
    latency = "  ".join(f"{name} {value:g} ms" for name, value in found["latencyMs"].items())
    oldest = f" since {found['oldestWaiting']}" if found["oldestWaiting"] else ""
    typer.echo(f"latency  {latency or 'nothing was delivered'}")
    typer.echo(f"waiting  {found['waiting']}{oldest}")
    for hour in found["hours"]:
        typer.echo(
            f"{hour['at']}  {hour['delivered']} delivered  {hour['failedAttempts']} failed attempts  "
            f"{hour['deadLettered']} dead  {hour['coalesced']} coalesced"
        )


def _line(one: dict[str, Any]) -> str:
    parts = [str(one["id"]), one["createdAt"], one["state"], one["entityId"] or one["kind"]]
    if one["status"]:
        parts.append(f"HTTP {one['status']}")
    if one["latencyMs"] is not None:
        parts.append(f"{one['latencyMs']} ms")
    if one["replayed"]:
        parts.append("replayed")
    if one["error"]:
        parts.append(f"{one['attempts']} attempts: {one['error']}")
    return "  ".join(parts)


def _one(subscription_id: str) -> str:
    return f"{_PATH}/{quote(subscription_id, safe=':')}"
