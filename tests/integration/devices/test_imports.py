"""Imports on a real database: judged, carried out, fetched once, and finished after a kill."""

import threading
from typing import Any

import pytest

from context_api.store import device_imports as store
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.device_imports import DeviceImport
from context_api.store.devices import get_generation, mark_applied
from devices.bulk.errors import ImportConflict, ImportUnknown, TooManyImports, UnreadableFile
from devices.bulk.imports import MAX_OPEN, DeviceImports, Login, plain_file_name
from devices.bulk.work import ImportWork
from devices.model import Device, DeviceDraft, DeviceFilter
from devices.registry import DeviceRegistry
from tests.integration.devices.conftest import HASH_KEY

HEADER = "id,profile,name,latitude,longitude"


def _file(*rows: str, header: str = HEADER) -> bytes:
    return "".join(f"{row}\r\n" for row in (header, *rows)).encode()


FILE = _file("n-1,noise,一,35.75,139.46", "n-2,noise,二,35.76,139.47", "n-3,weather,三,35.77,139.48")


class Desk:
    """Where an operator sends files, and a worker carries them out."""

    def __init__(self, database: Database, registry: DeviceRegistry, access: Access) -> None:
        self.database = database
        self.registry = registry
        self.access = access
        self.imports = DeviceImports(database, registry, HASH_KEY)

    def send(self, data: bytes, *, dry: bool = False, partial: bool = False) -> DeviceImport:
        return self.imports.accept(self.access, data, file_name="町.csv", is_dry_run=dry, is_partial=partial)

    def step(self) -> bool:
        """What a worker does that was started this moment."""
        return self.work().step(threading.Event())

    def work(self) -> ImportWork:
        return ImportWork(self.database, self.registry, HASH_KEY, waits_for_broker=True)

    def get(self, found: DeviceImport) -> DeviceImport:
        return self.imports.get(self.access, found.id)

    def opens(self, login: Login) -> tuple[str, str] | None:
        return self.registry.verify(login.credentials.username, login.credentials.password)

    def device(self, device_id: str) -> Device:
        return self.registry.get(self.access, device_id)


@pytest.fixture
def desk(database: Database, registry: DeviceRegistry, access: Access) -> Desk:
    return Desk(database, registry, access)


def _counts(found: DeviceImport) -> tuple[int, int, int, int]:
    return found.created, found.updated, found.unchanged, found.failed


def test_a_file_is_registered_and_again_changes_nothing(desk: Desk) -> None:
    found = desk.send(FILE)
    assert (found.state, found.rows, _counts(found)) == ("waiting", 3, (0, 0, 0, 0))
    assert desk.registry.list(desk.access, DeviceFilter()).total == 0
    assert desk.step()
    found = desk.get(found)
    assert (found.state, _counts(found), found.provisioned) == ("provisioning", (3, 0, 0, 0), 0)
    assert desk.device("n-1").name == "一"
    assert desk.registry.list_changes(desk.access, "n-1").changes[0].principal == "operator"
    mark_applied(desk.database, get_generation(desk.database)[0])
    assert not desk.step()
    found = desk.get(found)
    assert (found.state, found.provisioned) == ("done", 3)

    before = [desk.device(f"n-{number}") for number in (1, 2, 3)]
    again = desk.send(FILE)
    assert (again.state, _counts(again)) == ("done", (0, 0, 3, 0))
    assert not desk.step()
    assert [desk.device(f"n-{number}") for number in (1, 2, 3)] == before
    with pytest.raises(ImportConflict, match="no device with a password"):
        desk.imports.take_logins(desk.access, again.id)


