"""Replaying a whole range at once finds what evaluating it step by step finds."""

import asyncio
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.alarms.replay.past import MINUTE, START, Past, alarm, replayer, span

from depth import examples
from trimtab.alarms.book import Entry
from trimtab.alarms.evaluate import VALUES, Periods, Verdict, evaluate, reach
from trimtab.alarms.look_burns import BurnLooks
from trimtab.alarms.look_expressions import ExpressionLooks
from trimtab.alarms.model import AlarmKind, MetricAlarm, Missing, StateValue
from trimtab.alarms.replay.model import Replay
from trimtab.metrics.plan import StatRequest

VALUE = st.one_of(st.none(), st.integers(0, 9).map(float))
DELAY = 15_000


def replay(past: Past, one: Any, minutes: float) -> Replay:
    return asyncio.run(replayer(past).replay(one, span(minutes)))


def walked(codes: list[tuple[int, int]]) -> list[tuple[int, StateValue]]:
    """The transitions of (time, verdict) pairs, one after the other."""
    state, found = None, []
    for time, code in codes:
        value = VALUES.get(Verdict(code))
        if value is None or value is state:
            continue
        if state is not None:
            found.append((time + DELAY, value))
        state = value
    return found


async def step_by_step(past: Past, one: MetricAlarm, times: range) -> list[tuple[int, int]]:
    """Each evaluation reads its own periods and judges them by itself."""
    source: Any = one.queries[0].source
    period_ms, n = one.period_s * 1000, reach(one.judgement.periods)
    codes = []
    for time in times:
        start_ms = time - n * period_ms
        request = StatRequest((1,), source.statistic, one.period_s, start_ms)
        [found] = await past.statistics(None, [request], start_ms, time)  # type: ignore[arg-type]  # a made-up past has no owner
        values = np.full(n, np.nan)
        values[(found.times - start_ms) // period_ms] = found.values
        starts = start_ms + np.arange(n, dtype=np.int64) * period_ms
        codes.append((time, evaluate(Periods(starts, values), one.judgement)))
    return codes


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(VALUE, min_size=40, max_size=120),
    st.sampled_from([60, 120, 300, 600]),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from(list(Missing)),
    st.sampled_from(["Average", "Sum", "Maximum", "Minimum", "SampleCount", "p50"]),
)
def test_one_metric(values: list[float | None], period: int, n: int, m: int, missing: Missing, statistic: str) -> None:
    past = Past()
    past.put("cpu", [1.0, *values])
    named = (None, statistic) if statistic.startswith("p") else (statistic, None)
    one = alarm(
        "cpu",
        Statistic=named[0],
        ExtendedStatistic=named[1],
        Period=period,
        EvaluationPeriods=n,
        DatapointsToAlarm=min(m, n),
        TreatMissingData=missing.value,
        Threshold=4.0,
    )
    found = replay(past, one, 100)
    assert past.reads <= 9  # not one an evaluation: of percentiles one for each position of the period
    times = range(START, START + 100 * MINUTE - DELAY, found.step_s * 1000)
    assert walked(asyncio.run(step_by_step(past, one, times))) == moved(found)
    assert len(times) == found.evaluations


def queries(text: str, *, returned: str = "e") -> list[dict[str, Any]]:
    metric = {"Namespace": "N", "MetricName": "cpu"}
    told = [
        {"Id": f"m{number}", "MetricStat": {"Metric": {**metric, "Dimensions": [{"Name": "Host", "Value": host}]},
                                           "Period": 60, "Stat": "Average"}, "ReturnData": False}
        for number, host in enumerate("ab", 1)
    ]  # fmt: skip
    if text.startswith("SELECT"):
        told = []
    return [*told, {"Id": returned, "Expression": text, "Period": 60, "ReturnData": True}]


EXPRESSIONS = [
    "m1 + m2",
    "m1 / m2",
    "IF(m1 > 3, m2)",
    "FILL(m1, 2) * 2",
    "MAX([m1, m2])",
    "m1 - AVG(m1) + 4",
    "RATE(m1) * 60",
    "FILL(m1, REPEAT)",
    "SELECT MAX(cpu) FROM N GROUP BY Host ORDER BY MAX() DESC",
    "SELECT SUM(cpu) FROM N",
]


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(VALUE, min_size=20, max_size=60),
    st.lists(VALUE, min_size=20, max_size=60),
    st.sampled_from(EXPRESSIONS),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from(list(Missing)),
)
def test_an_expression(
    a: list[float | None], b: list[float | None], text: str, n: int, m: int, missing: Missing
) -> None:
    past = Past()
    past.put("cpu/a", [1.0, *a])
    past.put("cpu/b", [1.0, *b])
    one = alarm(
        "e",
        Metrics=queries(text),
        ComparisonOperator="GreaterThanThreshold",
        Threshold=4.0,
        EvaluationPeriods=n,
        DatapointsToAlarm=min(m, n),
        TreatMissingData=missing.value,
    )
    found = replay(past, one, 60)
    times = list(range(START, START + 60 * MINUTE - DELAY, MINUTE))
    [look] = asyncio.run(ExpressionLooks(past.evaluator()).look([Entry(one, 0)], times, DELAY))
    pairs = zip(times, look.codes[0].tolist(), strict=True)
    expected = walked([pair for pair in pairs if pair[0] >= found.start_ms])  # what was before, it does not know
    cut = [pair for pair in expected if pair[0] > found.start_ms + DELAY]
    assert cut == [pair for pair in moved(found) if pair[0] > found.start_ms + DELAY]


@settings(max_examples=examples(30), deadline=None)
@given(
    st.lists(VALUE, min_size=100, max_size=150), st.lists(VALUE, min_size=100, max_size=150), st.sampled_from(Missing)
)
def test_a_burn_rate(bad: list[float | None], total: list[float | None], missing: Missing) -> None:
    past = Past()
    past.put("bad", bad)
    past.put("total", [None if value is None else value * 3 for value in total])
    stat = {"Stat": "Sum"}
    one = alarm(
        "slo",
        AlarmKind.BURN_RATE,
        Objective=0.9,
        Bad={"Metric": {"Namespace": "N", "MetricName": "bad"}, **stat},
        Total={"Metric": {"Namespace": "N", "MetricName": "total"}, **stat},
        Windows=[{"LongSeconds": 1800, "ShortSeconds": 300, "Factor": 3.0}],
        TreatMissingData=missing.value,
    )
    found = replay(past, one, 120)
    times = list(range(START, START + 120 * MINUTE - DELAY, MINUTE))
    [look] = asyncio.run(BurnLooks(past, past).look([Entry(one, 0)], times))
    expected = walked(list(zip(times, look.codes[0].tolist(), strict=True)))
    cut = [pair for pair in expected if pair[0] > found.start_ms + DELAY]
    assert cut == [pair for pair in moved(found) if pair[0] > found.start_ms + DELAY]


def moved(found: Replay) -> list[tuple[int, StateValue]]:
    return [(one.at_ms, one.new) for one in found.transitions]
