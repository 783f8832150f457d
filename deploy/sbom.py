"""What this installation is made of, as a CycloneDX 1.6 document (ECMA-424), for audits and news of holes."""

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement

PRODUCT = "machi"
_SEPARATORS = re.compile(r"[-_.]+")
_LICENCE_MAX = 100
"""Characters: some packages write the whole text of their licence where its name belongs."""


def make_sbom(now: datetime | None = None) -> dict[str, Any]:
    """List Machi and everything that it needs, as installed here, with versions and licences."""
    found = _collect()
    references = {name: _purl(item) for name, item in found.items()}
    product = found.pop(PRODUCT)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_serial(references.values())}",
        "version": 1,
        "metadata": {
            "timestamp": (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": _component(product, "application"),
        },
        "components": [_component(item, "library") for _, item in sorted(found.items())],
        "dependencies": [
            {
                "ref": reference,
                "dependsOn": sorted(
                    references[needed]
                    for needed in set(_needs(found.get(name, product)))
                    if needed in references
                ),
            }
            for name, reference in sorted(references.items())
        ],
    }


def _collect() -> dict[str, Distribution]:
    """Machi and what it needs, and what that needs; a package that is needed but not here is left out."""
    found = {PRODUCT: distribution(PRODUCT)}
    waiting = [PRODUCT]
    while waiting:
        for name in _needs(found[waiting.pop()]):
            if name in found:
                continue
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:
                continue
            waiting.append(name)
    return found


def _needs(item: Distribution) -> list[str]:
    """Names of what a package needs here, without its extras."""
    environment: Mapping[str, Any] = {**default_environment(), "extra": ""}
    wanted = [Requirement(text) for text in item.requires or ()]
    return [
        _normalized(needed.name)
        for needed in wanted
        if needed.marker is None or needed.marker.evaluate(dict(environment))
    ]


def _component(item: Distribution, kind: str) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": kind,
        "bom-ref": _purl(item),
        "name": _normalized(item.metadata["Name"]),
        "version": item.version,
        "purl": _purl(item),
    }
    if licences := _licences(item):
        component["licenses"] = licences
    return component


def _licences(item: Distribution) -> list[dict[str, Any]]:
    """The licence as the package names it: an SPDX expression (PEP 639), else whatever it says."""
    fields = (name for name in ("License-Expression", "License") if name in item.metadata)
    said = {name: item.metadata[name].strip() for name in fields}
    if expression := said.get("License-Expression"):
        return [{"expression": expression}]
    classified = [
        text.rsplit(" :: ", 1)[-1]
        for text in item.metadata.get_all("Classifier", ())
        if text.startswith("License :: ")
    ]
    name = said.get("License", "")
    names = classified or ([name] if name and len(name) <= _LICENCE_MAX and "\n" not in name else [])
    return [{"license": {"name": each}} for each in names]


def _purl(item: Distribution) -> str:
    """The package's address (https://github.com/package-url/purl-spec)."""
    return f"pkg:pypi/{_normalized(item.metadata['Name'])}@{item.version}"


def _normalized(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


def _serial(references: Iterable[str]) -> uuid.UUID:
    """The same for the same parts."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(sorted(references)))
