"""Records as dictionaries."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from trimtab.base.records import asdict


class Point(NamedTuple):
    x: int


class Inner(Struct, frozen=True):
    number: int


class Outer(Struct, frozen=True):
    inner: Inner
    several: tuple[Inner, ...]
    listed: list[Inner]
    named: Mapping[str, Inner]
    point: Point


def test_records_within_records_are_dictionaries() -> None:
    outer = Outer(Inner(1), (Inner(2),), [Inner(3)], {"a": Inner(4)}, Point(5))
    assert asdict(outer) == {
        "inner": {"number": 1},
        "several": ({"number": 2},),
        "listed": [{"number": 3}],
        "named": {"a": {"number": 4}},
        "point": Point(5),
    }
    assert isinstance(asdict(outer)["point"], Point)
