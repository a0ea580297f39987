from pathlib import Path

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.cli.simulate import _metric, _policy, _promise, _values
from trimtab.client import scaling_wire as wire


def test_counts_of_a_file_are_spread_over_their_bucket(tmp_path: Path) -> None:
    file = tmp_path / "demand.csv"
    file.write_text("timestamp,value\n2026-01-05 00:00:00,600\n2026-01-05 00:05:00,1200\n2026-01-05 00:07:00,5\n")
    assert [2.0] * 5 + [10.0] * 2 == _values(file, 60, rate=False)
    assert [600.0] * 5 + [1200.0] * 2 == _values(file, 60, rate=True)


def test_a_file_that_is_no_history_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "demand.csv"
    for text in ("timestamp,value\n", "a,b\n1,x\n2,y\n3,z\n", "nowhen,1\nneither,2\n"):
        file.write_text(text)
        with pytest.raises(InvalidInput, match="cannot"):
            _values(file, 60, rate=False)


def test_policies_and_metrics_are_read_from_words() -> None:
    assert 0.001 == _policy("portfolio=0.001").allowed
    assert 0.7 == _policy("predictive=0.7").target
    assert 12 == _policy("fixed=12").replicas
    assert "objective" == _policy("objective").kind
    metric = _metric("AWS/ELB|RequestCount{LoadBalancer=a/b}", "-7d", "now", False)
    assert ("Sum", {"LoadBalancer": "a/b"}, True) == (metric.statistic, metric.dimensions, metric.per_period)
    for wrong in ("portfolio=x",):
        with pytest.raises(InvalidInput, match="KIND=NUMBER"):
            _policy(wrong)
    with pytest.raises(InvalidInput, match="NAMESPACE"):
        _metric("nonsense", "-7d", "now", False)


def test_a_promise_is_told_with_what_became_of_it() -> None:
    said = {"allowed": 0.01, "reason": "kept-so-far", "words": "promised"}
    kept = wire.SimulatedPromise(**said, since=10_080, violating=0.004, kept=True)  # type: ignore[arg-type] # by name
    assert "promised; kept: 0.400% violated from day 7 on" == _promise(kept, 60.0)
    broken = wire.SimulatedPromise(**said, since=10_080, violating=0.02, kept=False)  # type: ignore[arg-type] # by name
    assert "promised; broken: 2.000% violated from day 7 on" == _promise(broken, 60.0)
    never = wire.SimulatedPromise(**said, since=None, violating=None, kept=None)  # type: ignore[arg-type] # by name
    assert "promised" == _promise(never, 60.0)
