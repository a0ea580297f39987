"""A counter calls a kitchen, which calls an oven and a fridge: whose time and failures are added?"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.unit.bottlenecks.made import span

from trimtab.bottlenecks.rootcause.added import Symptom, Trouble, blame, called_by
from trimtab.bottlenecks.rootcause.signals import Kind, Series, Signals
from trimtab.bottlenecks.spans import columns

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data" / "petshop_rca"
EDGES = frozenset({("counter", "kitchen"), ("kitchen", "oven"), ("kitchen", "fridge")})
USUAL = {"counter": 100.0, "kitchen": 80.0, "oven": 50.0, "fridge": 10.0}
SLOW = Symptom("counter", Trouble.LATENCY)


def window(level, metric="latency", requests=None, length=20):
    calls = requests or dict.fromkeys(level, 100.0)
    wobble = np.arange(length) % 2
    series = [Series(name, metric, np.array(value + wobble * value / 100)) for name, value in level.items()]
    return Signals(series=[*series, *(Series(name, "requests", np.full(length, calls[name])) for name in level)])


def normal(metric="latency", level=USUAL):
    return Signals(series=window(level, metric).series, edges=EDGES)


def shares(now, *, before=None, symptom=SLOW):
    return {one.component: round(one.score) for one in blame(symptom, before or normal(), now)}


def test_time_is_charged_to_the_component_that_adds_it_and_not_to_its_callers():
    assert {"oven": 100} == shares(window({"counter": 140.0, "kitchen": 120.0, "oven": 91.0, "fridge": 10.0}))
    (one,) = blame(SLOW, normal(), window({**USUAL, "kitchen": 120.0}))
    assert ("kitchen", Kind.SHARE, "100 % of the added time") == (
        one.component,
        one.evidence[0].kind,
        one.evidence[0].subject,
    )


def test_many_requests_add_more_than_few():
    now = window({**USUAL, "oven": 70.0, "fridge": 40.0}, requests={**dict.fromkeys(USUAL, 100.0), "fridge": 1.0})
    assert ["oven", "fridge"] == list(shares(now))


def test_failures_are_found_alike_by_availability_or_by_counted_errors():
    fails = Symptom("counter", Trouble.AVAILABILITY)
    fine, now = dict.fromkeys(USUAL, 100.0), {"counter": 95.0, "kitchen": 95.0, "oven": 94.0, "fridge": 100.0}
    availability = window(now, "availability")
    steady = Signals(
        series=[Series(one.component, one.metric, np.minimum(one.values, 100.0)) for one in availability.series]
    )
    before = Signals(
        series=[Series(name, "availability", np.full(20, value)) for name, value in fine.items()], edges=EDGES
    )
    assert "oven" == next(iter(shares(steady, before=before, symptom=fails)))
    errors = {name: 100.0 - value for name, value in now.items()}
    none = normal("errors", dict.fromkeys(USUAL, 0.0))
    assert "oven" == next(iter(shares(window(errors, "errors"), before=none, symptom=fails)))


def test_only_what_the_symptom_reaches_is_asked():
    assert {} == shares(window({**USUAL, "counter": 200.0}), symptom=Symptom("kitchen", Trouble.LATENCY))
    assert {} == shares(window({**USUAL, "oven": 90.0}), symptom=Symptom("fridge", Trouble.LATENCY))


def test_what_is_usual_or_had_shifted_before_is_none():
    assert {} == shares(window({**USUAL, "oven": 50.3}))
    shifted = normal().series[2]
    values = np.concatenate((shifted.values[:-1], [92.0]))
    before = [one for one in normal().series if one is not shifted and one.component != "oven"]
    before = Signals(series=[*before, Series("oven", "latency", values)], edges=EDGES)
    assert {} == shares(window({**USUAL, "oven": 91.0}), before=before)


def test_a_callee_that_was_never_called_before_is_its_callers_doing():
    now = window({**USUAL, "kitchen": 120.0, "grill": 500.0})
    before = Signals(series=normal().series, edges=EDGES | {("kitchen", "grill")})
    assert {"kitchen": 100} == shares(now, before=before)


def test_gaps_are_no_values():
    now = window({**USUAL, "oven": 91.0})
    now = Signals(
        series=[
            Series(one.component, one.metric, np.where(np.arange(20) < 15, np.nan, one.values)) for one in now.series
        ]
    )
    assert {"oven": 100} == shares(now)
    assert {} == shares(Signals())


def test_the_graph_is_of_spans_and_edges():
    rows = [span("a", "", 0, 9, service="counter"), span("b", "a", 1, 8, service="kitchen")]
    edge = Series("kitchen", "wait", np.ones(3), "oven")
    assert {"counter": {"kitchen"}, "kitchen": {"oven"}} == called_by(Signals(columns(rows), [edge]))


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data set petshop_rca is not beside the project")
def test_the_true_component_of_a_shop_is_found_more_often_than_by_naive_rankings():
    command = [sys.executable, str(ROOT / "bench" / "eval_petshop_rca.py"), str(DATA)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["as1"] >= 0.9
    assert figures["as1"] > figures["best_naive_as1"]
