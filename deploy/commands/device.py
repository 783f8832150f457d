"""`machi device …`: what `/api/v1/devices` does, by hand, on the machine itself."""

import getpass
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from deploy.commands import credential, device_import
from deploy.commands.device_options import (
    given_members,
    read_members,
    read_patch,
    read_states,
    split_list,
)
from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from context_api.store.device_listing import SortKey
    from devices.model import DeviceFilter, Registered
    from devices.registry import DeviceRegistry

devices = typer.Typer(help="Devices and gateways: one by one, or many from a file.", no_args_is_help=True)
Tenant = Annotated[str, typer.Option(help="The tenant it belongs to.")]
DeviceId = Annotated[str, typer.Argument(help="The device's id.")]
Json = Annotated[bool, typer.Option("--json", help="JSON as the API has it, for programs.")]
Profile = Annotated[str | None, typer.Option(help="What it measures, such as air-quality.")]
Location = Annotated[str | None, typer.Option(help="Where it stands: LATITUDE,LONGITUDE.", metavar="LAT,LON")]
Name = Annotated[str | None, typer.Option(help="A name for people.")]
Owner = Annotated[str | None, typer.Option(help="The id of the organisation it belongs to.")]
Tags = Annotated[str | None, typer.Option(help="Tags, by commas.", metavar="TAG,TAG")]
Serial = Annotated[str | None, typer.Option(help="The serial number of the hardware.")]
Notes = Annotated[str | None, typer.Option(help="What else people should know.")]
Installed = Annotated[
    str | None, typer.Option(help="When the hardware was put in place: a date, or a time with its zone.")
]
Interval = Annotated[float | None, typer.Option(help="Seconds between two messages.")]
_PAGE = 500


def register(app: typer.Typer) -> None:
    device_import.register(devices)
    credential.register(devices)
    app.add_typer(devices, name="device")


@devices.command(name="register")
def register_(  # noqa: PLR0917 - typer calls it by names
    device_id: Annotated[str, typer.Argument(help="Letters, digits, `_`, `.`, `-`; unique in the tenant.")],
    profile: Profile = None,
    location: Location = None,
    name: Name = None,
    owner: Owner = None,
    tags: Tags = None,
    serial: Serial = None,
    notes: Notes = None,
    installed: Installed = None,
    interval: Interval = None,
    adapter: Annotated[
        str | None, typer.Option(help="Makes it a gateway: its format, such as tts_v3.")
    ] = None,
    application: Annotated[
        str | None, typer.Option(help="The gateway's application, `town@tenant` of The Things Stack.")
    ] = None,
    gateway: Annotated[str | None, typer.Option(help="The gateway that speaks for this device.")] = None,
    tenant: Tenant = "default",
) -> None:
    """Register a device and print, this once, how it connects."""
    from devices.draft import draft_from_json

    given = read_members(profile, location, name, owner, tags, serial, notes, installed, interval)
    given |= given_members(adapter=adapter, application=application, gateway=gateway)
    kind = "gateway" if adapter or application else "device"
    with _registry(tenant) as (registry, access):
        registered = registry.register(access, draft_from_json({"id": device_id, "kind": kind, **given}))
        _print_registered(registry, registered)


@devices.command(name="list")
def list_(  # noqa: PLR0917 - typer calls it by names
    text: Annotated[
        str | None, typer.Option(help="Words in the id, name, serial number, owner or tags.")
    ] = None,
    state: Annotated[
        str | None, typer.Option(help="provisioned, active, silent, faulty or retired; several by commas.")
    ] = None,
    profile: Profile = None,
    owner: Owner = None,
    tag: Annotated[
        str | None, typer.Option(help="Devices with all of these tags.", metavar="TAG,TAG")
    ] = None,
    gateway: Annotated[str | None, typer.Option(help="Devices behind this gateway.")] = None,
    sort: Annotated[
        str, typer.Option(help="id, name, state, lastSeen, …; with - before it the other way round.")
    ] = "id",
    limit: Annotated[int | None, typer.Option(help="So many at most; absent: all.", min=1)] = None,
    as_json: Json = False,
    tenant: Tenant = "default",
) -> None:
    """List the devices of a tenant: id, state, when last seen, profile, name, owner, entity."""
    from deploy.commands.device_tables import print_devices
    from devices.model import DeviceFilter

    states = read_states(state)
    filters = DeviceFilter(
        text=text,
        states=states,
        profile=profile,
        owner=owner,
        tags=split_list(tag),
        gateway=gateway,
        retired=None if states and "retired" in states else False,
    )
    with _registry(tenant) as (registry, access):
        found, total = _find(registry, access, filters, sort, limit)
    if as_json:
        _print_json(found)
    else:
        print_devices(found, total)


@devices.command()
def show(device_id: DeviceId, as_json: Json = False, tenant: Tenant = "default") -> None:
    """Show one device: what it is, how it does, which hardware it had."""
    from context_api.http.routes.devices_view import describe, describe_counters, describe_hardware
    from deploy.commands.device_tables import print_device

    with _registry(tenant) as (registry, access):
        device = registry.get(access, device_id)
        shown = describe(device, registry.health(access, [device])[device_id])
        shown |= describe_counters(registry.counters(access, device_id))
        shown["hardware"] = describe_hardware(registry.list_hardware(access, device_id))
    if as_json:
        _print_json(shown)
    else:
        print_device(shown)


