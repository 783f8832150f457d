"""amqtt, a broker in Python, in a process of its own: what `make run` falls back to without mosquitto."""

import json
import os
import signal
import sys
from pathlib import Path

from deploy.embedded import child
from deploy.embedded.mosquitto import BrokerAccess
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
    ) -> None:
        super().__init__(folder, port=port, host=host, log=log)
        self.access = access

    @property
    def url(self) -> str:
        return f"mqtt://{self.host}:{self.port}"

    def start(self) -> None:
        self.make_folder()
        self.reserve_port("MACHI_MQTT_PORT")
        options = {"bind": f"{self.host}:{self.port}"}
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
        """Read the password and ACL files again; connected clients stay."""
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
