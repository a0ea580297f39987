"""Records: with other values in some fields, and as dictionaries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from msgspec import Struct

from trimtab.base.records import asdict, replace


class Point(NamedTuple):
    x: int


class Inner(Struct, frozen=True):
    number: int


@dataclass(frozen=True)
class Other:
    inner: Inner


class Outer(Struct, frozen=True):
    inner: Inner
    several: tuple[Inner, ...]
    listed: list[Inner]
    named: Mapping[str, Inner]
    point: Point
    other: Other


OUTER = Outer(Inner(1), (Inner(2),), [Inner(3)], {"a": Inner(4)}, Point(5), Other(Inner(6)))


def test_records_within_records_are_dictionaries() -> None:
    assert asdict(OUTER) == {
        "inner": {"number": 1},
        "several": ({"number": 2},),
        "listed": [{"number": 3}],
        "named": {"a": {"number": 4}},
        "point": Point(5),
        "other": {"inner": {"number": 6}},
    }
    assert isinstance(asdict(OUTER)["point"], Point)


def test_a_replaced_record_has_the_other_fields_as_they_were() -> None:
    assert replace(OUTER, inner=Inner(7)).inner == Inner(7)
    assert replace(OUTER, inner=Inner(7)).other is OUTER.other
    assert replace(Other(Inner(1)), inner=Inner(2)) == Other(Inner(2))
    for record in (OUTER, Other(Inner(1))):
        with pytest.raises(TypeError):
            replace(record, nobody=1)
