"""Mosquitto, run by us with a generated configuration."""

import os
import resource
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded import child
from deploy.embedded.account import account_for
from deploy.embedded.errors import BinaryMissing
from deploy.embedded.ports import LOOPBACK, free_port, is_listening
from deploy.embedded.server import EmbeddedServer
from devices.broker_certificates import CertificateFiles

_START_TIMEOUT_S = 20.0
MAX_CONNECTIONS = 20_000
MAX_PACKET_BYTES = 1_048_576
"""Whoever sends more is disconnected: no sensor has so much to say at once."""
_FILES_BESIDES = 64
"""Open files of the broker that are no connections."""


@dataclass(frozen=True)
class BrokerAccess:
    """The two files the broker's access is decided by. Without them anybody may publish and subscribe."""

    password_file: Path
    acl_file: Path


@dataclass(frozen=True)
class BrokerTls:
    """Doors with TLS: for passwords, and for certificates instead of passwords. None: no such door."""

    files: CertificateFiles
    port: int | None = None
    certificate_port: int | None = None


@dataclass(frozen=True)
class Doors:
    """Where clients come in. `inner` is for our own processes, on this machine only."""

    host: str
    port: int
    inner: int | None = None
    tls: BrokerTls | None = None
    max_connections: int = MAX_CONNECTIONS
    max_packet_bytes: int = MAX_PACKET_BYTES


def find_mosquitto() -> Path | None:
    """The program, from PATH or where Debian puts it (an ordinary user's PATH lacks /usr/sbin)."""
    found = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def broker_configuration(folder: Path, doors: Doors, access: BrokerAccess | None) -> str:
    """The text of mosquitto.conf."""
    lines = [
        "persistence true",
        f"persistence_location {folder}/",
        # Mosquitto's persistence is a snapshot. A second or two is the most that a killed broker forgets of
        # what it acknowledged; a snapshot per change would make a backlog of n messages cost n * n.
        "autosave_interval 1",
        # The bridge acknowledges in batches: with the default of 20 in flight a batch would never fill.
        "max_inflight_messages 10000",
        # While the database is away the broker keeps the queue: high, and bounded by count and bytes.
        "max_queued_messages 1000000",
        "max_queued_bytes 1073741824",
        f"max_packet_size {doors.max_packet_bytes}",
        "persistent_client_expiration 30d",
        "set_tcp_nodelay true",
        "connection_messages false",
        "log_dest stderr",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]
    if access is None:
        return "\n".join([*lines, "allow_anonymous true", f"listener {doors.port} {doors.host}"]) + "\n"
    lines += [
        "allow_anonymous false",
        f"password_file {access.password_file}",
        f"acl_file {access.acl_file}",
        *_outer_doors(doors),
    ]
    if doors.inner is not None:
        lines.append(f"listener {doors.inner} {LOOPBACK}")
    return "\n".join(lines) + "\n"


def _outer_doors(doors: Doors) -> list[str]:
    """Where devices come in: the client id is the user name, so that nobody takes another's session, and a
    credential has one connection. The inner door has free ids: several bridges have one user name.
    """
    common = [f"max_connections {doors.max_connections}", "use_username_as_clientid true"]
    lines = [f"listener {doors.port} {doors.host}", *common]
    tls = doors.tls
    if tls is None:
        return lines
    own = [f"certfile {tls.files.chain}", f"keyfile {tls.files.key}"]
    if tls.port is not None:
        lines += [f"listener {tls.port} {doors.host}", *common, *own]
    if tls.certificate_port is not None:
        lines += [
            f"listener {tls.certificate_port} {doors.host}",
            *common,
            *own,
            f"cafile {tls.files.authority}",
            f"crlfile {tls.files.revoked}",
            "require_certificate true",
            "use_identity_as_username true",
        ]
    return lines


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
        has_inner_door: bool = False,
        tls: BrokerTls | None = None,
        max_connections: int = MAX_CONNECTIONS,
        max_packet_bytes: int = MAX_PACKET_BYTES,
    ) -> None:
        super().__init__(folder, port=port, host=host, log=log)
        self.access = access
        self.tls = tls
        self.inner_port = free_port() if has_inner_door and access is not None else None
        self._max_connections = max_connections
        self._max_packet_bytes = max_packet_bytes

    @property
    def url(self) -> str:
        return f"mqtt://{self.host}:{self.port}"

    @property
    def inner_url(self) -> str:
        """Where our own processes come in: ids are free there. Without such a door, where devices do."""
        return self.url if self.inner_port is None else f"mqtt://{LOOPBACK}:{self.inner_port}"

    def start(self) -> None:
        """Serve, and return when connections are accepted. The port stays the same over restarts."""
        program = find_mosquitto()
        if program is None:
            raise BinaryMissing("mosquitto is not installed: apt install mosquitto, or set MACHI_MQTT_URL.")
        self.make_folder()
        self.reserve_port("MACHI_MQTT_PORT")
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(broker_configuration(self.folder, self._doors(), self.access))
        account = account_for(self.folder, program)
        self.process = child.spawn(
            [*account.prefix, program, "-c", configuration],
            log=self.log,
            user=account.user,
            # It is a bound as well, where mosquitto (before 2.0.12) loses count: above it new connections are
            # closed.
            open_files=self._doors_count() * self._max_connections + _FILES_BESIDES,
        )
        child.wait_until(
            lambda: is_listening(self.port, self.host),
            self.process,
            name="mosquitto",
            timeout_s=_START_TIMEOUT_S,
            log=self.log,
        )

    def _doors_count(self) -> int:
        ports = (self.port, self.tls and self.tls.port, self.tls and self.tls.certificate_port)
        return sum(port is not None for port in ports)

    def _doors(self) -> Doors:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        possible = MAX_CONNECTIONS if hard == resource.RLIM_INFINITY else hard - _FILES_BESIDES
        return Doors(
            self.host,
            self.port,
            self.inner_port,
            self.tls,
            max(1, min(self._max_connections, possible)),
            self._max_packet_bytes,
        )

    def reload(self) -> None:
        """Read the access files again; whose password is no longer right is thrown out."""
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
