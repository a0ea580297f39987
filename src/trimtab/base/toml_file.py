"""TOML files that a setting names, read as a record: what is not known in them is refused by its place."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import msgspec

from trimtab.base import typed
from trimtab.base.errors import SetupError

T = TypeVar("T")


def loaded_toml(path: str, setting: str) -> dict[str, Any]:
    """The tables of the file at `path`, which `setting` names. Raises SetupError."""
    try:
        return tomllib.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SetupError(f"cannot read {setting} {path}: {problem}") from None


def typed_toml(
    loaded: Mapping[str, Any], kind: type[T], sections: Mapping[str, type], setting: str, path: str, *, strict: bool
) -> T:
    """Tables as a `kind`, the named tables of whose `sections` have types of their own. Raises SetupError."""
    _refuse_unknown(loaded, kind, f"{setting} {path}")
    for section, part in sections.items():
        tables = loaded.get(section, {})
        if not isinstance(tables, Mapping):
            raise SetupError(f"cannot use {setting} {path} [{section}]: expected a table")
        for name, one in tables.items():
            _refuse_unknown(one, part, f"{setting} {path} [{section}.{name}]")
    try:
        return typed.convert(loaded, kind, strict=strict)
    except msgspec.ValidationError as problem:
        raise SetupError(f"cannot use {setting} {path}: {problem}") from None


def _refuse_unknown(given: object, kind: Any, where: str) -> None:
    if not isinstance(given, Mapping):
        raise SetupError(f"cannot use {where}: expected a table")
    known = get_type_hints(kind)
    for name in given:
        if name not in known:
            raise SetupError(f"cannot use {where}: unknown key {name!r}; expected one of {', '.join(sorted(known))}")
