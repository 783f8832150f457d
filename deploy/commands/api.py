"""`machi api`."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(api)


def api() -> None:
    """Serve the HTTP API (NGSI-LD under /ngsi-ld/v1, the platform's own under /api/v1) until SIGTERM."""
    from context_api.http.server import serve
    from deploy import wiring
    from deploy.process import start_process
    from deploy.settings import read_settings

    settings = read_settings()
    start_process("api", settings)
    serve(wiring.api_settings(settings, wiring.connect(settings)))
