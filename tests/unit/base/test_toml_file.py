"""What is wrong in a file that a setting names is said with its place."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from trimtab.base.errors import SetupError
from trimtab.base.toml_file import loaded_toml, typed_toml


@dataclass(frozen=True)
class Part:
    size: int = 1


@dataclass(frozen=True)
class Whole:
    parts: dict[str, Part] = field(default_factory=dict)


def read(loaded: dict[str, Any]) -> Whole:
    return typed_toml(loaded, Whole, {"parts": Part}, "SETTING", "a.toml", strict=True)


def test_tables_become_their_types() -> None:
    assert Whole({"a": Part(2)}) == read({"parts": {"a": {"size": 2}}})


@pytest.mark.parametrize(
    ("loaded", "told"),
    [
        ({"part": {}}, "cannot use SETTING a.toml: unknown key 'part'; expected one of parts"),
        ({"parts": 3}, r"cannot use SETTING a.toml \[parts\]: expected a table"),
        ({"parts": {"a": 3}}, r"cannot use SETTING a.toml \[parts.a\]: expected a table"),
        ({"parts": {"a": {"sizes": 2}}}, r"\[parts.a\]: unknown key 'sizes'; expected one of size"),
        ({"parts": {"a": {"size": "2"}}}, "cannot use SETTING a.toml: Expected `int`, got `str`"),
    ],
)
def test_what_does_not_fit_is_refused(loaded: dict[str, Any], told: str) -> None:
    with pytest.raises(SetupError, match=told):
        read(loaded)


def test_what_is_no_file_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot read SETTING"):
        loaded_toml(str(tmp_path / "none"), "SETTING")
    (tmp_path / "a.toml").write_text("a = ")
    with pytest.raises(SetupError, match="cannot read SETTING"):
        loaded_toml(str(tmp_path / "a.toml"), "SETTING")
