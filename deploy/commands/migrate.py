"""`machi migrate`."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate() -> None:
    """Bring the database to the schema of this version. Safe to repeat, and to run from several hosts."""
    from context_api.store.migrate import migrate as apply_migrations
    from context_api.store.roles import OUTWARD, SERVING, SHOWING, WRITER, make_login
    from deploy import wiring
    from deploy.errors import CommandError
    from deploy.settings import read_settings

    settings = read_settings()
    url = wiring.connect(settings).database_url
    applied = apply_migrations(url)
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("The schema is up to date.")
    for group, name, secret in (
        (WRITER, SERVING, settings.serving_password),
        (OUTWARD, SHOWING, settings.outward_password),
    ):
        if secret is not None and make_login(url, group, name, secret.get_secret_value()) is None:
            raise CommandError(
                f"This database user may not make the user {name}. Let the server's administrator make it,"
                f" with the password that is set: create role {name} login; grant {group} to {name}"
            )
