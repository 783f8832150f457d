"""`machi init`: what docker-compose.yml needs, made once."""

import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy.commands import init
from deploy.commands.init import named_in
from deploy.errors import CommandError
from tests.unit.compose import stack


def invoke(file: Path) -> str:
    app = typer.Typer()
    init.register(app)
    result = CliRunner().invoke(app, ["--file", str(file)])
    if result.exception is not None:
        raise result.exception
    return result.output


def secrets_of(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_the_file_is_private_and_each_has_other_secrets(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        file = tmp_path / name
        output = invoke(file)
        assert "docker compose up --detach --wait" in output
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        found.append(secrets_of(file))
        assert not any(secret in output for secret in found[-1].values()), "a secret on the screen"
    assert set(found[0]) == stack.required_variables()
    assert set(found[0].values()).isdisjoint(found[1].values())
    assert all(len(secret) * 4 >= 128 for secret in found[0].values())


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    invoke(file)
    before = file.read_bytes()

    assert "nothing was changed" in invoke(file)

    assert file.read_bytes() == before


def test_what_is_there_stays_and_what_is_missing_is_added(tmp_path: Path) -> None:
    """As after an upgrade to a version that needs one secret more."""
    file = tmp_path / ".env"
    file.write_text("# mine\nMACHI_SECRET=mine\nMACHI_PUBLISH_ADDRESS=0.0.0.0\n")

    output = invoke(file)

    assert "MACHI_SECRET" not in output
    found = secrets_of(file)
    assert file.read_text().startswith("# mine\nMACHI_SECRET=mine\nMACHI_PUBLISH_ADDRESS=0.0.0.0\n")
    assert set(found) == stack.required_variables() | {"MACHI_PUBLISH_ADDRESS"}


def test_a_variable_without_a_value_counts_as_missing() -> None:
    assert named_in("A=1\nB=\n# C=3\nexport D=4\n") == {"A", "D"}


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "missing" / ".env"

    with pytest.raises(CommandError, match=r"\.env cannot be written: No such file or directory"):
        invoke(file)
