"""Write the bill of materials of an installation: CycloneDX 1.6 as JSON, from a lock file and the wheel.

python scripts/sbom.py requirements/server.lock dist/trimtab-0.1.0-py3-none-any.whl > dist/trimtab-0.1.0.cdx.json

Every package of the lock is a component with its version, its package URL and the SHA-256 of each of its files that may
be installed. The document says nothing that the lock does not: it is the same for the same lock and wheel, whenever it
is made. Its serial number is made of what it lists.
"""

import hashlib
import json
import re
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+))?")
_HASH = re.compile(r"--hash=sha256:(?P<digest>[0-9a-f]{64})")
_SPACE = uuid.UUID("5b0c4b3e-5c5e-4b8e-8a53-7d7f1f0f5a11")


def components(lock: str) -> Iterator[dict[str, Any]]:
    """The packages of a lock file, by name. Raises ValueError for one without a hash."""
    joined = re.sub(r"\\\n\s*", " ", lock)
    for line in joined.splitlines():
        found = _PINNED.match(line)
        if found is None:
            continue
        name, version = re.sub(r"[-_.]+", "-", found["name"]).lower(), found["version"]
        digests = sorted(_HASH.findall(line))
        if not digests:
            raise ValueError(f"cannot list {name}: the lock has no hash of it; expected --hash=sha256:…")
        purl = f"pkg:pypi/{name}@{version}"
        marker = (found["marker"] or "").strip()
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
            "scope": "optional" if marker else "required",
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": f"https://pypi.org/project/{name}/{version}/#files",
                    "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
                }
            ],
            **({"properties": [{"name": "trimtab:marker", "value": marker}]} if marker else {}),
        }


def about(wheel: Path) -> Mapping[str, str]:
    """Name, version and licence of a wheel, as its metadata has them."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        read = HeaderParser().parsestr(archive.read(name).decode())
    return {key: read.get(key, "") for key in ("Name", "Version", "License-Expression", "Summary")}


def document(lock: Path, wheel: Path) -> dict[str, Any]:
    """The bill of materials."""
    told = about(wheel)
    parts = sorted(components(lock.read_text(encoding="utf-8")), key=lambda one: str(one["bom-ref"]))
    purl = f"pkg:pypi/{told['Name']}@{told['Version']}"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    serial = uuid.uuid5(_SPACE, json.dumps([digest, parts], sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": purl,
                "name": told["Name"],
                "version": told["Version"],
                "description": told["Summary"],
                "licenses": [{"expression": told["License-Expression"]}],
                "purl": purl,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            },
            "properties": [{"name": "trimtab:lock", "value": lock.name}],
        },
        "components": parts,
        "dependencies": [{"ref": purl, "dependsOn": [one["bom-ref"] for one in parts]}],
    }


def main() -> int:
    """Print the document."""
    if len(sys.argv) != 3:
        print("usage: python scripts/sbom.py LOCK WHEEL", file=sys.stderr)
        return 2
    print(json.dumps(document(Path(sys.argv[1]), Path(sys.argv[2])), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
