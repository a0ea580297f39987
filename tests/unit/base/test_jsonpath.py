"""The subset of JSONPath by which fields are chosen."""

from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.base.jsonpath import Missing, read

_RECORD = {"a": 1, "b": {"c": [1, 2, 3]}, "d e": "x"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", _RECORD),
        ("", _RECORD),
        ("$.a", 1),
        ("$.b.c", [1, 2, 3]),
        ("$.b.c[0]", 1),
        ("$.b.c[0,2]", [1, 3]),
        ("$.b.c[1:]", [2, 3]),
        ("$.b.c[-1]", 3),
        ("$.b.c[:2]", [1, 2]),
        ("$['a','d e']", {"a": 1, "d e": "x"}),
        ("$['d e']", "x"),
        ("$.b.*", [[1, 2, 3]]),
        ("$.b.c[*]", [1, 2, 3]),
    ],
)
def test_a_path_takes_what_it_names(path: str, expected: Any) -> None:
    assert expected == read(path).of(_RECORD)


@pytest.mark.parametrize("path", ["a", "$.", "$[", "$..a", "$[?(@.a)]", "$.a b", "$" + ".a" * 40])
def test_what_is_not_in_the_subset_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read"):
        read(path)


@pytest.mark.parametrize("path", ["$.z", "$.a.b", "$.b.c[9]", "$.a[0]", "$['a','z']"])
def test_a_record_without_the_field_says_so(path: str) -> None:
    with pytest.raises(Missing, match="cannot apply"):
        read(path).of(_RECORD)
