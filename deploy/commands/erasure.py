"""`machi erasure …`: deleting all that is kept of entities or devices, with proof."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from deploy.errors import CommandError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from context_api.store.database import Database
    from context_api.store.erasure import Erasures, Subjects
    from devices.registry import DeviceRegistry

erasures = typer.Typer(
    help="Delete all that is kept of entities or devices, and prove it.", no_args_is_help=True
)
_Entities = Annotated[list[str] | None, typer.Option("--entity", help="Id of an entity; may be repeated.")]
_Devices = Annotated[
    list[str] | None, typer.Option("--device", help="Id of a device, which is retired; may be repeated.")
]
_Tenant = Annotated[str, typer.Option(help="Whose data it is.")]


def register(app: typer.Typer) -> None:
    app.add_typer(erasures, name="erasure")


@erasures.command()
def run(
    reason: Annotated[str, typer.Option(help="Why; it is kept with the proof.")],
    entity: _Entities = None,
    device: _Devices = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only.")] = False,
    tenant: _Tenant = "default",
) -> None:
    """Delete state, history, changes and messages; what is left is counted, and the proof kept."""
    from devices.erasing import retire_all

    with _desk(tenant) as desk:
        subjects = desk.subjects(entity, device)
        if dry_run:
            _tell(desk.erasures.count(desk.access, subjects))
            typer.echo("Nothing was deleted.")
            return
        retire_all(desk.database, desk.devices, desk.access, subjects.devices)
        proof = desk.erasures.erase(desk.access, subjects, reason)
    _tell(proof.erased)
    left = sum(proof.remaining.values())
    typer.echo(f"Deleted; {left} left. Proof {proof.id}: machi erasure verify {proof.id}")
    if left:
        raise CommandError("Something came in meanwhile: run it again.")


@erasures.command(name="list")
def list_(tenant: _Tenant = "default") -> None:
    """List the proofs, the newest first: number, time, who, how many, why."""
    with _desk(tenant) as desk:
        for proof in desk.erasures.list_proofs(desk.access, limit=1_000):
            state = "" if desk.erasures.is_sealed(desk.access, proof) else "  CHANGED SINCE"
            many = f"{sum(proof.erased.values())} records"
            when = f"{proof.at:%Y-%m-%d %H:%M}Z"
            typer.echo(f"{proof.id}  {when}  {proof.principal}  {many}  {proof.reason}{state}")


@erasures.command()
def verify(
    number: Annotated[int, typer.Argument(help="The proof, as `machi erasure list` numbers it.")],
    entity: _Entities = None,
    device: _Devices = None,
    tenant: _Tenant = "default",
) -> None:
    """Say whether a proof is as it was written, is about these, and still holds."""
    from context_api.ngsild.errors import ResourceNotFound

    with _desk(tenant) as desk:
        try:
            proof = desk.erasures.get(desk.access, number)
        except ResourceNotFound as error:
            raise CommandError(f"{error}: see `machi erasure list`.") from error
        if not desk.erasures.is_sealed(desk.access, proof):
            raise CommandError(f"Proof {number} was changed after it was written.")
        typer.echo(f"Proof {number} is as it was written on {proof.at:%Y-%m-%d %H:%M}Z.")
        if not entity and not device:
            return
        subjects = desk.subjects(entity, device)
        if not desk.erasures.is_about(desk.access, proof, subjects):
            raise CommandError("It is about others.")
        found = desk.erasures.count(desk.access, subjects)
    if any(found.values()):
        _tell(found)
        raise CommandError("It is about them, and something is kept of them again.")
    typer.echo("It is about them, and nothing is kept of them.")


class _Desk(NamedTuple):
    database: "Database"
    access: "Access"
    devices: "DeviceRegistry"
    erasures: "Erasures"

    def subjects(self, entities: list[str] | None, devices: list[str] | None) -> "Subjects":
        from devices.erasing import subjects_of

        if not entities and not devices:
            raise CommandError("Name what to erase: --entity or --device.")
        return subjects_of(self.database, self.access, entities or (), devices or ())


@contextmanager
def _desk(tenant: str) -> Iterator[_Desk]:
    from context_api.ngsild.errors import NonexistentTenant
    from context_api.store.database import open_database
    from context_api.store.erasure import Erasures
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings
    from devices.errors import DeviceError
    from devices.registry import DeviceRegistry

    found = wiring.connect(read_settings())
    database = open_database(found.database_url)
    store = Store(database)
    try:
        access = store.tenant(tenant, principal="command line")
        devices = DeviceRegistry(database, hash_key=found.secret, store=store)
        yield _Desk(database, access, devices, Erasures(database, store, found.secret))
    except (NonexistentTenant, DeviceError) as error:
        raise CommandError(str(error)) from error
    finally:
        database.close()


def _tell(found: Mapping[str, int]) -> None:
    """Print counts by kind, without those that are nothing."""
    counts = {kind: number for kind, number in found.items() if number}
    for kind, number in counts.items():
        typer.echo(f"{number:>9}  {kind.replace('_', ' ')}")
    if not counts:
        typer.echo("Nothing is kept of them.")
