"""A platform as devices see it: the registry behind HTTP, and a mosquitto that learns at once."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from context_api.store.access import Access
from context_api.store.database import Database
from deploy.embedded.mosquitto import Mosquitto
from devices.broker_files import write_broker_files
from devices.credentials import BRIDGE_RULES, Service
from devices.draft import draft_from_json
from devices.errors import DeviceError, DeviceExists, DeviceUnknown
from devices.registry import DeviceRegistry

BRIDGE = Service("machi-bridge", "0123456789abcdefghij", BRIDGE_RULES)
API_KEY = "machi_test"
_PATH = "/api/v1/devices"


class Platform:
    """Answers `/api/v1/devices` as the API does, as far as devices need it."""

    def __init__(
        self, registry: DeviceRegistry, database: Database, access: Access, broker: Mosquitto
    ) -> None:
        self.registry = registry
        self.access = access
        self.broker = broker
        self.registrations = 0
        self._database = database
        self._lock = threading.Lock()
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                platform.answer(self)

            do_GET = do_DELETE = do_POST  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            status, answer = 401, {"detail": "no key"}
        else:
            try:
                status, answer = self._act(request.command, request.path, body)
            except DeviceExists as error:
                status, answer = 409, {"detail": error.detail}
            except DeviceUnknown as error:
                status, answer = 404, {"detail": error.detail}
            except DeviceError as error:
                status, answer = 400, {"detail": error.detail}
        text = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def _act(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        device_id = path.removeprefix(_PATH).strip("/")
        if method == "GET":
            return 200, {"id": self.registry.get(self.access, device_id).id}
        if method == "DELETE":
            self.registry.retire(self.access, device_id)
            return 200, {}
        registered = self.registry.register(self.access, draft_from_json(json.loads(body)))
        self.sync_broker()
        login = registered.credentials
        assert login is not None
        self.registrations += 1
        mqtt = {"username": login.username, "password": login.password, "topic": login.topic}
        return 201, {"id": registered.device.id, "mqtt": mqtt}

    def sync_broker(self) -> None:
        files = self.broker.access
        assert files is not None
        with self._lock:
            if write_broker_files(self._database, files.password_file, files.acl_file, [BRIDGE], mode=0o644):
                self.broker.reload()
