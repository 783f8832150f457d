"""`machi alarm …`: what `/api/v1/alarms` shows and does, over HTTP."""

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from deploy.asking import ask, pages, print_document
from deploy.errors import CommandError, UsageError

alarms = typer.Typer(help="Alarm rules: make, list, switch, and what is raised now.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="The rule's id.", metavar="RULE")]
Tenant = Annotated[str, typer.Option(help="The tenant it belongs to.")]
_PATH = "/api/v1/alarms"
_FROM_API = ("createdAt", "modifiedAt")


def register(app: typer.Typer) -> None:
    app.add_typer(alarms, name="alarm")


@alarms.command(name="list")
def list_(tenant: Tenant = "default") -> None:
    """List the rules: id, whether it is active, what is watched, the limits, how severe, the name."""
    found = False
    for rule in pages(tenant, _PATH, "rules", "after"):
        found = True
        state = "active" if rule["isActive"] else "at rest"
        watched = f"{rule['type']}.{rule['attribute']}"
        severity = rule.get("severity", "")
        typer.echo(f"{rule['id']}  {state}  {watched} {_limits(rule)}  {severity}  {rule['name']}")
    if not found:
        typer.echo("There is no alarm rule: `machi alarm set FILE` makes one.", err=True)


@alarms.command()
def show(rule_id: Id, tenant: Tenant = "default") -> None:
    """Print a rule as JSON, as `set` takes it."""
    print_document(ask(tenant, "GET", _one(rule_id)))


@alarms.command(name="set")
def set_(
    file: Annotated[Path, typer.Argument(help="A rule as JSON (docs: alarms); `-` is standard input.")],
    context: Annotated[str | None, typer.Option(help="URL of the @context of its names.")] = None,
    tenant: Tenant = "default",
) -> None:
    """Make a rule, or replace the one of this id. Values from now on are held against it."""
    rule = _read_rule(file)
    known = {one["id"] for one in pages(tenant, _PATH, "rules", "after")}
    if rule["id"] in known:
        ask(tenant, "PUT", _one(rule["id"]), json=rule, context_url=context)
    else:
        ask(tenant, "POST", _PATH, json=rule, context_url=context)
    typer.echo(f"{rule['id']} is {'replaced' if rule['id'] in known else 'made'}.")


@alarms.command()
def rest(rule_id: Id, tenant: Tenant = "default") -> None:
    """Let a rule rest: it raises nothing. What is raised stays as it is."""
    _switch(tenant, rule_id, is_active=False)


@alarms.command()
def resume(rule_id: Id, tenant: Tenant = "default") -> None:
    """Use a rule again."""
    _switch(tenant, rule_id, is_active=True)


@alarms.command()
def delete(rule_id: Id, tenant: Tenant = "default") -> None:
    """Delete a rule; the Alert entities that it raised stay."""
    ask(tenant, "DELETE", _one(rule_id))
    typer.echo(f"{rule_id} is deleted.")


@alarms.command()
def states(
    rule_id: Id,
    phase: Annotated[str | None, typer.Option(help="normal, pending or raised.")] = None,
    tenant: Tenant = "default",
) -> None:
    """Say where the entities of a rule stand: state, since when, the value, the entity."""
    found = False
    for one in pages(
        tenant, f"{_one(rule_id)}/states", "states", "after", **({"phase": phase} if phase else {})
    ):
        found = True
        typer.echo(f"{one['state']}  {one['since']}  {one.get('value', '-')}  {one['entity']}")
    if not found:
        typer.echo("No entity has had a value yet." if phase is None else f"None is {phase}.", err=True)


def _limits(rule: dict[str, Any]) -> str:
    parts = [f"{sign}{rule[name]:g}" for name, sign in (("above", ">"), ("below", "<")) if name in rule]
    held = f" for {rule['forSeconds']:g} s" if rule.get("forSeconds") else ""
    return " or ".join(parts) + held


def _switch(tenant: str, rule_id: str, *, is_active: bool) -> None:
    ask(tenant, "PATCH", _one(rule_id), json={"isActive": is_active})
    typer.echo(f"{rule_id} is {'active' if is_active else 'at rest'}.")


def _read_rule(file: Path) -> dict[str, Any]:
    try:
        text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text("utf-8")
        rule = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{file} is no JSON: {error}") from error
    if not isinstance(rule, dict) or not isinstance(rule.get("id"), str):
        raise UsageError(f"{file} is no alarm rule: an object with an id, and more (docs: alarms).")
    return {name: value for name, value in rule.items() if name not in _FROM_API}


def _one(rule_id: str) -> str:
    return f"{_PATH}/{quote(rule_id, safe='')}"
