"""`machi organisation …`, `machi tenant …`, `machi invite`: who belongs to the installation."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from deploy.errors import CommandError, UsageError

organisations = typer.Typer(
    help="Organisations: create, list, show, change, disable; their tenants.", no_args_is_help=True
)
tenants = typer.Typer(help="Tenants: create, list.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The organisation's name: small letters, digits and '-'.")]
Json = Annotated[bool, typer.Option("--json", help="JSON as the API has it, for programs.")]
Tenants = Annotated[
    list[str] | None, typer.Option("--tenant", help="A tenant that it belongs to; may be repeated.")
]


def register(app: typer.Typer) -> None:
    app.add_typer(organisations, name="organisation")
    app.add_typer(tenants, name="tenant")
    app.command()(invite)


@organisations.command()
def create(  # noqa: PLR0917 - options
    name: Name,
    kind: Annotated[str, typer.Option(help="operator, partner or town.")],
    tenant: Tenants = None,
    name_ja: Annotated[str, typer.Option(help="How it is called in Japanese.")] = "",
    name_en: Annotated[str, typer.Option(help="How it is called in English.")] = "",
    contact: Annotated[str, typer.Option(help="Whom to reach: an address, a number.")] = "",
    as_json: Json = False,
) -> None:
    """Make an organisation. Its name is its id, and never changes."""
    from context_api.http.access.drafts import OrganisationOrder, check_name, read_body
    from context_api.store.organisations import OrganisationDraft, create_organisation
    from deploy.access_desk import open_access

    with open_access() as opened:
        body = {"name": name, "kind": kind, "nameJa": name_ja, "nameEn": name_en, "contact": contact}
        order = read_body({**body, "tenants": tenant or []}, OrganisationOrder)
        check_name(order.name)
        if order.kind == "public":
            raise UsageError("--kind: there is one public, and it is there: public")
        opened.check_tenants(order.tenants)
        draft = OrganisationDraft(
            name=order.name,
            kind=order.kind,
            name_ja=order.name_ja,
            name_en=order.name_en,
            contact=order.contact,
            tenants=order.tenants,
        )
        _show(create_organisation(opened.database, draft, by=opened.caller.name), as_json=as_json)


@organisations.command(name="list")
def list_(as_json: Json = False) -> None:
    """List organisations: name, kind, tenants, valid keys, state."""
    from context_api.http.access.views import show_organisation
    from context_api.store.organisations import list_organisations
    from deploy.access_desk import open_access, say_json

    with open_access() as opened:
        shown = [show_organisation(one) for one in list_organisations(opened.database)]
        if as_json:
            say_json({"organisations": shown})
            return
        for one in shown:
            typer.echo(_line(one))


@organisations.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show one organisation."""
    from deploy.access_desk import open_access

    with open_access() as opened:
        _show(opened.organisation(name), as_json=as_json)


@organisations.command()
def change(
    name: Name,
    name_ja: Annotated[str | None, typer.Option(help="How it is called in Japanese.")] = None,
    name_en: Annotated[str | None, typer.Option(help="How it is called in English.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to reach.")] = None,
    as_json: Json = False,
) -> None:
    """Change how an organisation is called and reached; what is not given stays."""
    from context_api.http.access.drafts import OrganisationChange, read_body
    from context_api.store.organisations import Texts, change_organisation
    from deploy.access_desk import open_access

    with open_access() as opened:
        found = opened.organisation(name)
        given = {"nameJa": name_ja, "nameEn": name_en, "contact": contact}
        wanted = read_body({key: text for key, text in given.items() if text is not None}, OrganisationChange)
        texts = Texts(
            found.name_ja if wanted.name_ja is None else wanted.name_ja,
            found.name_en if wanted.name_en is None else wanted.name_en,
            found.contact if wanted.contact is None else wanted.contact,
        )
        changed = change_organisation(opened.database, found.id, texts, by=opened.caller.name)
        _show(changed, as_json=as_json)


@organisations.command(name="tenants")
def set_tenants(
    name: Name,
    add: Annotated[list[str] | None, typer.Option(help="A tenant that it is to belong to as well.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A tenant that it is to leave.")] = None,
    as_json: Json = False,
) -> None:
    """Show, or change, which tenants an organisation belongs to; its credentials follow at once."""
    from context_api.store.organisations import set_tenants as set_them
    from deploy.access_desk import open_access

    with open_access() as opened:
        found = opened.organisation(name)
        if add or remove:
            if found.is_of_every_tenant:
                raise CommandError(f"{name} belongs to every tenant.")
            wanted = (set(found.tenants) | set(add or ())) - set(remove or ())
            opened.check_tenants(sorted(wanted))
            found = set_them(opened.database, found.id, wanted, by=opened.caller.name)
        _show(found, as_json=as_json)


@organisations.command()
def disable(name: Name) -> None:
    """Let nobody of an organisation in any more: keys, people, streams; its subscriptions rest."""
    if name == "town":
        raise CommandError("The town itself is not disabled: nobody could come in to enable it again.")
    _set_disabled(name, is_disabled=True)


