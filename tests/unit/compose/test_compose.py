"""docker-compose.yml against the Compose specification, and every name in it against the code.

No Docker engine is at hand where these tests run: what an engine alone can show is not shown here.
"""

import json
import re
import stat
import tomllib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import check_jsonschema
import jsonschema
import pytest
import typer.main
import yaml
from typer.testing import CliRunner

from broker_bridge.gauges import watch_lanes
from broker_bridge.metrics import Metrics
from broker_bridge.seating import Seating
from broker_bridge.settings import BridgeSettings
from context_api.notifications.metrics import NotifierMetrics
from context_api.store.database import Database
from deploy import wiring
from deploy.cli import app
from deploy.commands.init import init
from deploy.settings import Settings, read_settings
from deploy.worker import writes_broker_files
from devices.broker_certificates import CertificateFiles
from tests.unit.compose import stack

SCHEMA = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
LONG_RUNNING = {"api", "bridge", "notifier", "worker"}


@cache
def dotenv() -> dict[str, str]:
    """What `machi init` writes."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / ".env"
        init(file)
        lines = file.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def settings_of(service: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in stack.environment(service, dotenv()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MACHI_DATA_DIR", "/var/lib/machi")  # as in the Dockerfile
    return read_settings()


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.validate(stack.load(), schema)


def test_the_specification_would_refuse_a_misspelt_key() -> None:
    schema = json.loads(SCHEMA.read_text())
    wrong = json.loads(json.dumps(stack.load()))
    wrong["services"]["api"]["read_onyl"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def test_the_stack_has_all_parts() -> None:
    assert set(stack.services()) == {
        "database", "broker", "cache", "migrate", "api", "outward", "bridge", "notifier", "worker",
        "metrics", "grafana",
    }  # fmt: skip


@pytest.mark.parametrize("name", stack.services())
def test_every_service_is_hardened_and_bounded(name: str) -> None:
    service = stack.services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["logging"]["options"]["max-size"] == "10m"


@pytest.mark.parametrize("name", stack.services())
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    tag = stack.services()[name]["image"].rpartition(":")[2]
    assert re.search(r"\d+\.\d+\.\d+", tag) or re.fullmatch(r"pg\d+\.\d+-ts\d+\.\d+\.\d+", tag)


@pytest.mark.parametrize("name", sorted(set(stack.services()) - {"migrate"}))
def test_everything_that_stays_has_a_health_check_and_starts_again(name: str) -> None:
    service = stack.services()[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


def test_only_api_broker_and_grafana_are_reached_from_outside_and_by_default_from_this_machine_only() -> None:
    published = {
        name: [stack.interpolate(port, {}) for port in service["ports"]]
        for name, service in stack.services().items()
        if "ports" in service
    }
    assert published == {
        "api": ["127.0.0.1:8080:8080"],
        "broker": ["127.0.0.1:1883:1883", "127.0.0.1:8883:8883", "127.0.0.1:8884:8884"],
        "grafana": ["127.0.0.1:3000:3000"],
        "outward": ["127.0.0.1:8090:8080"],
    }


def test_database_and_cache_are_on_the_inner_network_only() -> None:
    assert stack.load()["networks"]["store"]["internal"] is True
    for name in ("database", "cache", "migrate", "worker"):
        assert stack.services()[name]["networks"] == ["store"]


def test_init_makes_every_secret_that_the_file_asks_for() -> None:
    assert set(dotenv()) == stack.required_variables()
    assert all(len(value) >= 32 for value in dotenv().values())


def test_no_secret_has_a_default_and_none_stands_in_the_file() -> None:
    for name in stack.variables():
        if any(word in name for word in ("PASSWORD", "SECRET")):
            assert name in stack.required_variables()
    for name, service in stack.services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD$|SECRET$", variable):
                assert re.fullmatch(r"\$\{MACHI_\w+:\?run machi init\}", value), f"{name}: {variable}"
            literal = stack.interpolate(value, {})
            assert not re.search(r"://[^@/]*:[^@/]+@", literal), f"{name}: {variable} holds a password"


def test_every_optional_variable_is_a_setting_or_explained_by_the_file() -> None:
    settings = {f"MACHI_{name.upper()}" for name in Settings.model_fields}
    optional = set(stack.variables()) - stack.required_variables()
    assert optional - settings == {
        "MACHI_PUBLISH_ADDRESS",
        "MACHI_GRAFANA_PORT",
        "MACHI_MQTT_PLAIN_ADDRESS",
        "MACHI_OUTWARD_ADDRESS",
        "MACHI_OUTWARD_PORT",
        "MACHI_OUTWARD_URL",
    }


def test_the_secrets_reach_the_right_containers_only() -> None:
    holders: dict[str, set[str]] = {}
    for name in stack.services():
        text = json.dumps(stack.services()[name].get("environment", {}))
        for variable in stack.required_variables():
            if f"${{{variable}" in text:
                holders.setdefault(variable, set()).add(name)
    ours = {"migrate", *LONG_RUNNING}
    assert holders == {
        "MACHI_SECRET": ours | {"outward"},
        "MACHI_MQTT_PASSWORD": ours,
        "MACHI_DATABASE_PASSWORD": {"database", "migrate", "worker"},
        "MACHI_SERVING_PASSWORD": ours - {"worker"},
        "MACHI_OUTWARD_PASSWORD": {"migrate", "outward"},
        "MACHI_REDIS_PASSWORD": {"cache", *ours},
        "MACHI_POSTGRES_PASSWORD": {"database"},
        "MACHI_GRAFANA_DATABASE_PASSWORD": {"database", "grafana"},
        "MACHI_GRAFANA_ADMIN_PASSWORD": {"grafana"},
    }


@pytest.mark.parametrize("name", sorted(stack.machi_services()))
def test_every_machi_variable_of_our_containers_is_a_setting(name: str) -> None:
    known = {f"MACHI_{field.upper()}" for field in Settings.model_fields}
    assert set(stack.environment(name, {})) <= known


@pytest.mark.parametrize("name", sorted(stack.machi_services()))
def test_every_container_of_ours_runs_a_command_that_exists(name: str) -> None:
    command = typer.main.get_command(app)
    subcommands = getattr(command, "commands", {})
    [runs] = stack.services()[name]["command"]
    assert runs == ("api" if name == "outward" else name)
    assert runs in subcommands
    assert CliRunner().invoke(app, [runs, "--help"]).exit_code == 0


def test_the_outward_face_has_a_network_and_a_user_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    service = stack.services()["outward"]
    assert service["profiles"] == ["outward"]
    assert [name for name, each in stack.services().items() if "outside" in each["networks"]] == ["outward"]
    settings = settings_of("outward", monkeypatch)
    assert settings.outward is True
    assert settings.auth is True
    found = wiring.connect(settings)
    password = dotenv()["MACHI_OUTWARD_PASSWORD"]
    assert found.database_url == f"postgresql://machi_showing:{password}@database:5432/machi"
    assert found.redis_url is None
    assert wiring.api_settings(settings, found).outward is True


@pytest.mark.parametrize("name", sorted(set(stack.machi_services()) - {"outward"}))
def test_the_settings_are_complete(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked for in the data folder, which is read-only in a container."""
    settings = settings_of(name, monkeypatch)

    found = wiring.connect(settings)

    secrets = dotenv()
    user = f"machi_serving:{secrets['MACHI_SERVING_PASSWORD']}"
    if name in ("migrate", "worker"):
        user = f"machi:{secrets['MACHI_DATABASE_PASSWORD']}"
    assert found.database_url == f"postgresql://{user}@database:5432/machi"
    assert found.redis_url == f"redis://:{secrets['MACHI_REDIS_PASSWORD']}@cache:6379/0"
    assert found.inner_mqtt_url == "mqtt://broker:1884"
    assert found.secret == secrets["MACHI_SECRET"].encode()
    assert wiring.bridge_password(settings) == secrets["MACHI_MQTT_PASSWORD"]
    assert settings.auth is True


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_the_health_check_asks_the_port_that_the_process_opens(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(name, monkeypatch)
    port = settings.http_port if name == "api" else getattr(settings, f"{name}_http_port")
    test = " ".join(stack.services()[name]["healthcheck"]["test"])
    assert f"http://127.0.0.1:{port}/readyz" in test
    compile(stack.services()[name]["healthcheck"]["test"][3], "healthcheck", "exec")


def test_the_api_listens_on_its_published_port(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("api", monkeypatch)
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", 8080)  # noqa: S104 - in a container


def test_the_worker_writes_the_files_that_the_broker_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("worker", monkeypatch)
    assert writes_broker_files(settings)
    password_file, acl_file = wiring.broker_files(settings)
    volume, folder = stack.services()["worker"]["volumes"][0].split(":")
    assert (str(password_file), str(acl_file)) == (f"{folder}/passwords", f"{folder}/acl")

    broker_folder = stack.environment("broker", {})["MACHI_BROKER_FOLDER"]
    assert f"{volume}:{broker_folder}" in stack.services()["broker"]["volumes"]
    configuration = (stack.ROOT / "deploy/compose/mosquitto/mosquitto.conf").read_text()
    assert f"password_file {broker_folder}/passwords" in configuration
    assert f"acl_file {broker_folder}/acl" in configuration
    for path in CertificateFiles.beside(Path(broker_folder) / "passwords"):
        assert f"file {path}\n" in configuration


def test_where_client_ids_are_free_nobody_comes_in_from_outside() -> None:
    configuration = (stack.ROOT / "deploy/compose/mosquitto/mosquitto.conf").read_text()
    doors = {text.split()[0]: text for text in configuration.split("\nlistener ")[1:]}
    assert set(doors) == {"1883", "8883", "8884", "1884"}
    published = {port.rsplit(":", 1)[1] for port in stack.services()["broker"]["ports"]}
    assert published == {"1883", "8883", "8884"}
    for port in published:
        assert "use_username_as_clientid true" in doors[port]
        assert "max_connections " in doors[port]
    for rule in ("allow_anonymous false", "max_packet_size 1048576"):
        assert f"\n{rule}\n" in configuration
    assert stack.environment("bridge", {})["MACHI_MQTT_URL"] == "mqtt://broker:1884"


def test_mqtt_without_tls_is_not_let_out_together_with_the_rest() -> None:
    ports = stack.services()["broker"]["ports"]
    opened = [stack.interpolate(port, {"MACHI_PUBLISH_ADDRESS": "0.0.0.0"}) for port in ports]  # noqa: S104
    assert opened == ["127.0.0.1:1883:1883", "0.0.0.0:8883:8883", "0.0.0.0:8884:8884"]


def test_the_account_of_our_image_is_that_of_the_broker() -> None:
    """The worker writes the password file for its own account only; the broker must be able to read it."""
    uid = stack.services()["broker"]["user"].split(":")[0]
    dockerfile = (stack.ROOT / "Dockerfile").read_text()
    assert f"--uid {uid} " in dockerfile
    assert "USER machi" in dockerfile


def test_every_file_that_is_mounted_exists_and_is_mounted_read_only() -> None:
    mounts = [
        mount.split(":")
        for service in stack.services().values()
        for mount in service.get("volumes", [])
        if mount.startswith("./")
    ]
    assert len(mounts) == 6
    for source, _, mode in mounts:
        assert (stack.ROOT / source).exists(), source
        assert mode == "ro"
    for script in ("database/900_machi.sh", "mosquitto/entrypoint.sh"):
        assert (stack.ROOT / "deploy/compose" / script).stat().st_mode & stat.S_IXUSR


def test_every_named_volume_is_declared_and_used() -> None:
    used = {
        mount.split(":")[0]
        for service in stack.services().values()
        for mount in service.get("volumes", [])
        if not mount.startswith("./")
    }
    assert used == set(stack.load()["volumes"])


def test_the_cache_gets_its_password_by_standard_input() -> None:
    """Not on a command line, which other accounts of the host can read."""
    command = stack.services()["cache"]["command"][0].replace("$$", "$")
    assert command.splitlines()[0] == "exec valkey-server - <<END"
    assert "requirepass $MACHI_REDIS_PASSWORD" in command.splitlines()[1:]


def test_the_dockerfile_copies_what_exists_and_what_the_context_lets_through() -> None:
    lines = (stack.ROOT / "Dockerfile").read_text().splitlines()
    let_through = {
        line[1:] for line in (stack.ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = [
        source
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert "requirements.lock" in copied
    for source in copied:
        assert (stack.ROOT / source).exists(), source
        assert source in let_through, source
    packages = set(_pyproject()["tool"]["importlinter"]["root_packages"])
    assert packages <= set(copied)


def test_the_dashboard_and_its_source_agree() -> None:
    grafana = stack.ROOT / "deploy/compose/grafana"
    source = yaml.safe_load((grafana / "provisioning/datasources/machi.yaml").read_text())["datasources"][0]
    dashboard = json.loads((grafana / "dashboards/town.json").read_text())
    provider = yaml.safe_load((grafana / "provisioning/dashboards/machi.yaml").read_text())["providers"][0]

    uids = {panel["datasource"]["uid"] for panel in dashboard["panels"]}
    assert uids == {source["uid"]}
    assert source["url"] == "database:5432"
    assert (
        source["secureJsonData"]["password"].removeprefix("$") in stack.services()["grafana"]["environment"]
    )
    folder = provider["options"]["path"]
    assert f"./deploy/compose/grafana/dashboards:{folder}:ro" in stack.services()["grafana"]["volumes"]
    home = stack.services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/town.json"


def test_the_dashboard_of_the_bridge_shows_what_its_processes_tell() -> None:
    grafana = stack.ROOT / "deploy/compose/grafana"
    source = yaml.safe_load((grafana / "provisioning/datasources/prometheus.yaml").read_text())
    dashboard = json.loads((grafana / "dashboards/ingestion.json").read_text())
    told = _metric_names()

    assert source["datasources"][0]["url"] == "http://metrics:9090"
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {"machi-metrics"}
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"machi_[a-z_]+", target["expr"])
    }
    assert len(asked) > 15
    assert asked <= told
    assert all("le)" in target["expr"] for panel in dashboard["panels"] for target in panel["targets"]
               if "_bucket" in target["expr"])  # fmt: skip


def _metric_names() -> set[str]:
    """What bridge and notifier tell, as Prometheus names it."""
    bridge, notifier = Metrics(), NotifierMetrics()
    watch_lanes(bridge, Seating(BridgeSettings(database_url=""), cast(Database, None), cast(Any, None)))
    families = [*bridge.registry.collect(), *notifier.registry.collect()]
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
    return {family.name + suffix for family in families for suffix in suffixes[family.type]}


def test_prometheus_asks_each_process_at_its_port() -> None:
    jobs = yaml.safe_load((stack.ROOT / "deploy/compose/prometheus/prometheus.yml").read_text())
    found = {
        job["job_name"]: job["dns_sd_configs"][0]["port"]
        if "dns_sd_configs" in job
        else int(job["static_configs"][0]["targets"][0].partition(":")[2])
        for job in jobs["scrape_configs"]
    }
    ports = {
        name: int(stack.environment(name, dotenv())[f"MACHI_{name.upper()}_HTTP_PORT"]) for name in found
    }
    assert found == ports == {"bridge": 8081, "notifier": 8082, "worker": 8083}
    hosts = {stack.environment(name, dotenv())["MACHI_PROCESS_HTTP_HOST"] for name in found}
    assert hosts == {"0.0.0.0"}  # noqa: S104 - on a network of containers, not published


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((stack.ROOT / "pyproject.toml").read_text())
