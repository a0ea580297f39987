"""Recorded load tests as curves."""

import msgspec
import pytest

from trimtab.demo.load_tests import SLO_MS, TYPES, load_test
from trimtab.inference.curves import curve_of, measured
from trimtab.inference.store import RecordedTest


def test_the_newest_test_of_each_type_counts_and_its_curve_crosses_where_it_said() -> None:
    kept = []
    for number, row in enumerate((TYPES[0], TYPES[0], TYPES[1])):
        test = load_test(*row, 1000 - number)
        kept.append(RecordedTest(str(number), "123456789012", test.name, test.started_ms, 0, msgspec.json.encode(test)))
    found = measured(kept)
    assert [("g6.xlarge", "0"), ("g5.xlarge", "2")] == [(one.type, one.test) for one in found]
    curve = found[0].curve
    assert curve.capacity is not None
    assert curve.rate_at(SLO_MS, "p99") == pytest.approx(curve.capacity.value, rel=0.05)


def test_a_type_that_is_too_slow_has_a_curve_without_capacity() -> None:
    slow = load_test(*TYPES[-1], 1)
    curve = curve_of(slow)
    assert slow.capacity is curve.capacity is None
    assert curve.rate_at(SLO_MS, "p99") is None