@organisations.command()
def enable(name: Name) -> None:
    """Let an organisation that was disabled in again."""
    _set_disabled(name, is_disabled=False)


@tenants.command(name="create")
def create_tenant(
    name: Annotated[str, typer.Argument(help="1 to 63 letters, digits, '_', '-', '.'.")],
) -> None:
    """Make a tenant. It is for good."""
    from context_api.http.access.drafts import TenantOrder, read_body
    from context_api.store.organisations import list_tenants
    from context_api.store.store import Store
    from deploy.access_desk import open_access

    with open_access() as opened:
        order = read_body({"name": name}, TenantOrder)
        if list_tenants(opened.database, [order.name]):
            raise CommandError(f"There is a tenant {name} already.")
        Store(opened.database).tenant(order.name, create=True)
        typer.echo(f"The tenant {name} is there.")


@tenants.command(name="list")
def list_tenants_(as_json: Json = False) -> None:
    """List all tenants."""
    from context_api.store.organisations import list_tenants
    from deploy.access_desk import open_access, say_json

    with open_access() as opened:
        found = list_tenants(opened.database, None)
        if as_json:
            say_json({"tenants": [{"name": one.name} for one in found]})
            return
        for one in found:
            typer.echo(f"{one.name}  since {one.created_at:%Y-%m-%d}")


def invite(  # noqa: PLR0917 - options
    name: Name,
    role: Annotated[
        str | None, typer.Option(help="Of the key: operator, partner, service. Not given: by its kind.")
    ] = None,
    tenant: Annotated[
        list[str] | None, typer.Option(help="A tenant that the key opens. Not given: all of its own.")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=720, help="For how long the code is good.")] = 72.0,
    key_days: Annotated[int | None, typer.Option(min=1, max=36_500, help="How long the key lasts.")] = None,
    label: Annotated[str, typer.Option(help="What it is for; the key is called so.")] = "",
    as_json: Json = False,
) -> None:
    """Print a code, this once, that an organisation exchanges for its first key: nobody else sees that."""
    from context_api.http.access.rules import check_role, choose_tenants, first_role
    from context_api.http.access.views import show_invitation
    from context_api.policy.roles import Role
    from context_api.store.invitations import InvitationDraft, TooManyInvitations, create_invitation
    from deploy.access_desk import open_access, say_json

    with open_access() as opened:
        opened.check_tenants(tenant)
        house = opened.organisation(name)
        if role is not None and role not in set(Role):
            raise UsageError(f"--role: there is no {role}; there are operator, partner, service, …")
        wanted = check_role(house, first_role(house) if role is None else Role(role))
        draft = InvitationDraft(
            organisation_id=house.id,
            role=wanted,
            tenants=choose_tenants(opened.caller, house, wanted, tenant or None),
            label=label,
            key_days=key_days,
            expires_at=datetime.now(UTC) + timedelta(hours=hours),
            created_by=opened.caller.name,
        )
        try:
            made = create_invitation(opened.database, opened.secret, draft)
        except TooManyInvitations as error:
            raise CommandError(f"{name}: {error}.") from error
        if as_json:
            say_json({**show_invitation(made.invitation), "code": made.code})
            return
        typer.echo(made.code)
        typer.echo("Send it to them; POST /api/v1/invitations/accept exchanges it for a key, once.", err=True)


def _set_disabled(name: str, *, is_disabled: bool) -> None:
    from context_api.store.organisations import set_disabled
    from deploy.access_desk import open_access

    state = "disabled" if is_disabled else "enabled"
    with open_access() as opened:
        found = opened.organisation(name)
        changed = set_disabled(opened.database, found.id, is_disabled=is_disabled, by=opened.caller.name)
        typer.echo(f"{name} is {state}." if changed is not None else f"{name} was {state} already.")


def _show(organisation: Any, *, as_json: bool) -> None:
    from context_api.http.access.views import show_organisation
    from deploy.access_desk import say_json, tenants_of

    shown = show_organisation(organisation)
    if as_json:
        say_json(shown)
        return
    typer.echo(_line(shown))
    for label, text in (
        ("called", " · ".join(one for one in (shown["nameJa"], shown["nameEn"]) if one)),
        ("contact", shown["contact"]),
        ("tenants", tenants_of(shown)),
        ("made", f"{shown['createdAt']} by {shown['createdBy']}"),
    ):
        typer.echo(f"  {label:8} {text}".rstrip())


def _line(shown: dict[str, Any]) -> str:
    from deploy.access_desk import tenants_of

    state = "enabled" if shown["disabledAt"] is None else f"disabled {shown['disabledAt'][:10]}"
    keys = "1 key" if shown["keys"] == 1 else f"{shown['keys']} keys"
    return "  ".join([shown["name"], shown["kind"], tenants_of(shown), keys, state])
