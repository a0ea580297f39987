"""When requests are meant to start."""

import itertools
from pathlib import Path

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.inference.load import arrivals


def _count(offsets, seconds: float) -> int:  # type: ignore[no-untyped-def]  # an iterator of floats
    return sum(1 for _ in itertools.takewhile(lambda at: at < seconds, offsets))


@pytest.mark.parametrize("make", [arrivals.poisson, arrivals.burst])
def test_random_arrivals_have_their_rate(make) -> None:  # type: ignore[no-untyped-def]  # one of two functions
    assert 20_000 == pytest.approx(_count(make(200.0), 100.0), rel=0.03)


def test_half_of_the_requests_come_in_bursts() -> None:
    found = list(itertools.takewhile(lambda at: at < 1000, arrivals.burst(100.0, factor=4, period_s=10)))
    assert 0.5 == pytest.approx(sum(at % 10 < 1.25 for at in found) / len(found), abs=0.02)


def test_a_trace_is_played_at_its_speed(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("TIMESTAMP,Tokens\n2023-11-16 18:17:03.9799600,5\n2023-11-16 18:17:04.9799600,6\n")
    assert [0.0, 0.5] == pytest.approx(list(arrivals.replay(arrivals.read_trace(path), speed=2.0)))


def test_what_is_no_time_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("at\nsoon\n")
    with pytest.raises(InvalidInput, match="'soon' is not a time"):
        arrivals.read_trace(path)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_must_be_positive(rate: float) -> None:
    with pytest.raises(InvalidInput, match="cannot send at a rate"):
        next(arrivals.poisson(rate))
