"""Analyses kept, changed and watched: versions, starters, alarms of thresholds within the scope of who asked."""

from typing import Any

import pytest

from made_analyses import ADMIN, OF_A, SPEC, Kept, run
from made_datasets import DAY_MS, NOW, A, B
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope, scope_of_text, scope_text
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.reports.analyses.answering import Wanted
from trimtab.reports.analyses.metric_alarms import alarm_form
from trimtab.reports.analyses.room import AnalysisRoom, Chosen
from trimtab.reports.analyses.spec import Threshold, Visual, read_analysis
from trimtab.reports.analyses.starters import STARTERS
from trimtab.reports.analyses.watching import Watching
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.datasets.sources import every
from trimtab.reports.datasets.spec import Dataset, Use
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.timeseries.forecast.forecaster import Forecaster


def test_analyses_are_kept_with_versions_and_seen_within_scope(watching: Watching) -> None:
    room = watching.room
    assert 1 == run(room.save(OF_A, "mine", SPEC, was=0)).version
    changed = {**SPEC, "title": "Teams"}
    assert 2 == run(room.save(OF_A, "mine", changed, was=1)).version
    with pytest.raises(Conflict):
        run(room.save(OF_A, "mine", SPEC, was=1))
    with pytest.raises(InvalidInput, match=r"visuals\[0\]\.by"):
        run(room.save(OF_A, "mine", {**SPEC, "visuals": [{"id": "a", "by": ["nothing"]}]}))
    with pytest.raises(NotFound):
        run(room.save(OF_A, "mine", {**SPEC, "dataset": "nowhere"}))
    opened = run(room.open(OF_A, "mine"))
    assert ("Teams", 2) == (opened.title, opened.version)
    assert [1] == [one.version for one in run(room.store.versions(opened.stored.id))]  # type: ignore[union-attr] # stored
    other = Principal("eve", B, Role.WRITE, Scope(frozenset((B,))))
    with pytest.raises(NotFound):
        run(room.open(other, "mine"))
    run(room.save(OF_A, "mine", changed, shared=True))
    shown = run(room.show(other, run(room.open(other, "mine")).spec, opened.spec.visuals[0]))
    assert {"speech": "7.77", "(none)": "-1.17"} == {row.keys[0]: f"{row.values[0]:.2f}" for row in shown.rows}
    names = [one.name for one in run(room.listed(OF_A))]
    assert ["mine", *STARTERS] == names
    assert "mine" == run(room.delete(OF_A, "mine")).name
    # A starter can be saved under its own name, and comes back when that is deleted.
    assert 0 == run(room.open(ADMIN, "cost-by-team")).version


def test_a_page_may_choose_conditions_and_another_range(watching: Watching) -> None:
    spec = read_analysis(SPEC)
    chosen = Chosen(("team = 'speech'",), range="2d")
    shown = run(watching.room.show(ADMIN, spec, spec.visuals[0], chosen))
    assert ["speech"] == [row.keys[0] for row in shown.rows]
    assert 2 * DAY_MS == shown.end_ms - shown.start_ms


def test_starters_can_be_answered_from_the_sources_that_there_are(engine: Telemetry, state: State) -> None:
    nobody: Any = None
    clock = ManualClock(NOW)
    sources = every.every_source(every.Rooms(engine, clock, *(nobody for _ in range(9))))
    room = AnalysisRoom.of(
        state, DatasetRoom.of(state, DatasetReader(engine, sources, clock), clock, A), Forecaster(), clock
    )
    for name, starter in STARTERS.items():
        for visual in starter.spec.visuals:
            wanted = run(room.wanted(ADMIN, starter.spec, visual))
            made = room.answering.planned(wanted, run(room.datasets.teams.reader(ADMIN)))
            assert made.amounts, name
            assert visual.kind in ("auto", made.kind)


def test_a_threshold_becomes_an_alarm_on_what_is_published(watching: Watching) -> None:
    room, kept = watching.room, watching.ingest
    assert isinstance(kept, Kept)
    run(room.save(OF_A, "mine", SPEC))
    opened = run(room.open(OF_A, "mine"))
    armed = run(watching.arm(OF_A, opened, opened.spec.visuals[0], Threshold(above=12.0), 3600, []))
    assert "mine by-team above 12" == armed.key.name
    [alarm] = run(watching.alarms.named(A, "us-east-1", [armed.key.name])).values()
    assert ("trimtab/Analyses", "Value", 12.0) == tuple(
        alarm.form[one] for one in ("Namespace", "MetricName", "Threshold")
    )
    assert 1 == run(watching.turn())
    # As the one who asked sees it: of account A alone, vision 13.40 is the largest.
    assert [(NOW, 13.4)] == kept.points
    assert {"Analysis": "mine", "Visual": "by-team"} == dict(kept.series[0].dimensions)
    assert 0 == run(watching.turn())
    [watch] = run(watching.watches.listed(A, "mine"))
    assert (13.4, "", NOW + 3_600_000) == (watch.value, watch.problem, watch.next_ms)
    # The newest whole period counts of a time: the third day is whole at its end.
    run(watching.arm(ADMIN, opened, opened.spec.visuals[1], Threshold(below=0.0), 300, []))
    assert 1 == run(watching.turn())
    assert -1.17 == kept.points[-1][1]
    run(room.save(OF_A, "mine", {**SPEC, "visuals": SPEC["visuals"][1:]}))  # type: ignore[index] # a list
    watching.clock.advance(7_200_000)  # type: ignore[attr-defined] # a manual one
    run(watching.turn())
    told = {one.visual: one.problem for one in run(watching.watches.listed(A, "mine"))}
    assert "no visual by-team" in told["by-team"]
    assert 2 == len(run(watching.disarm(OF_A, "mine")))
    assert {} == run(watching.alarms.named(A, "us-east-1", [armed.key.name]))


def test_only_what_is_saved_can_be_watched(watching: Watching) -> None:
    opened = run(watching.room.open(ADMIN, "cost-by-team"))
    with pytest.raises(InvalidInput, match="save the analysis first"):
        run(watching.arm(ADMIN, opened, opened.spec.visuals[0], Threshold(above=1.0), 3600, []))


def test_a_visual_over_one_metric_is_judged_on_the_metric() -> None:
    visual = Visual(
        "cpu", by=["hour"], measures=["avg(value)"],
        where=["namespace = 'AWS/EC2'", "metric = 'CPUUtilization'", "label(dimensions, 'InstanceId') = 'i-1'"],
    )  # fmt: skip
    form = alarm_form(Wanted(visual, "metrics", Dataset([Use("metrics")])), "cpus", Threshold(above=80.0), 300, [])
    assert (
        'SELECT AVG("CPUUtilization") FROM "AWS/EC2" WHERE "InstanceId" = \'i-1\'' == form["Metrics"][0]["Expression"]
    )
    other = alarm_form(
        Wanted(visual, "metrics", Dataset([Use("metrics")]), ("value > 5",)), "x", Threshold(above=8.0), 300, []
    )
    assert "Metrics" not in other
    assert "Value" == other["MetricName"]


def test_a_scope_is_kept_as_it_is() -> None:
    for scope in (
        EVERYTHING,
        Scope(frozenset((A, B)), frozenset(("eu-west-1",)), (RowRule("team", frozenset(("x",))),)),
    ):
        assert scope == scope_of_text(scope_text(scope))