def test_edits_update_and_empty_cells_leave_things_alone(desk: Desk) -> None:
    desk.send(FILE)
    desk.step()
    header = "デバイスID,名称,緯度,経度,送信間隔,タグ,属性:floor"
    edits = _file("n-1,新しい名前,,,,学校,3", "n-2,-,,,30,,", "n-3,三,35.77,139.48,,,", header=header)
    checked = desk.send(edits, dry=True)
    assert (checked.report["update"], checked.report["unchanged"]) == (2, 1)
    found = desk.send(edits)
    desk.step()
    found = desk.get(found)
    assert _counts(found) == (0, 2, 1, 0)
    one, two = desk.device("n-1"), desk.device("n-2")
    assert (one.name, one.tags, one.static) == ("新しい名前", ("学校",), {"floor": 3})
    assert one.location == {"type": "Point", "coordinates": [139.46, 35.75]}
    assert (two.name, two.expected_interval_s) == (None, 30)
    again = desk.send(edits, dry=True).report
    assert again["unchanged"] == 3
    more = desk.send(_file("n-1,noise,三つめ,35.76,139.46"), dry=True).report
    [line] = more["lines"]
    assert (line["row"], line["id"], line["name"]) == (2, "n-1", "三つめ")
    assert (line["action"], line["changes"]) == ("update", ["location", "name"])


def test_a_dry_run_and_a_file_with_mistakes_register_nothing(desk: Desk) -> None:
    desk.registry.register(desk.access, DeviceDraft(id="n-9", profile="noise"))
    desk.registry.retire(desk.access, "n-9")
    wrong = _file(
        "n-1,noise,a,35.75,139.46",
        "n-2,nose,b,35.75,139.46",
        "n-3,,c,35.75,139.46",
        "n-4,noise,d,139.46,35.75",
        "n-9,noise,e,35.75,139.46",
        "n-5,noise,f,35.75,139.46",
        "n-6,noise,g,43.06,141.35",
    )
    for found in (desk.send(wrong, dry=True), desk.send(wrong)):
        report = found.report
        assert [(f["row"], f["code"]) for f in report["faults"]] == [
            (3, "choice-close"),
            (4, "required"),
            (5, "swapped"),
            (6, "retired"),
            (8, "far-away"),
        ]
        assert report["faults"][0]["values"]["close"] == "noise"
        assert [(one["row"], one["id"], one.get("action")) for one in report["lines"]] == [
            (2, "n-1", "create"),
            (3, "n-2", None),
            (4, "n-3", None),
            (5, "n-4", None),
            (6, "n-9", "create"),
            (7, "n-5", "create"),
            (8, "n-6", "create"),
        ]
        assert (report["rows"], report["faulty"], report["create"], found.rows) == (7, 3, 4, 0)
    assert found.state == "refused"
    assert not desk.step()
    partial = desk.send(wrong, partial=True)
    desk.step()
    assert _counts(desk.get(partial)) == (4, 0, 0, 0)
    assert desk.imports.device_ids(partial) == ["n-1", "n-9", "n-5", "n-6"]


def test_a_place_far_from_the_town_is_worth_a_second_look(desk: Desk) -> None:
    near = [f"n-{number},noise,,35.75,139.46" for number in range(6)]
    [fault] = desk.send(_file(*near, "n-8,noise,,43.06,141.35"), dry=True).report["faults"]
    assert (fault["row"], fault["code"], fault["is_warning"]) == (8, "far-away", True)
    desk.send(_file(*near))
    desk.step()
    [fault] = desk.send(_file("n-8,noise,,35.75,135.46"), dry=True).report["faults"]
    assert (fault["code"], 300 < int(fault["values"]["km"]) < 400) == ("far-away", True)


