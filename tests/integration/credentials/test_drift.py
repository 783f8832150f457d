"""The broker's files follow the database, whoever else writes them, and over restarts."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.credentials import broker_hash
from tests.integration.credentials.installation import Installation, wait_until

pytestmark = pytest.mark.mosquitto


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".by-hand")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(path)


def _add_a_user(town: Installation) -> None:
    passwords = town.files.password_file
    _replace(passwords, passwords.read_text() + f"default/ghost:{broker_hash('boo')}\n")


def _give_everybody_everything(town: Installation) -> None:
    _replace(town.files.acl_file, "pattern readwrite #\n")


def _delete(town: Installation) -> None:
    town.files.password_file.unlink()


def _delete_rules(town: Installation) -> None:
    town.files.acl_file.unlink()


def _forget_who_is_revoked(town: Installation) -> None:
    town.certificates.revoked.unlink()


def _old_generation(town: Installation) -> None:
    _replace(town.files.password_file, "# generation 0\n")


@pytest.mark.parametrize(
    "change",
    [
        _add_a_user,
        _give_everybody_everything,
        _delete,
        _delete_rules,
        _forget_who_is_revoked,
        _old_generation,
    ],
)
def test_what_somebody_else_changed_is_put_back(
    own_town: Installation, change: Callable[[Installation], None]
) -> None:
    town = own_town
    device = town.register("a")
    before = {path: path.read_text() for path in (*_texts(town), town.certificates.authority)}
    stamp = town.files.password_file.stat().st_mtime_ns
    change(town)
    wait_until(
        lambda: (
            all(path.exists() and path.read_text() == text for path, text in before.items())
            and town.certificates.revoked.exists()
        ),
        "the files are as before",
    )
    wait_until(
        lambda: town.files.password_file.stat().st_mtime_ns != stamp, "the broker is told to read them"
    )

    def is_ghost_out() -> bool:
        with town.connect_as("default/ghost", "boo") as ghost:
            return not ghost.is_in

    wait_until(is_ghost_out, "the ghost is refused")

    def is_device_bound() -> bool:
        with town.connect(device) as client:
            return client.is_in and client.publish("machi/v1/default/b/up") == "Not authorized"

    wait_until(is_device_bound, "the device comes in, and has its own topics only")


def _texts(town: Installation) -> tuple[Path, Path]:
    return town.files.password_file, town.files.acl_file


def test_a_broker_that_starts_with_old_files_catches_up(own_town: Installation) -> None:
    """The worker was away, a device was registered and another retired; then the broker starts before it."""
    town = own_town
    old = town.register("old")
    town.stop_sync()
    town.broker.stop()
    new = town.registry.register(town.access, town.draft("new")).credentials
    town.registry.retire(town.access, "old")
    assert new is not None
    town.broker.start()
    with town.connect(old) as client:
        assert client.is_in, "nobody has told the broker yet"
        town.start_sync()
        client.wait_closed()

    def is_new_in() -> bool:
        with town.connect(new) as client:
            return client.is_in

    wait_until(is_new_in, "the new one comes in")


def test_a_restart_of_the_broker_changes_nothing(own_town: Installation) -> None:
    town = own_town
    device, gone = town.register("a"), town.register("b")
    town.registry.retire(town.access, "b")
    wait_until(lambda: "default/b:" not in town.files.password_file.read_text(), "the file is written")
    for end in (town.broker.stop, town.broker.kill):
        end()
        town.broker.start()
        with town.connect(device) as client, town.connect(gone) as other:
            assert (client.is_in, other.is_in) == (True, False)


def test_nothing_is_written_where_nothing_changed(own_town: Installation) -> None:
    town = own_town
    town.register("a")
    wait_until(lambda: not town.sync.write(), "the files are up to date")
    stamps = [path.stat().st_ino for path in (*_texts(town), *town.certificates)]
    assert town.new_sync().write() is False
    threading.Event().wait(0.6)  # two looks of the one that runs
    assert [path.stat().st_ino for path in (*_texts(town), *town.certificates)] == stamps
