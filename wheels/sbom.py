"""What mbmd is made of, as a CycloneDX bill of materials, for whoever looks for known vulnerabilities or licences."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mbmd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wheels.locked import Package

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


def bill(own: Package, files: Mapping[str, str], packages: Sequence[Package], epoch: int) -> str:
    """The bill as JSON: it depends on nothing but what is given.

    `own` is mbmd itself with the names of what it needs, `files` the checksums of its wheels and its sdist by name.
    Raises UsageError if something that is needed is not among the packages.
    """
    pinned = {package.name for package in packages}
    for package in (own, *packages):
        if missing := sorted(set(package.needs) - pinned):
            raise UsageError(f"{package.name} needs {', '.join(missing)}: pin it: python -m wheels lock")
    parts = {package.name: _component(package, "library", _published(package)) for package in packages}
    refs = {name: part["bom-ref"] for name, part in parts.items()}
    built = _component(own, "application", [_distribution(name, files[name]) for name in sorted(files)])
    content = {
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).isoformat().replace("+00:00", "Z"),
            "component": built,
        },
        "components": list(parts.values()),
        "dependencies": [_needs(own, built["bom-ref"], refs), *(_needs(row, refs[row.name], refs) for row in packages)],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content))
    head = {"$schema": _SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    return json.dumps({**head, "serialNumber": f"urn:uuid:{serial}", **content}, indent=2) + "\n"


def _component(package: Package, kind: str, references: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    purl = f"pkg:pypi/{package.name}@{package.version}"
    return {
        "type": kind,
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "licenses": [{"expression": package.license}],
        "externalReferences": references,
    }


def _published(package: Package) -> list[dict[str, Any]]:
    files = [*package.wheels, *([package.sdist] if package.sdist else [])]
    return [_distribution(file.url, file.sha256) for file in files]


def _distribution(url: str, sha256: str) -> dict[str, Any]:
    return {"type": "distribution", "url": url, "hashes": [{"alg": "SHA-256", "content": sha256}]}


def _needs(package: Package, ref: str, refs: Mapping[str, str]) -> dict[str, Any]:
    return {"ref": ref, "dependsOn": [refs[name] for name in sorted(package.needs)]}
