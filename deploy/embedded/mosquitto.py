"""Mosquitto, run by us with a generated configuration."""

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded import child
from deploy.embedded.account import account_for
from deploy.embedded.errors import BinaryMissing
from deploy.embedded.ports import LOOPBACK, is_listening
from deploy.embedded.server import EmbeddedServer

_START_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class BrokerAccess:
    """The two files the broker's access is decided by. Without them anybody may publish and subscribe."""

    password_file: Path
    acl_file: Path


def find_mosquitto() -> Path | None:
    """The program, from PATH or where Debian puts it (an ordinary user's PATH lacks /usr/sbin)."""
    found = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def broker_configuration(folder: Path, host: str, port: int, access: BrokerAccess | None) -> str:
    """The text of mosquitto.conf."""
    lines = [
        f"listener {port} {host}",
        "persistence true",
        f"persistence_location {folder}/",
        # Mosquitto's persistence is a snapshot. A second or two is the most that a killed broker forgets of
        # what it acknowledged; a snapshot per change would make a backlog of n messages cost n * n.
        "autosave_interval 1",
        # The bridge acknowledges in batches: with the default of 20 in flight a batch would never fill.
        "max_inflight_messages 2000",
        # While the database is away the broker keeps the queue: high, and bounded by count and bytes.
        "max_queued_messages 1000000",
        "max_queued_bytes 1073741824",
        "max_packet_size 1048576",
        "persistent_client_expiration 30d",
        "set_tcp_nodelay true",
        "connection_messages false",
        "log_dest stderr",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]
    if access is None:
        lines.append("allow_anonymous true")
    else:
        lines += [
            "allow_anonymous false",
            f"password_file {access.password_file}",
            f"acl_file {access.acl_file}",
        ]
    return "\n".join(lines) + "\n"


class Mosquitto(EmbeddedServer):
    """A broker on a loopback port; its queue, sessions and retained messages are kept in `folder`."""

    name = "mosquitto"

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
        """Serve, and return when connections are accepted. The port stays the same over restarts."""
        program = find_mosquitto()
        if program is None:
            raise BinaryMissing("mosquitto is not installed: apt install mosquitto, or set MACHI_MQTT_URL.")
        self.make_folder()
        self.reserve_port("MACHI_MQTT_PORT")
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(broker_configuration(self.folder, self.host, self.port, self.access))
        account = account_for(self.folder, program)
        self.process = child.spawn(
            [*account.prefix, program, "-c", configuration], log=self.log, user=account.user
        )
        child.wait_until(
            lambda: is_listening(self.port, self.host),
            self.process,
            name="mosquitto",
            timeout_s=_START_TIMEOUT_S,
            log=self.log,
        )

    def reload(self) -> None:
        """Read the password and ACL files again; connected clients stay."""
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