def test_gateways_and_the_devices_behind_them_come_in_one_file(desk: Desk) -> None:
    header = "id,profile,kind,adapter,application,gateway,deveui"
    rows = (
        "lora-1,dragino-lht65,,,,gw-1,eui-1",
        "lora-2,dragino-lht65,,,,gw-1,",
        "gw-1,,gateway,tts_v3,town@ttn,,",
    )
    found = desk.send(_file(*rows, header=header))
    assert found.report["faults"] == []
    desk.step()
    assert _counts(desk.get(found)) == (3, 0, 0, 0)
    assert desk.device("lora-1").gateway_device == "eui-1"
    [login] = desk.imports.take_logins(desk.access, found.id)
    assert (login.device_id, login.credentials.topic) == ("gw-1", "v3/town@ttn/devices/+/up")
    again = desk.send(_file(*rows, header=header), dry=True)
    assert (again.report["unchanged"], again.report["faults"]) == (3, [])
    wrong = desk.send(
        _file(
            "lora-3,dragino-lht65,,,,gw-2,",
            "lora-4,dragino-lht65,,,,gw-1,eui-1",
            "lora-5,dragino-lht65,,,,gw-1,x",
            "lora-6,dragino-lht65,,,,gw-1,x",
            "gw-3,,gateway,tts_v3,town@ttn,,",
            "lora-1,,gateway,,,,",
            "lora-2,,,,,-,",
            header=header,
        ),
        dry=True,
    )
    assert [(f["row"], f["column"], f["code"]) for f in wrong.report["faults"]] == [
        (2, "gateway", "gateway-unknown"),
        (3, "deveui", "gateway-name-taken"),
        (5, "deveui", "gateway-name-taken"),
        (6, "application", "application-taken"),
        (7, "kind", "fixed"),
        (8, "gateway", "fixed"),
    ]


def test_passwords_are_fetched_once_and_open_only_while_valid(desk: Desk) -> None:
    found = desk.send(FILE)
    with pytest.raises(ImportConflict, match="still being registered"):
        desk.imports.take_logins(desk.access, found.id)
    desk.step()
    desk.registry.retire(desk.access, "n-2")
    logins = desk.imports.take_logins(desk.access, found.id)
    assert [login.device_id for login in logins] == ["n-1", "n-3"]
    for login in logins:
        credentials = login.credentials
        assert desk.registry.verify(credentials.username, credentials.password) == (
            "default",
            login.device_id,
        )
        assert credentials.topic == f"machi/v1/default/{login.device_id}/up"
        assert len(credentials.password) == 32
    with pytest.raises(ImportConflict, match="fetched already, by operator"):
        desk.imports.take_logins(desk.access, found.id)
    fetched = desk.get(found)
    assert (fetched.has_secrets, fetched.secrets_fetched_by) == (False, "operator")
    assert fetched.secrets_fetched_at is not None
    with desk.database.connection() as connection:
        text = str(connection.execute("select i, r from device_import i, device_import_row r").fetchall())
    assert logins[0].credentials.password not in text


def test_passwords_that_nobody_fetches_are_forgotten(desk: Desk) -> None:
    found = desk.send(FILE)
    desk.step()
    assert desk.work().tidy() == ""
    with desk.database.connection() as connection:
        connection.execute("update device_import set credentials_until = now() - interval '1 s'")
    with pytest.raises(ImportConflict, match="not fetched in time"):
        desk.imports.take_logins(desk.access, found.id)
    assert desk.work().tidy() == "secrets of 1, 0 imports"
    assert store.get_salt(desk.database, found.id) is None


