"""Rotation and revocation while clients are connected, on a real Mosquitto; how long it took is said."""

import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.credentials.client import Client
from tests.integration.credentials.installation import Installation, wait_until
from tests.support.certificates import signing_request

pytestmark = pytest.mark.mosquitto

_log = logging.getLogger(__name__)


def _thrown_out(revoke: Callable[[], object], clients: list[Client]) -> None:
    """Waits with much patience, and says how long it took: a busy machine must not fail the test."""
    started = time.monotonic()
    revoke()
    for client in clients:
        client.wait_closed()
    _log.info("thrown out after %.2f s (promised: 2)", time.monotonic() - started)


def _certificate_client(town: Installation, folder: Path, device: str) -> tuple[Client, str, ssl.SSLContext]:
    key, request = signing_request()
    issued = town.credentials.sign(town.access, device, request)
    (folder / "chain.pem").write_text(issued.pem + key)
    context = ssl.create_default_context(cafile=str(town.certificates.authority))
    context.load_cert_chain(folder / "chain.pem")
    return _enter(town, context), issued.certificate.serial, context


def _enter(town: Installation, context: ssl.SSLContext) -> Client:
    tls = town.broker.tls
    assert tls is not None and tls.certificate_port is not None
    return Client(port=tls.certificate_port, tls=context)


def test_both_secrets_work_and_the_revoked_one_is_thrown_out(own_town: Installation) -> None:
    town = own_town
    first = town.register("a")
    issued = town.credentials.issue(town.access, "a")
    assert town.credentials.wait_applied(issued.generation, 30)
    with town.connect(first) as old, town.connect_as(issued.credential.username, issued.password) as new:
        assert old.is_in and new.is_in
        for client in (old, new):
            for leaf in ("up", "ack", "state"):
                answer = client.publish(f"machi/v1/default/a/{leaf}")
                assert answer in ("Success", "No matching subscribers"), leaf
            assert client.publish("machi/v1/default/b/up") == "Not authorized"
            assert client.publish("machi/v1/default/a/down") == "Not authorized"
            assert client.subscribe("machi/v1/default/a/down") == "Granted QoS 1"
        former = town.credentials.list_secrets(town.access, "a")[0]
        _thrown_out(
            lambda: town.credentials.revoke(town.access, "a", former.id),
            [old],
        )
        assert new.is_in, "the other one stays"
        with town.connect(first) as again:
            assert again.connected == "Not authorized"


def test_an_overlap_that_is_over_throws_out_by_itself(own_town: Installation) -> None:
    town = own_town
    first = town.register("a")
    with town.connect(first) as old:
        issued = town.credentials.issue(town.access, "a", overlap_s=1.5)
        assert town.credentials.wait_applied(issued.generation, 30)
        assert town.connect_as(issued.credential.username, issued.password).is_in
        old.wait_closed()
    with town.connect(first) as again:
        assert not again.is_in


def test_a_revoked_certificate_is_thrown_out_and_stays_out(own_town: Installation, tmp_path: Path) -> None:
    town = own_town
    town.register("a")
    client, serial, context = _certificate_client(town, tmp_path, "a")
    with client:
        assert client.is_in, client.connected
        assert client.publish("machi/v1/default/a/up") in ("Success", "No matching subscribers")
        assert client.publish("machi/v1/default/b/up") == "Not authorized"
        _thrown_out(
            lambda: town.credentials.revoke_certificate(town.access, "a", serial),
            [client],
        )
    with _enter(town, context) as again:  # the same context: a TLS session that is resumed gets in no more
        assert not again.is_in


def test_a_retired_device_is_thrown_out_of_every_door(own_town: Installation, tmp_path: Path) -> None:
    town = own_town
    first = town.register("a")
    issued = town.credentials.issue(town.access, "a")
    assert town.credentials.wait_applied(issued.generation, 30)
    by_second_name = town.connect_as(issued.credential.username, issued.password)
    by_certificate, _, _ = _certificate_client(town, tmp_path, "a")
    assert by_second_name.is_in and by_certificate.is_in
    town.registry.retire(town.access, "a")
    for client in (by_second_name, by_certificate):
        client.wait_closed()
    assert not town.connect(first).is_in
    wait_until(
        lambda: (
            not town.ask("select 1 from device_credential where kicked_at is null and revoked_at is not null")
        ),
        "every kick is noted",
    )


def test_who_was_revoked_while_nobody_looked_is_thrown_out_later(
    own_town: Installation, tmp_path: Path
) -> None:
    """The worker was away; certificates are not asked for again at a reload."""
    town = own_town
    town.register("a")
    client, serial, _ = _certificate_client(town, tmp_path, "a")
    assert client.is_in
    town.stop_sync()
    town.credentials.revoke_certificate(town.access, "a", serial)
    assert client.is_in
    town.start_sync()
    client.wait_closed()
