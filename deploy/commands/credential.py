"""`machi device credential …` and `machi device certificate …`: how a device shows who it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from devices.device_credentials import DeviceCredentials

credentials = typer.Typer(
    help="Passwords of a device: issue a second one, list, revoke.", no_args_is_help=True
)
certificates = typer.Typer(
    help="Client certificates of a device: sign, list, revoke; the authority.", no_args_is_help=True
)
Tenant = Annotated[str, typer.Option(help="The tenant it belongs to.")]
DeviceId = Annotated[str, typer.Argument(help="The device's id.")]
Label = Annotated[str | None, typer.Option(help="What it is for, for people.")]


def register(devices: typer.Typer) -> None:
    devices.add_typer(credentials, name="credential")
    devices.add_typer(certificates, name="certificate")


@credentials.command()
def issue(
    device_id: DeviceId,
    overlap: Annotated[
        str | None,
        typer.Option(help="How long the former password stays valid: 30m, 24h, 7d. Absent: until revoked."),
    ] = None,
    label: Label = None,
    tenant: Tenant = "default",
) -> None:
    """Issue a further password and print it, this once; it has a user name of its own."""
    overlap_s = None if overlap is None else _seconds(overlap)
    with _desk(tenant) as (desk, access):
        issued = desk.issue(access, device_id, label=label, overlap_s=overlap_s)
        typer.echo(f"user name  {issued.credential.username}")
        typer.echo(f"password   {issued.password}")
        _say_applied(desk, issued.generation)


@credentials.command(name="list")
def list_(device_id: DeviceId, tenant: Tenant = "default") -> None:
    """List the valid passwords: number, user name, first characters, when made, last used, until when."""
    with _desk(tenant) as (desk, access):
        for one in desk.list_secrets(access, device_id):
            used = "unknown" if one.last_used_at is None else _day(one.last_used_at)
            ends = "" if one.expires_at is None else f"  until {_day(one.expires_at)}"
            known = f"{one.id}  {one.username}  {one.prefix or '?'}…  made {_day(one.created_at)}"
            typer.echo(f"{known}  last used {used}{ends}  {one.label or ''}".rstrip())


@credentials.command()
def revoke(
    device_id: DeviceId,
    number: Annotated[int, typer.Argument(help="Its number, as `list` shows it.")],
    tenant: Tenant = "default",
) -> None:
    """Make one password void; whoever is connected with it is disconnected within two seconds."""
    with _desk(tenant) as (desk, access):
        generation = desk.revoke(access, device_id, number)
        typer.echo(f"Password {number} of {device_id} is void.")
        _say_applied(desk, generation)


@certificates.command()
def sign(
    device_id: DeviceId,
    request: Annotated[Path, typer.Argument(help="The signing request (PEM); - for standard input.")],
    days: Annotated[int, typer.Option(help="How long it is valid.")] = 730,
    label: Label = None,
    tenant: Tenant = "default",
) -> None:
    """Sign a device's key and print the certificate (PEM). The private key is not needed, and never seen."""
    try:
        text = typer.get_text_stream("stdin").read() if str(request) == "-" else request.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{request} cannot be read: {error}") from error
    with _desk(tenant) as (desk, access):
        typer.echo(desk.sign(access, device_id, text, days=days, label=label).pem, nl=False)


@certificates.command(name="list")
def list_certificates(device_id: DeviceId, tenant: Tenant = "default") -> None:
    """List the valid certificates: serial number, from when until when."""
    with _desk(tenant) as (desk, access):
        for one in desk.list_certificates(access, device_id):
            span = f"{_day(one.not_before)} to {_day(one.not_after)}"
            typer.echo(f"{one.serial}  {one.username}  {span}  {one.label or ''}".rstrip())


@certificates.command(name="revoke")
def revoke_certificate(
    device_id: DeviceId,
    serial: Annotated[str, typer.Argument(help="Its serial number, as `list` shows it.")],
    tenant: Tenant = "default",
) -> None:
    """Revoke a certificate; whoever is connected with it is disconnected within two seconds."""
    with _desk(tenant) as (desk, access):
        generation = desk.revoke_certificate(access, device_id, serial)
        typer.echo(f"Certificate {serial} of {device_id} is revoked.")
        _say_applied(desk, generation)


@certificates.command()
def authority() -> None:
    """Print the authority's certificate (PEM): devices trust it to know the broker."""
    with _desk("default") as (desk, _):
        typer.echo(desk.authority().pem, nl=False)


@contextmanager
def _desk(tenant: str) -> "Iterator[tuple[DeviceCredentials, Access]]":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings
    from devices.device_credentials import DeviceCredentials
    from devices.errors import DeviceError

    settings = read_settings()
    found = wiring.connect(settings)
    database = open_database(found.database_url)
    reader = wiring.authority_reader(settings)
    try:
        desk = DeviceCredentials(database, hash_key=found.secret, read_authority=reader)
        yield desk, Store(database).tenant(tenant)
    except (DeviceError, NgsiLdError) as error:
        raise CommandError(str(error)) from error
    finally:
        database.close()


def _say_applied(desk: "DeviceCredentials", generation: int) -> None:
    if not desk.wait_applied(generation):
        typer.echo("The broker does not know it yet: it will once the worker runs.", err=True)


def _seconds(text: str) -> float:
    from deploy.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--overlap: {error}") from error


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
