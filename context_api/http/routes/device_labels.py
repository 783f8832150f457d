"""Labels for installers, as sheets of stickers."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query
from context_api.http.errors import Unavailable
from context_api.http.negotiation import negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.parameters import Query
from context_api.http.routes import device_imports_description as described
from context_api.http.routes.device_imports import PREFIX, download, read_id
from context_api.http.services import Services
from context_api.http.streaming import BlockResponse
from context_api.ngsild.errors import BadRequestData, InvalidRequest, ResourceNotFound, TooManyResults
from context_api.store import devices as store
from context_api.store.access import Access
from devices.bulk.errors import ImportConflict
from devices.bulk.imports import DeviceImports
from devices.labels.sheets import SHEETS, Label, Sheet, device_link, draw_labels
from devices.model import Device, DeviceFilter
from devices.registry import MAX_PAGE

MAX_LABELS = 10_000
_MAX_SKIP = 10_000
_MAX_TOWN_CHARS = 40
_MAX_LINK_CHARS = 200
_DRAWN_AT_ONCE = 2


def device_labels_router(services: Services) -> APIRouter:
    """Make the routes of labels; they come before those of devices, which take any name."""
    resource = _Labels(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/devices/labels.pdf", resource.of_devices, described.GET_LABELS)
    of_import = "/device-imports/{import_id:segment}/labels.pdf"
    add_route(router, "GET", of_import, resource.of_import, described.GET_IMPORT_LABELS)
    return router


class _Style(NamedTuple):
    """What the request says of the sheets."""

    sheet: Sheet
    skip: int
    town: str | None
    link: str | None
    has_frames: bool


class _Drawing:
    """A PDF that is made while it is sent."""

    def __init__(self, labels: Sequence[Label], style: _Style) -> None:
        self._labels = labels
        self._style = style
        self._is_cancelled = False

    def blocks(self) -> Iterator[bytes]:
        style = self._style
        return draw_labels(
            self._wanted(), style.sheet, skip=style.skip, has_frames=style.has_frames, title="Machi"
        )

    def _wanted(self) -> Iterator[Label]:
        for label in self._labels:
            if self._is_cancelled:
                return
            yield label

    def cancel(self) -> None:
        self._is_cancelled = True

    def close(self) -> None:
        """Nothing is held."""


class _Labels:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._executor = ThreadPoolExecutor(_DRAWN_AT_ONCE, thread_name_prefix="labels")
        self._drawn = 0

    async def of_devices(self, request: Request) -> Response:
        query = read_query(request, described.GET_LABELS)
        negotiate(request, (described.PDF,))
        style = _read_style(query, self._services.settings.attribution)
        ids = list(dict.fromkeys(query.items("ids")))
        filters = DeviceFilter(profile=query.text("profile"), text=query.text("text"))
        if ids and (filters.profile or filters.text):
            raise InvalidRequest("The parameter ids goes with neither text nor profile")
        access = await self._services.device_access(request)
        if ids:
            devices = await self._services.run(self._named, access, ids)
        else:
            devices = await self._services.run(self._filtered, access, filters)
        return self._answer(access, devices, style)

    async def of_import(self, request: Request) -> Response:
        query = read_query(request, described.GET_IMPORT_LABELS)
        negotiate(request, (described.PDF,))
        style = _read_style(query, self._services.settings.attribution)
        import_id = read_id(request)
        access = await self._services.device_access(request)
        devices = await self._services.run(self._imported, access, import_id)
        return self._answer(access, devices, style)

    def _answer(self, access: Access, devices: Sequence[Device], style: _Style) -> Response:
        if self._drawn >= _DRAWN_AT_ONCE:
            raise Unavailable(f"{_DRAWN_AT_ONCE} files of labels are being drawn; try again in a moment")
        labels = [
            Label(device.id, device.name, style.town, device_link(style.link, access.tenant, device.id))
            for device in devices
        ]
        headers = dict(download(b"", described.PDF, "labels.pdf").headers)
        headers.pop("content-length", None)
        headers.pop("content-type", None)
        self._drawn += 1
        return BlockResponse(_Drawing(labels, style), self._executor, headers, described.PDF, self._ended)

    def _ended(self) -> None:
        self._drawn -= 1

    def _named(self, access: Access, ids: Sequence[str]) -> list[Device]:
        with self._services.database.connection() as connection:
            found = store.get_devices(connection, access, ids)
        devices = [found[one] for one in ids if one in found and found[one].retired_at is None]
        if len(devices) < len(ids):
            missing = next(one for one in ids if one not in found or found[one].retired_at is not None)
            raise ResourceNotFound(f"There is no device {missing[:80]!r}")
        return devices

    def _filtered(self, access: Access, filters: DeviceFilter) -> list[Device]:
        devices: list[Device] = []
        after: str | None = ""
        while after is not None:
            page = self._services.devices.list(access, filters, limit=MAX_PAGE, after=after)
            if page.total > MAX_LABELS:
                raise TooManyResults(
                    f"{page.total} devices match; at most {MAX_LABELS} are put into one file: narrow it down"
                )
            devices += page.devices
            after = page.next_after
        return devices

    def _imported(self, access: Access, import_id: int) -> list[Device]:
        services = self._services
        imports = DeviceImports(services.database, services.devices, services.settings.installation_secret)
        found = imports.get(access, import_id)
        if found.state in ("waiting", "registering"):
            raise ImportConflict("The devices are still being registered; ask again when that is done")
        ids = imports.device_ids(found)
        with services.database.connection() as connection:
            known = store.get_devices(connection, access, ids)
        return [known[one] for one in ids if one in known and known[one].retired_at is None]


def _read_style(query: Query, default_town: str | None) -> _Style:
    name = query.text("sheet") or "24"
    sheet = SHEETS.get(name)
    if sheet is None:
        raise BadRequestData(f"The parameter sheet is {name[:40]!r}; it must be one of: {', '.join(SHEETS)}")
    skip = query.integer("skip", default=0, minimum=0, maximum=_MAX_SKIP) or 0
    if skip >= sheet.places:
        raise BadRequestData(f"The parameter skip is {skip}; a sheet of {name} has {sheet.places} labels")
    town = query.text("town") or default_town
    if town is not None and (len(town) > _MAX_TOWN_CHARS or not town.isprintable()):
        raise BadRequestData(f"The parameter town has at most {_MAX_TOWN_CHARS} printable characters")
    return _Style(sheet, skip, town, _read_link(query.text("link")), query.flag("frames"))


def _read_link(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        is_address = False
    if not is_address or len(text) > _MAX_LINK_CHARS or not text.isprintable() or " " in text:
        raise BadRequestData(
            f"The parameter link is an http or https address of at most {_MAX_LINK_CHARS} characters,"
            " without a password in it"
        )
    return text
