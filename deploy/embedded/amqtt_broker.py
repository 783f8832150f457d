"""amqtt, a broker in Python, in a process of its own: what `make run` falls back to without mosquitto."""

import json
import os
import signal
import sys
from pathlib import Path

from deploy.embedded import child
from deploy.embedded.mosquitto import MAX_CONNECTIONS, BrokerAccess, BrokerTls
from deploy.embedded.ports import LOOPBACK, is_listening
from deploy.embedded.server import EmbeddedServer

NOTICE = (
    "mosquitto is not installed: using amqtt, for a first look only. "
    "It forgets messages that are not acknowledged within seconds, and everything when it stops."
)
_START_TIMEOUT_S = 20.0


class AmqttBroker(EmbeddedServer):
    """A broker on a loopback port, MQTT 3.1.1 only, in memory only."""

    name = "amqtt"

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        host: str = LOOPBACK,
        access: BrokerAccess | None = None,
        log: Path | None = None,
        has_inner_door: bool = False,  # noqa: ARG002 - it needs none: it tells our processes by their names
        tls: BrokerTls | None = None,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        super().__init__(folder, port=port, host=host, log=log)
        self.access = access
        self.tls = tls
        self._max_connections = max_connections

    @property
    def url(self) -> str:
        return f"mqtt://{self.host}:{self.port}"

    @property
    def inner_url(self) -> str:
        """Our own processes come in where devices do: the broker tells them apart by their names."""
        return self.url

    def start(self) -> None:
        self.make_folder()
        self.reserve_port("MACHI_MQTT_PORT")
        options = {"bind": f"{self.host}:{self.port}", "max_connections": str(self._max_connections)}
        if self.tls is not None and self.tls.port is not None:
            options["tls_bind"] = f"{self.host}:{self.tls.port}"
            options["certfile"] = str(self.tls.files.chain)
            options["keyfile"] = str(self.tls.files.key)
        if self.access is not None:
            options["password_file"] = str(self.access.password_file)
            options["acl_file"] = str(self.access.acl_file)
        self.process = child.spawn(
            [sys.executable, "-m", "deploy.embedded.amqtt_server", json.dumps(options)],
            log=self.log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        child.wait_until(
            lambda: is_listening(self.port, self.host),
            self.process,
            name="amqtt",
            timeout_s=_START_TIMEOUT_S,
            log=self.log,
        )

    def reload(self) -> None:
        """Read the password and ACL files again; whose password is no longer right is thrown out."""
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
