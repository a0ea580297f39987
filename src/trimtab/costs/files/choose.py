"""Which files of a folder are the bill: those that a report's manifests name, else every table.

A legacy report keeps each version of a month in a folder of its own (the assembly id), and a manifest beside them that
names the current one; the copies inside the versions are not looked at. Data Exports writes `metadata/…-Manifest.json`
with `dataFiles`. Source: AWS documentation, "Cost and Usage Report: manifest files" and "Data Exports: delivery".
"""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.costs.files.folder import Folder, Item

_TABLES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson", ".zip", ".yaml", ".yml")
_PACKED = (".gz", ".bz2")


class Chosen(Struct, frozen=True):
    """The names of the files to read, and what is said of the choice."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


def choose(folder: Folder) -> Chosen:
    """The files of a bill. Raises InvalidInput where there are none, or where a manifest names one that is missing."""
    items = folder.items()
    manifests = [item for item in items if item.name.lower().endswith("manifest.json")]
    if manifests:
        return _by_manifests(folder, items, manifests)
    tables = [item.name for item in items if _is_table(item.name)]
    if not tables:
        raise InvalidInput(
            "cannot import: found no CSV, Parquet, JSON, YAML or zip file; expected the files of a bill or their folder"
        )
    ignored = len(items) - len(tables)
    return Chosen(tuple(tables), (f"{ignored} files of other kinds were not read",) if ignored else ())


def _by_manifests(folder: Folder, items: Sequence[Item], manifests: Sequence[Item]) -> Chosen:
    names, notes = [], []
    for manifest in _current(folder, manifests):
        for key in _files_of(manifest.content):
            found = _match(key, items)
            if found is None:
                raise InvalidInput(
                    f"cannot import: the manifest {manifest.name} names {key}, which is not there; "
                    "expected the whole report; try copying its folder again"
                )
            names.append(found)
        assembly = manifest.content.get("assemblyId") or manifest.content.get("executionId") or ""
        notes.append(f"manifest {manifest.name}" + (f" (version {assembly})" if assembly else ""))
    unnamed = sum(1 for item in items if _is_table(item.name) and item.name not in names and item not in manifests)
    if unnamed:
        notes.append(f"{unnamed} files that no manifest names (older versions) were not read")
    return Chosen(tuple(dict.fromkeys(names)), tuple(notes))


class _Manifest(Struct, frozen=True):
    name: str
    content: dict[str, Any]


def _current(folder: Folder, manifests: Sequence[Item]) -> list[_Manifest]:
    """The manifests that are not copies inside a version's own folder."""
    read = [_Manifest(item.name, _parse(folder, item.name)) for item in manifests]
    inside = {
        one.name
        for one in read
        if (assembly := one.content.get("assemblyId")) and assembly in PurePosixPath(one.name).parts
    }
    outside = [one for one in read if one.name not in inside]
    return outside or read


def _parse(folder: Folder, name: str) -> dict[str, Any]:
    try:
        content = json.loads(folder.fetch(name).read_text(encoding="utf-8-sig"))
    except ValueError as problem:
        raise InvalidInput(f"cannot read manifest {name}: it is not JSON ({problem})") from None
    if not isinstance(content, dict):
        raise InvalidInput(f"cannot read manifest {name}: expected an object with reportKeys or dataFiles")
    return content


def _files_of(content: dict[str, Any]) -> list[str]:
    files = content.get("reportKeys") or content.get("dataFiles") or []
    return [str(key) for key in files]


def _match(key: str, items: Sequence[Item]) -> str | None:
    """The item whose name the key ends with, by whole parts: a copied folder may begin anywhere in the key."""
    wanted = PurePosixPath(key.removeprefix("s3://")).parts
    best: tuple[int, str] | None = None
    for item in items:
        parts = PurePosixPath(item.name).parts
        if parts == wanted[-len(parts) :] and (best is None or len(parts) > best[0]):
            best = (len(parts), item.name)
    return best[1] if best else None


def _is_table(name: str) -> bool:
    path = PurePosixPath(name.lower())
    suffix = PurePosixPath(path.stem).suffix if path.suffix in _PACKED else path.suffix
    return suffix in _TABLES
