"""`machi grant …` and `machi access explain` on a real database."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from context_api.store.database import open_database
from deploy.cli import app
from deploy.errors import CommandError
from tests.support.partners import Partners

AREA = {
    "type": "Feature",
    "geometry": {"type": "Polygon", "coordinates": [[[139, 35], [140, 35], [140, 36], [139, 35]]]},
}


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))


@pytest.fixture
def partners(database_url: str) -> Iterator[Partners]:
    database = open_database(database_url)
    yield Partners(database)
    database.close()


def machi(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_a_grant_is_added_listed_explained_and_removed(partners: Partners, tmp_path: Path) -> None:
    prefix = partners.add("acme")["Authorization"].split("_")[1]
    assert "Nothing is granted" in machi("grant", "list").output
    area = tmp_path / "area.json"
    area.write_text(json.dumps(AREA))
    asked = "GET /ngsi-ld/v1/entities?type=AirQualityObserved&q=pm25>35;no2>1"
    refused = machi("access", "explain", "--key", prefix, "--request", asked)
    assert refused.exit_code == 1
    assert refused.output.splitlines()[0] == (
        f"refused with 403: queryEntities for key:{prefix}, partner in the tenant default"
    )
    added = machi(
        *("grant", "add", "read", "history", "--to", "acme", "--type", "AirQualityObserved"),
        *("--attribute", "pm25", "--area", str(area), "--valid-until", "2099-01-01T00:00:00Z"),
    )
    assert added.exit_code == 0, added.output
    line = "1  acme  read,history  AirQualityObserved (pm25)  in an area  until 2099-01-01T00:00:00Z"
    assert line in added.output
    assert machi("grant", "list").output == f"{line}\n"
    allowed = machi("access", "explain", "--key", prefix, "--request", asked)
    assert allowed.exit_code == 0, allowed.output
    assert "  - no2 is not granted: it behaves as absent" in allowed.output.splitlines()
    told = json.loads(machi("access", "explain", "--key", prefix, "--request", asked, "--json").output)
    assert (told["allowed"], told["grants"], told["hidden"]) == (True, [1], ["no2"])
    assert machi("grant", "personal", "AirQualityObserved", "pm25").output == (
        "Personal in AirQualityObserved: pm25.\n"
    )
    hidden = machi("access", "explain", "--key", prefix, "--request", asked).output
    assert "  - pm25 is personal" in hidden or "  - pm25 is marked as personal" in hidden
    assert machi("grant", "remove", "1").output == "Grant 1 is taken back.\n"
    assert machi("grant", "list").output.startswith("Nothing is granted")


def test_what_is_asked_wrongly_is_said(tmp_path: Path) -> None:
    for arguments, said in (
        (("grant", "add", "read"), "give one of the two"),
        (("grant", "add", "read", "--to", "nobody"), "no organisation 'nobody'"),
        (("grant", "add", "fly", "--to", "public"), "Invalid enum value 'fly'"),
        (("grant", "remove", "7"), "the grant 7 does not exist"),
        (("access", "explain", "--request", "GET"), "a method and a path"),
        (("access", "explain", "--request", "GET /", "--key", "zzzzzzzz"), "there is no key"),
    ):
        error = machi(*arguments).exception
        assert isinstance(error, CommandError)
        assert said in str(error)
