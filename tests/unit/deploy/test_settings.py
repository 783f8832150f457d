"""Settings: names, refusals in one line, secrets that stay hidden."""

from ipaddress import ip_network

import pytest

from deploy.settings import Settings, SettingsError, is_loopback, read_settings, variable_name


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_name(field), raising=False)


def test_the_contracts_of_the_design() -> None:
    settings = read_settings()
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert (settings.mqtt_host, settings.mqtt_port) == ("127.0.0.1", 1883)
    assert settings.auth
    assert settings.simulate
    assert settings.temporal_page_instances == 10_000
    assert settings.clock_ahead == 300
    assert settings.outbound_allow == ()
    assert str(settings.data_dir) == ".machi"


def test_every_setting_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description and field.description.endswith("."), name


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("MACHI_HTTP_PORT", "http", "MACHI_HTTP_PORT: Input should be a valid integer"),
        ("MACHI_HTTP_PORT", "70000", "MACHI_HTTP_PORT: Input should be less than or equal to 65535"),
        ("MACHI_MQTT_URL", "tcp://broker", "MACHI_MQTT_URL: must look like mqtt://host:1883"),
        ("MACHI_MQTT_URL", "mqtt://u:hunter2@broker", "MACHI_MQTT_URL: carries a password"),
        ("MACHI_SECRET", "hunter2", "MACHI_SECRET: Value should have at least 16 items"),
        ("MACHI_OUTBOUND_ALLOW", "10.0.0.0/33", "MACHI_OUTBOUND_ALLOW: "),
        ("MACHI_AUTH", "perhaps", "MACHI_AUTH: Input should be a valid boolean"),
    ],
)
def test_a_wrong_setting_is_named_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value).startswith(message)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("MACHI_HTTP_HOST", "0.0.0.0", "HTTP is bound to 0.0.0.0"),  # noqa: S104
        ("MACHI_MQTT_HOST", "192.0.2.1", "MQTT is bound to 192.0.2.1"),
        ("MACHI_MQTT_URL", "mqtt://broker.example", "MQTT is bound to broker.example"),
    ],
)
def test_without_access_control_only_loopback(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, what: str
) -> None:
    monkeypatch.setenv("MACHI_AUTH", "off")
    assert not read_settings().auth
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=what):
        read_settings()


def test_networks_and_empty_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACHI_OUTBOUND_ALLOW", "127.0.0.0/8, ::1/128")
    monkeypatch.setenv("MACHI_DATABASE_URL", "")
    settings = read_settings()
    assert settings.outbound_allow == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.database_url is None


def test_secrets_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACHI_SECRET", "a secret of some length")
    monkeypatch.setenv("MACHI_DATABASE_URL", "postgresql://u:hunter2@h/d")
    shown = repr(read_settings())
    assert "hunter2" not in shown
    assert "of some length" not in shown


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("192.168.0.1", False),
        ("machi.example", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
