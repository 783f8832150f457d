"""`machi init`."""

import stat
from pathlib import Path

import typer
from typer.testing import CliRunner

from deploy.commands import init
from deploy.errors import CommandError


def _invoke(folder: Path) -> "tuple[int, str, BaseException | None]":
    app = typer.Typer()
    init.register(app)
    result = CliRunner().invoke(app, ["--directory", str(folder)])
    return result.exit_code, result.output, result.exception


def test_the_file_is_private_and_each_has_other_secrets(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        exit_code, output, _ = _invoke(tmp_path / name)
        assert exit_code == 0
        assert "docker compose up --detach --wait" in output
        file = tmp_path / name / ".env"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        texts.append(file.read_text())
    secrets = [
        {line for line in text.splitlines() if "=" in line and not line.startswith("#")} for text in texts
    ]
    assert len(secrets[0]) == 7
    assert secrets[0].isdisjoint(secrets[1])
    assert not any(secret.split("=")[1] in _invoke(tmp_path / "one")[1] for secret in secrets[0])


def test_an_existing_file_is_never_changed(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MACHI_SECRET=mine\n")

    exit_code, _, error = _invoke(tmp_path)

    assert exit_code == 1
    assert isinstance(error, CommandError)
    assert "lacks MACHI_POSTGRES_PASSWORD" in str(error)
    assert "MACHI_SECRET" not in str(error)
    assert (tmp_path / ".env").read_text() == "MACHI_SECRET=mine\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    exit_code, _, error = _invoke(missing)

    assert exit_code == 1
    assert str(error) == f"{missing / '.env'} cannot be written: No such file or directory"
