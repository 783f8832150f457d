"""The guides' profile is one, and their adapter is a package that works once it is installed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from context_api.store.access import Access
from devices.preview import draft_device, preview
from devices.profile_file import load_toml
from devices.profile_registry import check_document
from tests.docs.tables import DOCS, ROOT

_RUN = """
import json
from adapters.registry import adapter_names, get_adapter
from adapters.types import DecodeError, Message
from context_api.store.access import Access
from devices.catalog import built_in_profiles
from devices.preview import draft_device, preview

assert "example_csv" in adapter_names()
adapter = get_adapter("example_csv")
hostile = (b"", b"\\xff", b";" * 10**6, b"1795392000;a;nan", b"1795392000;a", b"x;a;1", b"9" * 5000 + b";a;1")
for payload in hostile:
    try:
        adapter.decode(Message("t", payload), None)
    except DecodeError:
        continue
    raise SystemExit(f"{payload[:20]!r} is no reading")
profile = built_in_profiles()["weather"]
device = draft_device(Access("default", 1, "test"), profile, "example_csv", {"id": "probe-1"})
payload = b"1795392000;temperature;18.5;humidity;60"
reading = preview(profile, device, payload, arrived_at=1_795_392_001_000_000).ingested.readings[0]
shown = {name.rpartition("/")[2]: held[0] for name, held in reading.attributes.items()}
print(json.dumps({name: [one.value, one.observed_at] for name, one in shown.items()}))
"""


def _blocks(language: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", (DOCS / language / "profiles.md").read_text(), re.DOTALL)


def test_both_guides_show_the_same_package() -> None:
    assert _blocks("en", "python") == _blocks("ja", "python")
    assert _blocks("en", "toml")[1:] == _blocks("ja", "toml")[1:]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_profile_of_the_guide_is_one(language: str) -> None:
    profile = check_document(load_toml(_blocks(language, "toml")[0]))
    device = draft_device(Access("default", 1, "test"), profile, "native", {"id": "gauge-1"})
    payload = (
        b'{"ts": 1795392000, "level_cm": 132.5, "air": [{"temp": 68}], "raw": 1132, "door": 1, "roof": 21,'
        b' "battery": 87, "gate": {"id": "g7", "open": true}, "lat": 35.75, "lon": 139.46}'
    )
    shown = preview(profile, device, payload)
    assert [entity.id for entity in shown.entities] == [
        "urn:ngsi-ld:FloodMonitoring:gauge-1",
        "urn:ngsi-ld:Device:gauge-1",
        "urn:ngsi-ld:Gate:gauge-1:g7",
    ]
    values = {
        (name.rpartition("/")[2], one.dataset_id): one.value
        for name, held in shown.entities[0].attributes.items()
        for one in held
    }
    assert values["currentLevel", ""] == 1.325
    assert values["temperature", ""] == 20.0
    assert values["temperature", "urn:ngsi-ld:Dataset:roof"] == 21
    assert values["pressure", ""] == 1013.2
    assert values["doorState", ""] == "open"
    assert values["location", ""] == {"type": "Point", "coordinates": [139.46, 35.75]}


def test_the_adapter_of_the_guide_is_installed_and_reads(tmp_path: Path) -> None:
    package, site = tmp_path / "machi-example", tmp_path / "site"
    package.mkdir()
    (package / "pyproject.toml").write_text(_blocks("en", "toml")[1])
    (package / "machi_example.py").write_text(_blocks("en", "python")[0])
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, *install, "--target", site, package], check=True, timeout=110)
    ran = subprocess.run(
        [sys.executable, "-c", _RUN],
        env={"PYTHONPATH": f"{site}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == (
        '{"temperature": [18.5, 1795392000000000], "relativeHumidity": [0.6, 1795392000000000]}\n'
    )
