"""The first page, the API's documentation and the files they need; nothing is fetched from elsewhere."""

import hashlib
from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.errors import NoSuchRoute

_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class _File(NamedTuple):
    body: bytes
    media_type: str
    etag: str


def pages_router() -> APIRouter:
    """Make the routes of the pages; the files are read once."""
    known = _read_files()

    def answer(request: Request, name: str) -> Response:
        file = known.get(name)
        if file is None:
            raise NoSuchRoute("There is no such page")
        headers = {**_HEADERS, "ETag": file.etag}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.body, media_type=file.media_type, headers=headers)

    async def home(request: Request) -> Response:
        return answer(request, "index.html")

    async def docs(request: Request) -> Response:
        return answer(request, "docs.html")

    async def icon(request: Request) -> Response:
        return answer(request, "mark.svg")

    async def asset(request: Request) -> Response:
        return answer(request, request.path_params["name"])

    router = APIRouter(redirect_slashes=False)
    for path, endpoint in (("/", home), ("/docs", docs), ("/favicon.ico", icon), ("/page/{name}", asset)):
        router.add_api_route(path, endpoint, methods=["GET"], include_in_schema=False, name=endpoint.__name__)
    return router


def _read_files() -> dict[str, _File]:
    found = {}
    for path in files("context_api.http").joinpath("page").iterdir():
        media_type = _MEDIA_TYPES.get(path.name.rpartition(".")[2])
        if media_type is not None:
            body = path.read_bytes()
            digest = hashlib.blake2b(body, digest_size=12).hexdigest()
            found[path.name] = _File(body, media_type, f'"{digest}"')
    return found
