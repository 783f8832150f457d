"""An operator's day: a file of 1,000 sensors, seven mistakes, and what the sensors then say.

Real processes, real mosquitto, access on: dry run -> mend -> import -> passwords -> publish -> entities.
Run it with `-s` to see steps and times.
"""

import csv
import io
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest

from tests.support.brokers import connected
from tests.support.town import Town
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.mosquitto, pytest.mark.timeout(300)]

DEVICES = 1_000
SPEAKING = 1_000
HEADER = ["デバイスID", "プロファイル", "名称", "緯度", "経度", "送信間隔", "設置者メモ"]
PROFILES = ("air-quality", "noise", "weather", "parking")
VALUES = {"air-quality": "pm25", "noise": "LAeq", "weather": "temperature", "parking": "availableSpotNumber"}


class Steps:
    """What the operator did, and how long each step took."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._last = self._started

    def done(self, what: str) -> None:
        now = time.monotonic()
        line = f"{now - self._started:7.1f} s  (+{now - self._last:5.1f})  {what}"
        print(line)  # noqa: T201 - what an operator is told
        self._last = now


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    running = Town(tmp_path, MACHI_SIMULATE="0", MACHI_ATTRIBUTION="東村山市")
    running.start()
    yield running
    running.close()


def _rows() -> list[list[str]]:
    return [
        [
            f"hm-{number:04}",
            PROFILES[number % len(PROFILES)],
            f"秋津町{number}番",
            f"{35.74 + number % 40 * 0.001:.4f}",
            f"{139.45 + number // 40 * 0.001:.4f}",
            "600" if number % 2 else "６００",
            "電柱の北側",
        ]
        for number in range(1, DEVICES + 1)
    ]


MISTAKES = {
    12: (3, "139.4600", "緯度", "緯度と経度が逆のようです。"),
    101: (1, "air-qualty", "プロファイル", "「air-quality」の書き間違いではありませんか。"),
    202: (0, "hm-0100", "デバイスID", "同じデバイスIDが 101 行目にもあります。"),
    303: (0, "秋津-1", "デバイスID", "デバイスIDに使えない文字があるか、長すぎます。"),
    404: (4, "", "経度", "緯度と経度の片方しかありません。"),
    505: (5, "十分", "送信間隔", "数値として読めません。"),
    999: (2, "=SUM(A1:A2)", "名称", "数式が入っています。"),
}
"""Row as the spreadsheet counts -> column, what is written there, its name, what the report says of it."""


def _with_mistakes() -> list[list[str]]:
    rows = _rows()
    for row, (column, value, _, _) in MISTAKES.items():
        cells = rows[row - 2]
        if column == 3:  # swapped: both are right, in the wrong places
            cells[3], cells[4] = cells[4], cells[3]
        else:
            cells[column] = value
    return rows


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """As Excel in Japan writes a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    path.write_bytes(text.getvalue().encode("cp932"))


def test_a_thousand_sensors_from_a_file_to_live_entities(town: Town) -> None:
    steps = Steps()
    file = town.folder / "センサー.csv"
    _write(file, _with_mistakes())
    _see_every_mistake(town)
    steps.done(f"dry run: {len(MISTAKES)} mistakes of {DEVICES} rows found and explained")
    _write(file, _rows())
    again = town.run("device", "import", "センサー.csv", "--credentials", "passwords.csv", "--lang", "ja")
    assert again.returncode == 0, again.stderr
    assert "1,000 created, 0 updated, 0 unchanged, 0 failed, 0 wrong." in again.stdout
    steps.done("mended, imported, known to the broker, passwords fetched")
    logins = _logins(town.folder / "passwords.csv")
    assert len(logins) == DEVICES
    with httpx.Client(base_url=town.url, headers={"Authorization": f"Bearer {town.key}"}, timeout=60) as api:
        assert api.get("/api/v1/devices", params={"limit": 1}).json()["total"] == DEVICES
        _publish_all(town, logins[:SPEAKING])
        steps.done(f"{SPEAKING} sensors published, each with its own password")
        _see_the_entities(api)
        steps.done("their entities are live")
        _refuse_strangers(town, logins)
        _see_what_is_left(town, api)
        steps.done("the same file again changes nothing; labels are drawn")


