"""The console, the API's documentation and the files they need; nothing is fetched from elsewhere.

A page of the console is a path of its own, and all of them are one document (console/README.md).
"""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.console_files import BUILT, File, Shown, read_console, read_file
from context_api.http.console_paths import ASSETS, PAGES
from context_api.http.errors import NoSuchRoute

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{tiles}; "
    "font-src 'self'; connect-src 'self'{tiles}; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), payment=(), usb=()",
}
_ASSET = f"{ASSETS}{{name}}"
_REVALIDATE = "no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"


def pages_router(shown: Shown) -> APIRouter:
    """Make the routes of the pages; the files are read once."""
    plain = _read_plain_files()
    console = read_console(BUILT, shown)
    policy = _POLICY.format(tiles=f" {shown.base_map.origin}" if shown.base_map is not None else "")
    headers = {**_HEADERS, "Content-Security-Policy": policy}

    def answer(request: Request, file: File | None, cache: str = _REVALIDATE) -> Response:
        if file is None:
            raise NoSuchRoute("There is no such page")
        body, encoding = file.fitting(request.headers.get("accept-encoding", ""))
        own = {**headers, "ETag": file.etag, "Cache-Control": cache}
        if file.compressed:
            own["Vary"] = "Accept-Encoding"
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=own)
        if encoding is not None:
            own["Content-Encoding"] = encoding
        return Response(body, media_type=file.media_type, headers=own)

    async def show_console(request: Request) -> Response:
        return answer(request, console.document or plain["not-built.html"])

    async def asset(request: Request) -> Response:
        return answer(request, console.assets.get(request.path_params["name"]), _FOR_EVER)

    async def docs(request: Request) -> Response:
        return answer(request, plain["docs.html"])

    async def icon(request: Request) -> Response:
        return answer(request, plain["mark.svg"])

    async def file_of_docs(request: Request) -> Response:
        return answer(request, plain.get(request.path_params["name"]))

    router = APIRouter(redirect_slashes=False)
    routes = [
        (_ASSET, asset),
        ("/docs", docs),
        ("/favicon.ico", icon),
        ("/page/{name}", file_of_docs),
    ]
    for page in sorted(PAGES):
        routes += [(f"/{page}", show_console), *([(f"/{page}/{{rest:path}}", show_console)] if page else [])]
    for path, endpoint in routes:
        router.add_api_route(path, endpoint, methods=["GET"], include_in_schema=False, name=endpoint.__name__)
    return router


def _read_plain_files() -> dict[str, File]:
    """Read the files that are not built: the documentation's, and what is shown where there is no console."""
    folder = Path(str(files("context_api.http").joinpath("page")))
    return {path.name: read_file(path) for path in folder.iterdir() if path.is_file()}
