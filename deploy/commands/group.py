"""`machi group …` and `machi device waiting / approve / reject`: devices that come by themselves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from devices.registry import DeviceRegistry
    from devices.waiting import WaitingRoom

groups = typer.Typer(
    help="Groups whose unknown devices may wait for approval: add, list, remove.", no_args_is_help=True
)
Tenant = Annotated[str, typer.Option(help="The tenant it belongs to.")]
GroupId = Annotated[str, typer.Argument(help="The group's name, or a gateway's id.")]
Name = Annotated[str, typer.Argument(help="The name it came with.")]


class _Opened(NamedTuple):
    room: "WaitingRoom"
    registry: "DeviceRegistry"
    access: "Access"


def register(app: typer.Typer) -> None:
    from deploy.commands.device import devices

    app.add_typer(groups, name="group")
    for name, command in (("waiting", waiting), ("approve", approve), ("reject", reject)):
        devices.command(name=name)(command)


@groups.command()
def add(  # noqa: PLR0917 - typer calls it by names
    group_id: GroupId,
    profile: Annotated[str | None, typer.Option(help="Of its devices, such as air-quality.")] = None,
    prefix: Annotated[str, typer.Option(help="Names must begin with it to wait.")] = "",
    max_devices: Annotated[int, typer.Option("--max", help="So many devices may come.")] = 100,
    expires: Annotated[
        str | None, typer.Option(help="From then on nobody is taken in: 2026-12-24T00:00:00Z.")
    ] = None,
    tenant: Tenant = "default",
) -> None:
    """Let unknown devices wait: behind a gateway, or by a key that is made and printed this once."""
    from context_api.ngsild.time import parse_datetime
    from devices.waiting import GroupDraft

    draft = GroupDraft(profile=profile, prefix=prefix, max_devices=max_devices, expires_at=expires)
    with _open(tenant) as opened:
        until = None if expires is None else parse_datetime(expires)
        group, registered = opened.room.put_group(opened.access, group_id, draft, until)
        shown: dict[str, object] = {"id": group.id, "application": group.application}
        if registered is not None and registered.credentials is not None:
            shown["mqtt"] = {
                "username": registered.credentials.username,
                "password": registered.credentials.password,
                "topic": registered.credentials.topic.replace("/+/", "/{device}/"),
            }
            if not opened.registry.wait_applied(registered.generation):
                typer.echo("The broker does not know it yet: it will once the worker runs.", err=True)
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@groups.command(name="list")
def list_(tenant: Tenant = "default") -> None:
    """List the groups: name, adapter, profile, prefix, and how many wait, were approved, were rejected."""
    with _open(tenant) as opened:
        found = opened.room.list_groups(opened.access)
    for one in found:
        counts = (
            f"{one.waiting} waiting, {one.approved} approved, {one.rejected} rejected of {one.max_devices}"
        )
        typer.echo(f"{one.id}  {one.adapter}  {one.profile or '-'}  {one.prefix}*  {counts}")
    if not found:
        typer.echo("There are no groups: every unknown device is put aside.", err=True)


@groups.command()
def remove(group_id: GroupId, tenant: Tenant = "default") -> None:
    """Take in nobody any more; a key that was made for the group is void."""
    with _open(tenant) as opened:
        opened.room.remove_group(opened.access, group_id)
    typer.echo(f"{group_id} takes in nobody any more.")


def waiting(
    group: Annotated[str | None, typer.Option(help="Those of this group.")] = None,
    tenant: Tenant = "default",
) -> None:
    """List devices that wait for approval: group, name, how many messages, the first of them."""
    after: tuple[str, str] | None = ("", "")
    with _open(tenant) as opened:
        while after is not None:
            found = opened.room.list_waiting(opened.access, gateway=group, after=after, limit=500)
            for one in found:
                sample = (one.sample or b"").decode("utf-8", "replace")[:100]
                typer.echo(f"{one.gateway}  {one.name}  {one.messages} messages  {sample}")
            after = (found[-1].gateway, found[-1].name) if len(found) == 500 else None


def approve(  # noqa: PLR0917 - typer calls it by names
    group_id: GroupId,
    name: Name,
    device_id: Annotated[str | None, typer.Option("--id", help="Its id; absent: its name.")] = None,
    profile: Annotated[str | None, typer.Option(help="Another profile than the group's.")] = None,
    location: Annotated[
        str | None, typer.Option(help="Where it stands: LATITUDE,LONGITUDE.", metavar="LAT,LON")
    ] = None,
    tenant: Tenant = "default",
) -> None:
    """Register a device that waits, print its credentials this once, and replay what was kept of it."""
    from deploy.commands.device_options import read_point
    from devices.waiting import Approval

    approval = Approval(device_id=device_id, profile=profile, location=read_point(location))
    with _open(tenant) as opened:
        approved = opened.room.approve(opened.access, group_id, name, approval)
    device, credentials = approved.registered.device, approved.registered.credentials
    shown: dict[str, object] = {"id": device.id, "entityId": device.entity_id}
    if credentials is not None:
        shown["mqtt"] = {
            "username": credentials.username,
            "password": credentials.password,
            "topic": credentials.topic,
        }
    typer.echo(json.dumps(shown | {"replayed": approved.replayed}, ensure_ascii=False, indent=2))


def reject(group_id: GroupId, name: Name, tenant: Tenant = "default") -> None:
    """Discard what was kept of a device, and keep no more of it."""
    with _open(tenant) as opened:
        discarded = opened.room.reject(opened.access, group_id, name)
    typer.echo(f"{name} is rejected, {discarded} messages are discarded.")


@contextmanager
def _open(tenant: str) -> "Iterator[_Opened]":
    from context_api.ngsild.errors import BadRequestData, NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings
    from devices.errors import DeviceError
    from devices.quarantine import QuarantineDesk
    from devices.registry import DeviceRegistry
    from devices.sources import Sources
    from devices.waiting import WaitingRoom

    settings = read_settings()
    found = wiring.connect(settings)
    database = open_database(found.database_url)
    try:
        store = Store(database)
        registry = DeviceRegistry(database, hash_key=found.secret)
        ahead_us = int(settings.clock_ahead * 1_000_000)
        desk = QuarantineDesk(database, store, Sources(database), clock_ahead_us=ahead_us)
        yield _Opened(WaitingRoom(database, registry, desk), registry, store.tenant(tenant))
    except BadRequestData as error:
        raise UsageError(error.detail) from error
    except (DeviceError, NgsiLdError) as error:
        raise CommandError(str(error)) from error
    finally:
        database.close()
