"""What `machi doctor` asks the broker itself: by knocking at its doors, as a stranger and as one of ours."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from deploy import wiring
from deploy.broker_limits import judge_configuration, judge_in_flight, judge_sharing
from deploy.data_folder import DataFolder
from deploy.embedded.mosquitto import MAX_PACKET_BYTES, find_mosquitto
from deploy.mqtt_dial import ACCEPTED, Answer, Caller, dialled, is_open, trusting
from deploy.settings import Settings
from deploy.worker import writes_broker_files
from devices.authority import end_of
from devices.broker_address import BrokerAddress, parse_broker_url
from devices.broker_certificates import CertificateFiles
from devices.credentials import WORKER_USERNAME

_TAKEN_OVER_S = 1.0
_CERTIFICATE_ENDS = timedelta(days=14)
_COUNTS_RIGHT = (2, 0, 12)
_NO_ACCESS = (
    f"the broker refuses {WORKER_USERNAME}, who closes connections of revoked credentials: does the worker "
    "write its password file, or does it ask /api/v1/broker/authenticate?"
)


class Told(NamedTuple):
    """One thing that was looked at."""

    subject: str
    is_good: bool
    detail: str


def check_broker(settings: Settings, found: wiring.Connections) -> Iterator[Told]:
    """Whether the broker lets nobody in who does not belong. Every question is bounded in time."""
    outer, inner = parse_broker_url(found.mqtt_url), parse_broker_url(found.inner_mqtt_url)
    yield from _asked(lambda: _check_anonymous(settings, outer))
    yield from _asked(lambda: _check_limits(settings, outer))
    if inner != outer:
        yield from _asked(lambda: _check_anonymous(settings, inner))
    if settings.mqtt_url is None:
        yield from _check_tls(settings)
        yield from _check_configuration(settings)


def _asked(ask: Callable[[], Iterator[Told]]) -> Iterator[Told]:
    try:
        yield from ask()
    except OSError as error:
        yield Told("broker access", False, f"the broker does not answer: {error}")


def _check_anonymous(settings: Settings, address: BrokerAddress) -> Iterator[Told]:
    answer = _dial(settings, address, Caller("machi-doctor"))
    where = f"{address.host}:{address.port}"
    if answer.code == ACCEPTED:
        yield Told(
            "anonymous",
            not settings.auth,
            f"{where} lets anybody in: set allow_anonymous false at the broker",
        )
    else:
        yield Told("anonymous", True, f"{where} refuses clients without a password")


def _check_limits(settings: Settings, address: BrokerAddress) -> Iterator[Told]:
    """Packet size and connections, as our own service that may read and write nothing finds them."""
    service = wiring.kicking_service(settings)
    caller = Caller("machi-doctor", service.username, service.password)
    context = _context(settings, address)
    if _dial(settings, address, caller).code != ACCEPTED:
        yield Told("broker access", False, _NO_ACCESS)
        return
    try:
        with dialled(address, caller, version=5, context=context) as (first, answer):
            if answer.code != ACCEPTED:
                raise ConnectionError(f"MQTT 5 is refused ({answer.code})")
            yield _judge_packets(answer.maximum_packet_size)
            yield Told(*judge_in_flight(answer.receive_maximum))
            other = Caller("machi-doctor-2", service.username, service.password)
            with dialled(address, other, context=context):
                is_single = not is_open(first, _TAKEN_OVER_S)
    except OSError:
        yield Told("broker access", True, "the broker does not speak MQTT 5: its limits cannot be asked for")
        return
    detail = (
        "one per credential" if is_single else "a credential has several: set use_username_as_clientid true"
    )
    yield Told("connections", is_single, detail)


def _judge_packets(size: int | None) -> Told:
    if size is None:
        return Told("packet size", False, "the broker names no limit: set max_packet_size 1048576")
    return Told("packet size", size <= MAX_PACKET_BYTES, f"packets of at most {size} bytes")


def _check_tls(settings: Settings) -> Iterator[Told]:
    """The certificate of the broker that we run."""
    files = CertificateFiles.beside(wiring.broker_files(settings)[0])
    if not settings.auth or not writes_broker_files(settings):
        return
    if not files.are_there():
        yield Told("broker TLS", False, f"{files.chain.parent} holds no certificates: does the worker run?")
        return
    ends = end_of(files.chain.read_text())
    is_good = ends - datetime.now(UTC) > _CERTIFICATE_ENDS
    yield Told("broker TLS", is_good, f"the broker's certificate is valid until {ends:%Y-%m-%d}")
    port = settings.mqtt_tls_port
    if port and f"listener {port} " not in _configuration(settings):
        yield Told("broker TLS", True, f"port {port} was in use at the start; MACHI_MQTT_TLS_PORT is another")
    elif port:
        yield _ask_tls(port, files.authority)


def _ask_tls(port: int, authority: Path) -> Told:
    address = BrokerAddress("localhost", port, tls=True)
    try:
        with dialled(address, Caller("machi-doctor"), context=trusting(authority)) as (_, answer):
            refused = answer.code != ACCEPTED
    except OSError as error:
        return Told("broker TLS", False, f"port {port}: {error}")
    return Told("anonymous", refused, f"port {port} (TLS) refuses clients without a password")


def _configuration(settings: Settings) -> str:
    """What the broker that we run was told; empty for amqtt, which has no such file."""
    path = DataFolder(settings.data_dir).broker / "mosquitto.conf"
    return path.read_text() if path.exists() else ""


def _check_configuration(settings: Settings) -> Iterator[Told]:
    """What cannot be seen from outside: the bound on connections."""
    text = _configuration(settings)
    if text:
        yield from (Told(*limit) for limit in judge_configuration(text))
        yield Told(*judge_sharing(settings.bridges, settings.bridge_spread))
    if not text or not settings.auth:
        return
    bounds = [line.split()[1] for line in text.splitlines() if line.startswith("max_connections ")]
    detail = f"at most {bounds[0]} a port" if bounds else "max_connections is missing in its configuration"
    version = mosquitto_version(find_mosquitto())
    if bounds and version is not None and version < _COUNTS_RIGHT:
        shown = ".".join(map(str, version))
        detail += f"; mosquitto {shown} loses count (mended in 2.0.12): its open files are the bound"
    yield Told("connections", bool(bounds), detail)


def mosquitto_version(program: Path | None) -> tuple[int, ...] | None:
    """The version of an installed mosquitto; None where it does not say."""
    if program is None:
        return None
    told = subprocess.run([program, "-h"], capture_output=True, text=True, check=False, timeout=10).stdout  # noqa: S603
    words = told.partition("\n")[0].split()
    number = words[-1] if words else ""
    parts = number.split(".")
    return tuple(map(int, parts)) if len(parts) == 3 and all(part.isdigit() for part in parts) else None


def _dial(settings: Settings, address: BrokerAddress, caller: Caller) -> Answer:
    with dialled(address, caller, context=_context(settings, address)) as (_, answer):
        return answer


def _context(settings: Settings, address: BrokerAddress) -> ssl.SSLContext | None:
    return trusting(settings.mqtt_ca_file) if address.tls else None