def _see_every_mistake(town: Town) -> None:
    answer = town.run("device", "import", "センサー.csv", "--dry-run", "--json", "--lang", "ja")
    assert answer.returncode == 1, answer.stderr
    report = json.loads(answer.stdout)["report"]
    assert (report["encoding"], report["rows"], report["errors"]) == ("Shift_JIS (CP932)", DEVICES, 7)
    assert report["unknownColumns"] == ["設置者メモ"]
    errors = {fault["row"]: fault for fault in report["faults"] if fault["severity"] == "error"}
    assert set(errors) == set(MISTAKES)
    for row, (_, _, column, said) in MISTAKES.items():
        assert errors[row]["column"] == column
        assert said in errors[row]["what"]
        assert errors[row]["mend"]
    assert errors[12]["mend"] == "緯度に 35.751、経度に 139.45 と書いてください。"
    plain = town.run("device", "import", "センサー.csv", "--lang", "ja")
    assert plain.returncode == 1
    assert "まだ何も登録していません" in plain.stdout


def _logins(file: Path) -> list[dict[str, str]]:
    assert file.stat().st_mode & 0o777 == 0o600
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))


def _publish_all(town: Town, logins: Sequence[dict[str, str]]) -> None:
    def publish(login: dict[str, str]) -> None:
        profile = PROFILES[int(login["id"].removeprefix("hm-")) % len(PROFILES)]
        with connected(town.mqtt_port, login["username"], login["password"]) as device:
            assert device.is_accepted, device.reason
            device.publish(login["topic"], json.dumps({VALUES[profile]: 12}))

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(publish, logins))) == SPEAKING


def _see_the_entities(api: httpx.Client) -> None:
    def count() -> int:
        total = 0
        for kind in ("AirQualityObserved", "NoiseLevelObserved", "WeatherObserved", "OffStreetParking"):
            answer = api.get("/ngsi-ld/v1/entities", params={"type": kind, "limit": 0, "count": "true"})
            total += int(answer.headers["NGSILD-Results-Count"])
        return total

    wait_until(lambda: True if count() == SPEAKING else None, timeout_s=60)
    entity = api.get("/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:hm-0004").json()
    assert entity["pm25"]["value"] == 12
    assert entity["location"]["value"]["coordinates"] == [139.45, 35.744]


def _refuse_strangers(town: Town, logins: Sequence[dict[str, str]]) -> None:
    one, other = logins[0], logins[1]
    with connected(town.mqtt_port, one["username"], other["password"]) as stranger:
        assert not stranger.is_accepted


def _see_what_is_left(town: Town, api: httpx.Client) -> None:
    again = town.run("device", "import", "センサー.csv", "--lang", "en")
    assert again.returncode == 0, again.stderr
    assert "0 created, 0 updated, 1,000 unchanged, 0 failed, 0 wrong." in again.stdout
    [first] = [one for one in _imports(api) if one["counts"]["created"]]
    assert api.post(f"/api/v1/device-imports/{first['id']}/credentials").status_code == 409
    drawn = town.run("device", "labels", "labels.pdf", "--import", str(first["id"]))
    assert drawn.returncode == 0, drawn.stderr
    pages = pypdfium2.PdfDocument(town.folder / "labels.pdf")
    assert len(pages) == -(-DEVICES // 24)
    text = pages[0].get_textpage().get_text_range()
    assert all(part in text for part in ("hm-0001", "秋津町1番", "東村山市"))


def _imports(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/api/v1/device-imports").json()["imports"]
    return found
