"""Mutants of `make mutate`: places that hold a rule have some, words and types have none, and each is one change."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CODE = '''
LIMIT: "int" = 3
"""Words."""

def judged(value, over=False):
    """Words with 1 and 2."""
    if value > LIMIT and not over:
        return f"{value + 1} is too much"
    return [value - 1, "less" if value else None]
'''


@pytest.fixture(scope="module")
def mutate(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutate", repository / "scripts" / "mutate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "judged.py"
    made.write_text(CODE)
    return made


def test_rules_are_changed_and_words_are_not(mutate: ModuleType, file: Path) -> None:
    assert [
        (2, "3 → 4"), (5, "False → True"), (7, "And → Or"), (7, "Gt → GtE"), (7, "if turned round"), (7, "not dropped"),
        (8, "returns None"), (9, "1 → 2"), (9, "Sub → Add"), (9, "choice turned round"), (9, "returns None"),
    ] == sorted((mutant.line, mutant.what) for mutant in mutate.mutants(file))  # fmt: skip


@pytest.mark.parametrize(
    ("what", "value", "expected"),
    [
        ("Gt → GtE", 3, "4 is too much"),
        ("3 → 4", 4, [3, "less"]),
        ("Sub → Add", 1, [2, "less"]),
        ("1 → 2", 2, [0, "less"]),
    ],
)
def test_a_mutant_is_one_change(mutate: ModuleType, file: Path, what: str, value: int, expected: Any) -> None:
    [mutant] = [one for one in mutate.mutants(file) if one.what == what]
    names: dict[str, Any] = {}
    exec(mutate.changed(mutant), names)
    assert expected == names["judged"](value)


def test_a_module_is_the_mutants_where_it_is_imported(
    mutate: ModuleType, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutate, "SOURCE", tmp_path)
    [mutant] = [one for one in mutate.mutants(file) if one.what == "3 → 4"]
    monkeypatch.syspath_prepend(str(tmp_path.parent))
    finder = mutate._Finder(mutant)
    spec = finder.find_spec(finder.name, None)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (4, None) == (module.LIMIT, finder.find_spec("another", None))
    assert "judged" not in sys.modules
