"""What the installation is made of, held against its lock file."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from deploy.cli import app
from deploy.sbom import make_sbom

ROOT = Path(__file__).resolve().parents[3]


def test_it_names_what_the_lock_file_pins() -> None:
    pinned = dict(
        re.findall(r"^([a-z0-9-]+)==([^ \\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    )
    listed = {item["name"]: item["version"] for item in make_sbom()["components"]}
    # Tools of the build are pinned too; what another Python needs is listed there only
    assert set(listed) <= set(pinned)
    assert {"fastapi", "psycopg", "paho-mqtt", "cryptography", "starlette"} <= set(listed)


def test_everything_has_an_address_and_nearly_everything_a_licence() -> None:
    document = make_sbom()
    components = document["components"]
    assert document["metadata"]["component"]["name"] == "machi"
    assert [item["purl"] for item in components] == [
        f"pkg:pypi/{item['name']}@{item['version']}" for item in components
    ]
    nameless = [item["name"] for item in components if "licenses" not in item]
    assert len(nameless) < len(components) / 10, nameless


def test_dependencies_lead_to_what_is_listed() -> None:
    document = make_sbom()
    known = {item["bom-ref"] for item in document["components"]} | {
        document["metadata"]["component"]["bom-ref"]
    }
    edges = {edge["ref"]: set(edge["dependsOn"]) for edge in document["dependencies"]}
    assert set(edges) == known
    assert set().union(*edges.values()) <= known
    fastapi = next(reference for reference in known if reference.startswith("pkg:pypi/fastapi@"))
    assert any(reference.startswith("pkg:pypi/starlette@") for reference in edges[fastapi])


def test_the_same_parts_give_the_same_document() -> None:
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert make_sbom(now) == make_sbom(now)
    assert make_sbom(now)["metadata"]["timestamp"] == "2026-11-23T09:00:00Z"


def test_the_command_prints_or_writes_it(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["sbom"])
    assert json.loads(printed.output)["bomFormat"] == "CycloneDX"
    written = CliRunner().invoke(app, ["sbom", "--file", str(tmp_path / "machi.cdx.json")])
    assert written.exit_code == 0
    assert json.loads((tmp_path / "machi.cdx.json").read_text())["specVersion"] == "1.6"
    assert CliRunner().invoke(app, ["sbom", "--file", str(tmp_path / "none" / "x")]).exit_code == 1
