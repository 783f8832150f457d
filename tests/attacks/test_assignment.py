"""Members added to a request to get more than one may (mass assignment), and files with a trap."""

import csv
import io
import zipfile
from typing import Any

import pytest

from tests.attacks.conftest import ENTITIES, SHOWN, Town

MORE: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/v1/keys", {"organisation": "mallory", "role": "administrator"}),
    ("POST", "/api/v1/keys", {"organisation": "town", "role": "administrator"}),
    ("POST", "/api/v1/keys", {"organisation": "victim", "role": "partner"}),
    ("POST", "/api/v1/keys", {"organisation": "mallory", "role": "service"}),
    ("POST", "/api/v1/keys", {"organisation": "mallory", "role": "partner", "tenants": ["north"]}),
    ("POST", "/api/v1/keys", {"role": "partner", "isAdministrator": True}),
    ("PATCH", "/api/v1/organisations/mallory", {"kind": "town"}),
    ("PATCH", "/api/v1/organisations/mallory", {"tenants": ["default", "north"]}),
    ("POST", "/api/v1/organisations", {"name": "mine", "kind": "town", "tenants": ["default"]}),
    ("POST", "/api/v1/organisations/mallory/invitations", {"role": "administrator"}),
    ("POST", "/api/v1/grants", {"organisation": "mallory", "operations": ["read"]}),
    ("PUT", "/api/v1/grants/1", {"operations": ["read", "write"]}),
    ("PUT", "/api/v1/type-policies/House", {"personal": []}),
    ("PUT", "/api/v1/data-statements/House", {"titleEn": "mine"}),
    ("POST", "/api/v1/tenants", {"name": "mine"}),
    ("POST", "/api/v1/erasures", {"entities": [SHOWN], "reason": "because"}),
    ("PUT", "/api/v1/retention/Air", {"rawDays": 1}),
    ("POST", "/api/v1/accounts", {"name": "mallory", "organisation": "town", "role": "administrator"}),
    ("POST", "/api/v1/devices", {"id": "mine", "profile": "air-quality"}),
    ("POST", "/api/v1/devices", {"id": "mine", "profile": "air-quality", "owner": "town"}),
    ("PATCH", "/api/v1/devices/dev-1", {"owner": "mallory"}),
    ("POST", "/api/v1/profiles", {"name": "mine"}),
    ("POST", ENTITIES, {"id": "urn:ngsi-ld:Air:mine", "type": "Air"}),
    ("DELETE", f"{ENTITIES}/{SHOWN}", None),
    ("PATCH", f"{ENTITIES}/{SHOWN}/attrs", {"pm25": {"type": "Property", "value": 0}}),
    ("PATCH", f"{ENTITIES}/{SHOWN}", {"owner": {"type": "Property", "value": "mallory"}}),
    ("POST", "/ngsi-ld/v1/entityOperations/delete", [SHOWN]),
    ("POST", "/ngsi-ld/v1/entityOperations/upsert", [{"id": SHOWN, "type": "Air"}]),
    ("DELETE", f"/ngsi-ld/v1/temporal/entities/{SHOWN}", None),
    ("DELETE", f"{ENTITIES}?type=Air", None),
    ("POST", "/api/v1/indexes", {"attribute": "pm25"}),
)


@pytest.mark.parametrize(("method", "path", "body"), MORE)
def test_a_partner_gets_no_more_than_it_was_given(town: Town, method: str, path: str, body: Any) -> None:
    answer = town.call(town.mallory, method, path, body)
    if path == "/ngsi-ld/v1/entityOperations/upsert" or path.endswith("/delete"):
        assert answer.status_code in (400, 403, 404, 207), answer.text
        return
    assert answer.status_code in (400, 403, 404), answer.text


@pytest.mark.parametrize(
    "member", ["owner", "organisation", "organisation_id", "owner_role", "tenant", "principal", "createdBy"]
)
def test_a_subscription_belongs_to_whoever_makes_it(town: Town, member: str) -> None:
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Air"}],
        "notification": {"endpoint": {"uri": "https://example.org/hook"}},
        member: "victim",
    }
    made = town.call(town.mallory, "POST", "/ngsi-ld/v1/subscriptions", subscription)
    assert made.status_code in (201, 400), made.text
    if made.status_code == 201:
        path = made.headers["Location"]
        assert town.call(town.mallory, "GET", path).status_code == 200
        assert town.call(town.outsider, "GET", path).status_code == 404
        assert town.call(town.mallory, "DELETE", path).status_code == 204


def test_nothing_was_changed(town: Town) -> None:
    root = town.house.root
    entity = town.call(root, "GET", f"{ENTITIES}/{SHOWN}").json()
    assert entity["pm25"]["value"] == 12.5
    assert "owner" not in entity
    assert town.call(root, "GET", f"{ENTITIES}/urn:ngsi-ld:Air:mine").status_code == 404
    assert town.call(root, "GET", "/api/v1/organisations/mallory").json()["tenants"] == ["default"]
    assert town.call(root, "GET", "/api/v1/devices/mine").status_code == 404
    me = town.call(town.mallory, "GET", "/api/v1/me").json()
    assert me["role"] == "partner"


def _workbook(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return file.getvalue()


_XXE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c t="inlineStr"><is><t>&e;</t></is></c></row></sheetData></worksheet>'
)
_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "'
    + b"ha" * 500
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + number, b"&%c;" % (97 + number) * 10) for number in range(12))
    + b"]><worksheet>&m;</worksheet>"
)
TRAPS = {
    "a bomb": _workbook(xl__worksheets__sheet1_dot_xml=b"0" * 60_000_000),
    "an entity of a file": _workbook(xl__worksheets__sheet1_dot_xml=_XXE),
    "entities of entities": _workbook(xl__worksheets__sheet1_dot_xml=_LAUGHS),
    "a path that leads out": _workbook(**{"..__..__etc__passwd": b"x"}),
    "a thousand sheets": _workbook(**{f"xl__worksheets__sheet{n}_dot_xml": b"<x/>" for n in range(2_000)}),
    "half a file": _workbook(a=b"x" * 1_000)[:200],
    "no workbook": b"PK\x03\x04" + b"\x00" * 2_000,
}


@pytest.mark.parametrize("trap", TRAPS)
def test_no_workbook_springs_its_trap(town: Town, trap: str) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = town.api.post(
        "/api/v1/device-imports?dryRun=true",
        content=TRAPS[trap],
        headers={"Authorization": f"Bearer {town.house.root}", "Content-Type": kind},
    )
    assert answer.status_code in (400, 413, 415, 422), f"{answer.status_code}: {answer.text[:300]}"
    assert "root:" not in answer.text


FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "＝1+1")


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_formula_leaves_with_an_export(town: Town, formula: str) -> None:
    """A spreadsheet would carry it out on the desk of whoever opens the file."""
    number = FORMULAS.index(formula)
    entity = {
        "id": f"urn:ngsi-ld:Word:{number}",
        "type": "Word",
        "said": {"type": "Property", "value": formula, "observedAt": "2026-11-23T00:00:00Z"},
    }
    assert town.call(town.house.root, "POST", ENTITIES, entity).status_code == 201
    answer = town.call(
        town.house.root, "GET", f"/api/v1/history?id={entity['id']}&attributes=said&bucket=none&format=csv"
    )
    assert answer.status_code == 200, answer.text
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    said = [cell for row in rows[1:] for cell in row if "1+1" in cell or "calc" in cell or "SUM" in cell]
    assert said, "the value is there"
    assert not [cell for cell in said if cell[0] in "=+-@\t\r＝"]