@devices.command()
def edit(  # noqa: PLR0917 - typer calls it by names
    device_id: DeviceId,
    profile: Profile = None,
    location: Location = None,
    name: Name = None,
    owner: Owner = None,
    tags: Tags = None,
    serial: Serial = None,
    notes: Notes = None,
    installed: Installed = None,
    interval: Interval = None,
    patch: Annotated[
        str | None, typer.Option(help='A JSON merge patch, such as \'{"static": {"floor": 2}}\'.')
    ] = None,
    clear: Annotated[
        str | None, typer.Option(help="Members to take away, by commas: name, owner, notes, …")
    ] = None,
    tenant: Tenant = "default",
) -> None:
    """Change what is known of a device; it counts for the very next message."""
    from devices.document import difference, document_of

    wanted = read_patch(patch) | read_members(
        profile, location, name, owner, tags, serial, notes, installed, interval
    )
    wanted |= dict.fromkeys(split_list(clear))
    if not wanted:
        raise UsageError("Nothing to change: name a member, such as --name; `machi device edit --help`")
    with _registry(tenant) as (registry, access):
        former = registry.get(access, device_id)
        latter = registry.edit(access, device_id, wanted)
        before, after = difference(document_of(former, None), document_of(latter, None))
    if former.revision == latter.revision:
        typer.echo(f"{device_id} is so already.")
    for member in dict.fromkeys((*before, *after)):
        typer.echo(f"{member}: {_short(before.get(member))} -> {_short(after.get(member))}")


@devices.command()
def retire(device_id: DeviceId, tenant: Tenant = "default") -> None:
    """Retire a device: its credentials are void, its entity and history stay."""
    with _registry(tenant) as (registry, access):
        registry.retire(access, device_id)
        typer.echo(f"{device_id} is retired.")


@devices.command(name="replace-hardware")
def replace_hardware(  # noqa: PLR0917 - typer calls it by names
    device_id: DeviceId,
    serial: Serial = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the history.")] = None,
    installed: Installed = None,
    gateway_device: Annotated[
        str | None, typer.Option(help="The gateway's name for the new hardware, such as its DevEUI.")
    ] = None,
    tenant: Tenant = "default",
) -> None:
    """Put other hardware in the place of a device's: same entity and history, new credentials."""
    from devices.model import HardwareDraft

    draft = HardwareDraft(serial=serial, reason=reason, installed_at=installed, gateway_device=gateway_device)
    with _registry(tenant) as (registry, access):
        _print_registered(registry, registry.replace_hardware(access, device_id, draft))


@devices.command()
def changes(
    device_id: DeviceId,
    limit: Annotated[int, typer.Option(help="So many at most.", min=1, max=1_000)] = 50,
    as_json: Json = False,
    tenant: Tenant = "default",
) -> None:
    """Say who changed what of a device, the newest first."""
    from context_api.http.routes.devices_view import describe_changes
    from deploy.commands.device_tables import print_changes

    with _registry(tenant) as (registry, access):
        found = describe_changes(registry.list_changes(access, device_id, limit=limit))
    if as_json:
        _print_json(found["changes"])
    else:
        print_changes(found["changes"], found["total"])


@devices.command()
def reconcile(tenant: Tenant = "default") -> None:
    """Put back what the Device entities should say; the worker does it every hour."""
    with _registry(tenant) as (registry, access):
        mended = registry.reconcile(access)
    typer.echo(f"{mended} entities were mended." if mended else "Every entity says what the registry says.")


@contextmanager
def _registry(tenant: str) -> "Iterator[tuple[DeviceRegistry, Access]]":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings
    from devices.errors import DeviceError, InvalidDevice
    from devices.registry import DeviceRegistry

    found = wiring.connect(read_settings())
    database = open_database(found.database_url)
    store = Store(database)
    try:
        access = store.tenant(tenant, principal=_who())
        yield DeviceRegistry(database, hash_key=found.secret, store=store), access
    except InvalidDevice as error:
        raise CommandError(f"{error.field}: {error.detail}" if error.field else error.detail) from error
    except (DeviceError, NgsiLdError) as error:
        raise CommandError(str(error)) from error
    finally:
        database.close()


def _who() -> str:
    """Whom the history of changes names."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a container's user may have no name
        return "command line"


def _find(
    registry: "DeviceRegistry", access: "Access", filters: "DeviceFilter", sort: str, limit: int | None
) -> tuple[list[dict[str, Any]], int]:
    from context_api.http.routes.devices_view import describe
    from context_api.store.device_listing import SORT_KEYS

    key = sort.removeprefix("-")
    if key not in SORT_KEYS:
        raise UsageError(f"--sort is one of {', '.join(SORT_KEYS)}, with - before it for the other way round")
    found: list[dict[str, Any]] = []
    while True:
        wanted = _PAGE if limit is None else min(_PAGE, limit - len(found))
        page = registry.list(
            access,
            filters,
            limit=wanted,
            offset=len(found),
            sort=cast("SortKey", key),
            descending=key != sort,
        )
        health = registry.health(access, page.devices)
        found += [describe(device, health[device.id]) for device in page.devices]
        if len(page.devices) < wanted or len(found) == limit:
            return found, page.total


def _print_registered(registry: "DeviceRegistry", registered: "Registered") -> None:
    credentials = registered.credentials
    shown: dict[str, Any] = {"id": registered.device.id, "entityId": registered.device.entity_id}
    if credentials:
        shown["mqtt"] = {
            "username": credentials.username,
            "password": credentials.password,
            "topic": credentials.topic,
        }
    _print_json(shown)
    if credentials and not registry.wait_applied(registered.generation):
        typer.echo("The broker does not know it yet: it will once the worker runs.", err=True)


def _print_json(document: Mapping[str, Any] | list[dict[str, Any]]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=list))


def _short(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
