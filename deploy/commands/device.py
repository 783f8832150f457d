"""`machi device …`: what `POST /api/v1/devices` does, by hand."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands import device_import
from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from devices.model import Device, Registered
    from devices.registry import DeviceRegistry

devices = typer.Typer(help="Devices and gateways: one by one, or many from a file.", no_args_is_help=True)
Tenant = Annotated[str, typer.Option(help="The tenant it belongs to.")]
DeviceId = Annotated[str, typer.Argument(help="The device's id.")]
_PAGE = 500


def register(app: typer.Typer) -> None:
    device_import.register(devices)
    app.add_typer(devices, name="device")


@devices.command()
def add(  # noqa: PLR0917 - typer calls it by names
    device_id: Annotated[str, typer.Argument(help="Letters, digits, `_`, `.`, `-`; unique in the tenant.")],
    profile: Annotated[str | None, typer.Option(help="What it measures, such as air-quality.")] = None,
    location: Annotated[
        str | None, typer.Option(help="Where it stands: LATITUDE,LONGITUDE.", metavar="LAT,LON")
    ] = None,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
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
    from devices.model import DeviceDraft

    draft = DeviceDraft(
        id=device_id,
        kind="gateway" if adapter or application else "device",
        profile=profile,
        name=name,
        location=_point(location),
        adapter=adapter,
        application=application,
        gateway=gateway,
    )
    with _registry(tenant) as (registry, access):
        registered = registry.register(access, draft)
        typer.echo(json.dumps(_described(registered), ensure_ascii=False, indent=2))
        if registered.credentials and not registry.wait_applied(registered.generation):
            typer.echo("The broker does not know it yet: it will once the worker runs.", err=True)


@devices.command(name="list")
def list_(tenant: Tenant = "default") -> None:
    """List the devices of a tenant: id, profile or adapter, entity."""
    from devices.model import DeviceFilter

    after: str | None = ""
    with _registry(tenant) as (registry, access):
        while after is not None:
            page = registry.list(access, DeviceFilter(), limit=_PAGE, after=after)
            for device in page.devices:
                typer.echo(_line(device))
            after = page.next_after


@devices.command()
def show(device_id: DeviceId, tenant: Tenant = "default") -> None:
    """Print one device as JSON."""
    import msgspec

    with _registry(tenant) as (registry, access):
        shown = msgspec.to_builtins(registry.get(access, device_id))
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@devices.command()
def retire(device_id: DeviceId, tenant: Tenant = "default") -> None:
    """Retire a device: its credentials are void, its entity and history stay."""
    with _registry(tenant) as (registry, access):
        registry.retire(access, device_id)
        typer.echo(f"{device_id} is retired.")


@contextmanager
def _registry(tenant: str) -> "Iterator[tuple[DeviceRegistry, Access]]":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings
    from devices.errors import DeviceError
    from devices.registry import DeviceRegistry

    found = wiring.connect(read_settings())
    database = open_database(found.database_url)
    try:
        yield DeviceRegistry(database, hash_key=found.secret), Store(database).tenant(tenant)
    except (DeviceError, NgsiLdError) as error:
        raise CommandError(str(error)) from error
    finally:
        database.close()


def _point(text: str | None) -> dict[str, Any] | None:
    """GeoJSON has longitude first; people and maps say latitude first."""
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--location must be LATITUDE,LONGITUDE such as 35.7546,139.4685, not {text}"
        ) from None
    return {"type": "Point", "coordinates": [longitude, latitude]}


def _described(registered: "Registered") -> dict[str, Any]:
    shown: dict[str, Any] = {"id": registered.device.id, "entityId": registered.device.entity_id}
    if registered.credentials:
        credentials = registered.credentials
        shown["mqtt"] = {
            "username": credentials.username,
            "password": credentials.password,
            "topic": credentials.topic,
        }
    return shown


def _line(device: "Device") -> str:
    what = device.profile or f"gateway ({device.adapter})"
    return f"{device.id}  {what}  {device.entity_id or device.application or ''}".rstrip()
