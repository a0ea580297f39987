"""Tests as recommendations, and the scaling that follows."""

from decimal import Decimal

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.inference.cost import Price
from trimtab.inference.recommend.candidates import Candidate, Known, candidates, traffic_of
from trimtab.inference.recommend.outcome import front, recommendation, scaling
from trimtab.inference.result import LoadTest, Overhead, Window
from trimtab.inference.traffic import Stop
from trimtab.inventory.served.model import Served


def _test(windows: list[Window], type_: str = "ml.g5.xlarge", name: str = "m") -> LoadTest:
    over = Overhead(30.0, 0.1, 0.1, False)
    return LoadTest(name, "http://m", "http", "phases", 1, 60, 50, 0.99, [], over, windows=windows, instance_type=type_)


def test_the_cost_of_an_inference_is_that_of_the_hour_over_its_invocations() -> None:
    test = _test([Window(1, 600, 10, 12, 8), Window(2, 1200, 12, 15, 9), Window(3, 1210, 20, 30, 14)])
    made = recommendation("r", Candidate("ml.g5.xlarge"), test, Stop(), Price(Decimal("1.008"), "USD", "list"))
    assert (1200, 9) == (made.max_invocations, made.latency_ms)
    assert Decimal("0.000014") == made.cost_per_inference


def test_no_load_within_the_latency_is_no_recommendation() -> None:
    with pytest.raises(InvalidInput, match="no load met"):
        recommendation("r", Candidate("x"), _test([Window(1, 600, 90, 95, 80)]), Stop(latency_ms=50), None)


def test_what_is_slower_and_dearer_is_not_on_the_front() -> None:
    def one(id_: str, per_hour: str, per_min: float, mean: float):  # type: ignore[no-untyped-def]  # Recommendation
        test = _test([Window(1, per_min, mean, mean, mean)])
        return recommendation(id_, Candidate(id_), test, Stop(), Price(Decimal(per_hour), "USD", "list"))

    found = front([one("dear", "2", 600, 20), one("cheap", "1", 600, 10), one("fast", "3", 600, 5)])
    assert [("cheap", True), ("dear", False), ("fast", True)] == [(made.id, made.on_front) for made in found]


@pytest.mark.parametrize(
    ("cpu", "expected"), [(None, (500, 2, 20)), (100.0, (500, 2, 20)), (80.0, (625, 2, 16)), (40.0, (1000, 1, 10))]
)
def test_instances_keep_to_the_target_of_cpu_or_to_half(cpu: float | None, expected: tuple[int, int, int]) -> None:
    found = scaling(1000, cpu, 50, 1000, 10_000)
    assert expected == (found.per_instance, found.least, found.most)


def test_a_type_is_measured_where_the_model_listens_or_known_from_a_recorded_test() -> None:
    environment = {"TRIMTAB_URL_ml_g5_xlarge": "http://a/x", "TRIMTAB_BODY": "[1]"}
    model = Served("1", "r", "model", "m", "", {"PrimaryContainer": {"Environment": environment}})
    types = [{"InstanceType": one} for one in ("ml.g5.xlarge", "ml.m5.large", "ml.c5.large")]
    form = {"JobType": "Advanced", "InputConfig": {"ModelName": "m", "EndpointConfigurations": types}}
    found = candidates(form, Known(model=model, tests=[_test([], "ml.m5.large")]))
    assert ["http://a/x", "", ""] == [one.url for one in found]
    assert [False, True, False] == [one.recorded is not None for one in found]
    assert "nobody measured ml.c5.large" in found[2].problem
    assert "[1]" == found[0].body


def test_a_step_shorter_than_two_minutes_is_refused() -> None:
    pattern = {"TrafficType": "STAIRS", "Stairs": {"DurationInSeconds": 60, "NumberOfSteps": 2, "UsersPerStep": 1}}
    with pytest.raises(InvalidInput, match="DurationInSeconds must be 120"):
        traffic_of({"JobType": "Advanced", "InputConfig": {"TrafficPattern": pattern}})