@pytest.mark.parametrize("moment", ["planned", "registered", "noted"])
def test_whoever_goes_on_after_a_kill_finishes_the_same_import(
    moment: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process ends between any two of its steps; the next one finds what it left."""

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    desk.send(_file("n-3,noise,old,35.75,139.46"))
    desk.step()
    found = desk.send(FILE)
    first = desk.work()
    with monkeypatch.context() as patch:
        if moment == "planned":
            patch.setattr(desk.registry, "register_many", die)
        elif moment == "registered":
            patch.setattr(store, "finish_rows", die)
        else:
            patch.setattr(store, "finish_registering", die)
        with pytest.raises(Killed):
            first.step(threading.Event())
    assert desk.get(found).state == "registering"
    desk.step()
    finished = desk.get(found)
    assert (finished.state, _counts(finished)) == ("provisioning", (2, 1, 0, 0))
    logins = desk.imports.take_logins(desk.access, found.id)
    assert [login.device_id for login in logins] == ["n-1", "n-2"]
    assert all(
        desk.registry.verify(login.credentials.username, login.credentials.password) for login in logins
    )


def test_a_row_that_cannot_be_registered_fails_alone(desk: Desk) -> None:
    header = "id,profile,gateway,deveui"
    desk.send(_file("gw,,gateway,tts_v3,a@b", header="id,profile,kind,adapter,application"))
    desk.step()
    found = desk.send(_file(*(f"d-{n},noise,gw,e-{n}" for n in range(5)), header=header))
    desk.registry.register(desk.access, DeviceDraft(id="d-1", profile="noise"))
    desk.registry.register(
        desk.access, DeviceDraft(id="other", profile="noise", gateway="gw", gateway_device="e-3")
    )
    desk.step()
    found = desk.get(found)
    assert _counts(found) == (3, 0, 0, 2)
    faults = desk.imports.faults(found)
    assert [(fault.row, fault.value, fault.code) for fault in faults] == [
        (3, "d-1", "rule"),
        (5, "d-3", "rule"),
    ]


def test_imports_are_of_one_tenant_and_bounded(desk: Desk) -> None:
    with desk.database.connection() as connection:
        row = connection.execute("insert into tenant (name) values ('next') returning id").fetchone()
    assert row is not None
    stranger = Access("next", row[0], "stranger")
    found = [desk.send(FILE) for _ in range(MAX_OPEN)]
    with pytest.raises(TooManyImports):
        desk.send(FILE)
    assert desk.send(FILE, dry=True).state == "checked"
    for call in (desk.imports.get, desk.imports.delete, desk.imports.take_logins):
        with pytest.raises(ImportUnknown):
            call(stranger, found[0].id)
    assert desk.imports.list(stranger, limit=10) == []
    listed = desk.imports.list(desk.access, limit=3)
    assert [one.id for one in listed] == sorted((one.id for one in listed), reverse=True)
    assert desk.imports.list(desk.access, limit=3, before=listed[-1].id)[0].id < listed[-1].id
    desk.imports.delete(desk.access, found[0].id)
    with pytest.raises(ImportUnknown):
        desk.imports.get(desk.access, found[0].id)
    assert desk.send(FILE).state == "waiting"


def test_the_oldest_imports_make_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "IMPORTS_KEPT", 3)
    found = [desk.send(FILE, dry=True).id for _ in range(5)]
    assert [one.id for one in desk.imports.list(desk.access, limit=10)] == found[:1:-1]


def test_a_file_that_is_no_table_is_not_kept(desk: Desk) -> None:
    with pytest.raises(UnreadableFile):
        desk.send(b"\0\1\2")
    assert desk.imports.list(desk.access, limit=10) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\town\\秋津町.csv", "秋津町.csv"),
        ("a\u202egpj.csv\n", "agpj.csv"),
        ("..", None),
        ("", None),
        (None, None),
        ("x" * 500, "x" * 120),
    ],
)
def test_a_file_name_is_a_label(name: str | None, shown: str | None) -> None:
    assert plain_file_name(name) == shown


def test_an_error_of_ours_costs_one_row_and_not_the_import(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = desk.send(FILE)
    register_many = desk.registry.register_many

    def broken(access: Access, drafts: list[DeviceDraft], **options: Any) -> Any:
        if any(draft.id == "n-2" for draft in drafts):
            raise KeyError("n-2")
        return register_many(access, drafts, **options)

    monkeypatch.setattr(desk.registry, "register_many", broken)
    desk.step()
    found = desk.get(found)
    assert _counts(found) == (2, 0, 0, 1)
    [fault] = desk.imports.faults(found)
    assert (fault.row, fault.values["detail"]) == (
        3,
        "an error of the program or the database; it was logged",
    )
