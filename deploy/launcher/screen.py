"""What a person sees: a line per step while it starts, one calm screen, a line when something happens."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape

_EXTRACT = r"""sed -n 's/.*"password": *"\([^"]*\)".*/\1/p'"""


@dataclass(frozen=True)
class Summary:
    """What the screen tells once everything runs."""

    http_url: str
    mqtt_host: str
    mqtt_port: int
    broker: str
    folder: str
    auth: bool
    key: str | None
    """The first administrator's key, at the one start that made it."""
    simulated: int


class Screen:
    """Everything `machi up` says, on standard output."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Show that something is under way, then that it is done and how long it took."""
        started = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(f"… {escape(what)}")
        with self._console.status(escape(what)):
            yield
        self._console.print(f"[green]✓[/] {escape(what)} [dim]{time.monotonic() - started:.1f} s[/]")

    def say(self, text: str) -> None:
        """One line about something that happened."""
        self._console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {escape(text)}", soft_wrap=True)

    def show(self, summary: Summary) -> None:
        """The calm screen."""
        for line in summary_lines(summary):
            self._console.print(line, soft_wrap=True)


def summary_lines(summary: Summary) -> list[str]:
    """The screen, in rich's markup. Commands are on lines of their own, to be copied."""
    url = summary.http_url
    lines = [
        "",
        "[bold]まち Machi が動いています · Machi is running[/]",
        "",
        _row("画面 page", f"{url}/"),
        _row("API", f"{url}/ngsi-ld/v1   [dim]docs[/] {url}/docs"),
        _row("MQTT", f"mqtt://{summary.mqtt_host}:{summary.mqtt_port}   [dim]{escape(summary.broker)}[/]"),
        _row("データ data", escape(summary.folder)),
    ]
    if summary.simulated:
        simulated = f"{summary.simulated} simulated devices   [dim]MACHI_SIMULATE=0: none[/]"
        lines.append(_row("模擬センサー", simulated))
    lines += _key_lines(summary)
    lines += ["", "[bold]つぎに · Next[/]", ""]
    lines += [f"  {escape(command)}" for command in next_commands(summary)]
    return [
        *lines,
        "",
        "[dim]Ctrl-C で止まります。データは残ります · Ctrl-C stops everything; the data stays[/]",
        "",
    ]


def _row(label: str, text: str) -> str:
    """A label of 14 cells (a Japanese letter takes two) and what it names."""
    return f"  {label}{' ' * (14 - cell_len(label))}{text}"


def _key_lines(summary: Summary) -> list[str]:
    if not summary.auth:
        return ["", "[yellow]MACHI_AUTH=off[/]: everything is allowed, from this machine only"]
    if summary.key is None:
        return [
            "",
            "[dim]管理キーは最初の起動時に表示済み · The key was shown at the first start; another one:[/]"
            " machi key create",
        ]
    return [
        "",
        "[bold]管理キー · Administrator key[/] [dim](一度だけ表示 · shown this once)[/]",
        "",
        f"  {summary.key}",
        "",
        f"  {summary.http_url}/#key={summary.key}",
    ]


def next_commands(summary: Summary) -> list[str]:
    """Shell commands that work as they stand, in this order."""
    url = summary.http_url
    commands, header = [], ""
    if summary.auth:
        commands = [f"export MACHI_KEY={summary.key or 'machi_…'}", ""]
        header = '-H "Authorization: Bearer $MACHI_KEY" '
    position = '{"type": "Point", "coordinates": [139.4685, 35.7546]}'
    body = f'{{"id": "aq-001", "profile": "air-quality", "location": {position}}}'
    register = f"curl -s {header}-H 'Content-Type: application/json' {url}/api/v1/devices -d '{body}'"
    return [
        *commands,
        "# いまの大気 · the air at this moment",
        f"curl -s {header}'{url}/ngsi-ld/v1/entities?type=AirQualityObserved&limit=2'",
        "",
        "# センサーを登録し、測定値を送り、読み出す · register a sensor, send a value, read it back",
        f"PASSWORD=$({register} | {_EXTRACT})" if summary.auth else register,
        _publish_command(summary),
        f"sleep 1; curl -s {header}{url}/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:aq-001",
    ]


def _publish_command(summary: Summary) -> str:
    topic, payload = "machi/v1/default/aq-001/up", '{"pm25": 12.3}'
    if shutil.which("mosquitto_pub"):
        login = '-u default/aq-001 -P "$PASSWORD" ' if summary.auth else ""
        address = f"-h {summary.mqtt_host} -p {summary.mqtt_port}"
        return f"mosquitto_pub {address} -q 1 {login}-t {topic} -m '{payload}'"
    login = ", auth={'username': 'default/aq-001', 'password': '$PASSWORD'}" if summary.auth else ""
    quoted = payload.replace('"', '\\"')
    return (
        f".venv/bin/python -c \"import paho.mqtt.publish as p; p.single('{topic}', '{quoted}', qos=1, "
        f"hostname='{summary.mqtt_host}', port={summary.mqtt_port}{login})\""
    )
