"""`machi profile …`: what `/api/v1/profiles` does, by hand."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from context_api.store.database import Database

profiles = typer.Typer(
    help="Profiles, which say what a sensor's values mean: list, show, write, try.", no_args_is_help=True
)
Tenant = Annotated[str, typer.Option(help="The tenant whose profiles it is about.")]
Name = Annotated[str, typer.Argument(help="The profile's name; name@2 is its version 2.")]
File = Annotated[
    Path,
    typer.Argument(help="A profile in TOML (or JSON); - reads it from the standard input.", allow_dash=True),
]
_MAX_INPUT = 2 * 1024 * 1024


def register(app: typer.Typer) -> None:
    app.add_typer(profiles, name="profile")


@profiles.command(name="list")
def list_(tenant: Tenant = "default") -> None:
    """List the profiles: name, version, type of entity, devices, whether it is built in."""
    from devices.profile_registry import ProfileRegistry

    with _database(tenant) as (database, access):
        for one in ProfileRegistry(database).list_all(access):
            profile = one.profile
            origin = "built in" if one.is_built_in else f"version {profile.version}"
            line = f"{profile.name}  {origin}  {profile.entity_type}  {one.devices} devices"
            typer.echo(line if profile.title is None else f"{line}  {profile.title}")


@profiles.command()
def show(name: Name, tenant: Tenant = "default") -> None:
    """Print a profile as TOML, to keep, to edit and to apply again."""
    from devices.profile_registry import ProfileRegistry, export_toml
    from devices.shelf import split_name

    with _database(tenant) as (database, access):
        known = ProfileRegistry(database).get(access, *split_name(name))
        typer.echo(export_toml(known), nl=False)


@profiles.command()
def versions(name: Name, tenant: Tenant = "default") -> None:
    """List the versions of a profile: number, when it was written and by whom."""
    from context_api.ngsild.time import format_datetime
    from devices.profile_registry import ProfileRegistry

    with _database(tenant) as (database, access):
        for one in ProfileRegistry(database).list_versions(access, name):
            written = "built in" if one.written_at is None else format_datetime(one.written_at)
            typer.echo(f"{one.profile.version}  {written}  {one.written_by or ''}".rstrip())


@profiles.command()
def check(file: File) -> None:
    """Say whether a profile can be used, and what is wrong with it; needs no database and writes nothing."""
    from devices.profile_registry import check_document

    document = _read(file)
    with _faults():
        profile = check_document(document)
    for hint in profile.hints:
        typer.echo(f"hint: {hint}", err=True)
    typer.echo(
        f"Profile {profile.name} is good: {len(document.get('values', {}))} values of {profile.entity_type}."
    )


@profiles.command()
def apply(file: File, tenant: Tenant = "default") -> None:
    """Write a profile, or a new version of it; devices that are bound to it use it at once."""
    from devices.profile_registry import ProfileRegistry

    document = _read(file)
    with _database(tenant) as (database, access):
        known, is_new = ProfileRegistry(database).apply(access, document)
    profile = known.profile
    for hint in profile.hints:
        typer.echo(f"hint: {hint}", err=True)
    state = "is written" if is_new else "stands; nothing is new"
    typer.echo(
        f"Version {profile.version} of profile {profile.name} {state}; {known.devices} devices use it."
    )


@profiles.command()
def delete(name: Name, tenant: Tenant = "default") -> None:
    """Delete a profile with all its versions; refused while devices are bound to it."""
    from devices.profile_registry import ProfileRegistry

    with _database(tenant) as (database, access):
        ProfileRegistry(database).delete(access, name)
    typer.echo(f"Profile {name} is deleted.")


@profiles.command()
def preview(  # noqa: PLR0917 - typer calls it by names
    payload: Annotated[
        Path | None,
        typer.Argument(help="A file with one payload; - reads the standard input.", allow_dash=True),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Its name, or the file it is in; else the device's.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="A registered device to preview as.")] = None,
    adapter: Annotated[str | None, typer.Option(help="The format of the payload, such as tts_v3.")] = None,
    topic: Annotated[
        str | None, typer.Option(help="The topic it comes on, where the format needs it.")
    ] = None,
    hex_: Annotated[bool, typer.Option("--hex", help="The file is hexadecimal.")] = False,
    quarantine: Annotated[int | None, typer.Option(help="A message of the quarantine, by its id.")] = None,
    latest_of: Annotated[str | None, typer.Option(help="The latest quarantined message of a device.")] = None,
    tenant: Tenant = "default",
) -> None:
    """Show the entities that a payload would make; nothing is written."""
    from devices.preview_request import PreviewDesk
    from devices.preview_view import describe_preview

    request: dict[str, Any] = {
        "profile": _profile(profile),
        "device": device,
        "adapter": adapter,
        "topic": topic,
    }
    if quarantine is not None or latest_of is not None:
        captured = {"quarantine": quarantine, "latestOf": latest_of}
        request["message"] = {name: value for name, value in captured.items() if value is not None}
    if payload is not None:
        request |= _payload(payload, is_hex=hex_)
    with _database(tenant) as (database, access):
        found = describe_preview(PreviewDesk(database).preview(access, request))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


def _profile(given: str | None) -> Any:
    """A name, or what the file of that name says."""
    if given is None or not Path(given).is_file():
        return given
    return _read(Path(given))


def _payload(file: Path, *, is_hex: bool) -> dict[str, str]:
    import base64

    raw = _bytes(file)
    if is_hex:
        return {"payload": raw.decode("ascii", "replace"), "payloadEncoding": "hex"}
    return {"payload": base64.b64encode(raw).decode(), "payloadEncoding": "base64"}


def _bytes(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(_MAX_INPUT)
        with file.open("rb") as opened:
            return opened.read(_MAX_INPUT)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from error


def _read(file: Path) -> dict[str, Any]:
    from devices.profile_file import load_toml

    raw = _bytes(file)
    try:
        text = raw.decode()
        document: Any = json.loads(text) if text.lstrip().startswith("{") else None
    except ValueError as error:
        raise UsageError(f"{file} is neither TOML nor JSON: {error}") from error
    if document is not None:
        return dict(document)
    with _faults():
        return load_toml(text)


@contextmanager
def _faults() -> Iterator[None]:
    from devices.profile import ProfileError

    try:
        yield
    except ProfileError as error:
        raise CommandError(str(error)) from error


@contextmanager
def _database(tenant: str) -> "Iterator[tuple[Database, Access]]":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings
    from devices.preview import PreviewError

    database = open_database(wiring.connect(read_settings()).database_url)
    try:
        with _faults():
            yield database, Store(database).tenant(tenant)
    except PreviewError as error:
        raise CommandError(f"{error.member}: {error.detail}") from error
    except NgsiLdError as error:
        raise CommandError(error.detail) from error
    finally:
        database.close()
