"""Reads the operator's file of identity providers (MACHI_OIDC_FILE)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from context_api.identity.providers import PROVIDERS_MAX, Provider, ProviderWrong, read_provider
from deploy.settings import SettingsError, variable_name

_FILE_MAX = 262_144


def read_providers(path: Path) -> tuple[Provider, ...]:
    """Read the providers of a file, with the client secrets that it names files of. Raises SettingsError."""
    variable = variable_name("oidc_file")
    try:
        text = path.read_text(encoding="utf-8")
        if len(text) > _FILE_MAX:
            raise SettingsError(f"{variable}: {path} has more than {_FILE_MAX} characters")
        document = tomllib.loads(text)
        found = tuple(_read(one, path.parent) for one in _listed(document))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: {path} cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, ProviderWrong) as error:
        raise SettingsError(f"{variable}: {path}: {error}") from error
    for name in ("id", "issuer"):
        values = [getattr(one, name) for one in found]
        if len(set(values)) != len(values):
            raise SettingsError(f"{variable}: {path}: two providers have one {name}")
    return found


def _listed(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = document.get("provider", [])
    if set(document) - {"provider"} or not isinstance(listed, list) or len(listed) > PROVIDERS_MAX:
        raise ProviderWrong(
            f"providers are written as [[provider]], at most {PROVIDERS_MAX}, and nothing else"
        )
    return listed


def _read(document: Mapping[str, Any], folder: Path) -> Provider:
    file = document.get("client_secret_file")
    if file is None:
        return read_provider(document)
    if not isinstance(file, str):
        raise ProviderWrong("client_secret_file must be the path of a file")
    return read_provider(document, client_secret=(folder / file).read_text(encoding="utf-8").strip())
