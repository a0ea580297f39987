import numpy as np
import pytest
from tests.unit.bottlenecks.made import span

from trimtab.bottlenecks.rootcause.deviation import rank_sum_z
from trimtab.bottlenecks.rootcause.edge_metrics import with_waits
from trimtab.bottlenecks.rootcause.graph import charge, exclusive
from trimtab.bottlenecks.rootcause.rank import rank
from trimtab.bottlenecks.rootcause.signals import Kind, Line, Series, Signals
from trimtab.bottlenecks.spans import columns


def traces(count, *, wire=0, work=20, calls=1, failed=False, silent=False, jitter=3):
    """Front → middle → back; the wire into `back` and its own work take what is said."""
    rows = []
    for number in range(count):
        trace = f"t{number}"
        more = number % jitter

        def add(span_id, parent, start, end, service, kind="server", trace=trace, bad=False):
            rows.append(span(span_id, parent, start, end, service=service, trace_id=trace, kind=kind, failed=bad))

        bad = failed and number % 4 == 0
        add("root", "", 0, 100 + wire + work + more, "front", bad=bad)
        add("call", "root", 1, 95 + wire + work + more, "front", "client")
        add("serve", "call", 2, 93 + wire + work + more, "middle")
        for which in range(0 if silent else calls):
            at = 10 + which
            add(f"ask{which}", "serve", at, at + 2 + wire + work + more, "middle", "client")
            add(f"do{which}", f"ask{which}", at + 1, at + 1 + work + more, "back", bad=bad)
        add("other", "serve", 3, 8, "cache")
    return columns(rows)


def best(normal, now):
    return rank(normal, now)[0]


def series(component, values, metric="cpu", peer=""):
    return Series(component, metric, np.array(values, float), peer)


def test_a_slow_wire_is_charged_to_the_one_that_is_called():
    found = best(Signals(traces(30)), Signals(traces(30, wire=40)))
    assert ("back", Kind.EDGE) == (found.component, found.evidence[0].kind)
    assert 42 == pytest.approx(found.evidence[0].now)


def test_slow_work_is_charged_to_the_one_that_works():
    found = best(Signals(traces(30)), Signals(traces(30, work=90)))
    assert ("back", Kind.OPERATION) == (found.component, found.evidence[0].kind)


def test_failures_are_charged_to_where_they_begin():
    found = best(Signals(traces(40)), Signals(traces(40, failed=True)))
    assert ("back", Kind.ERRORS, 25.0) == (found.component, found.evidence[0].kind, found.evidence[0].now)
    others = rank(Signals(traces(40)), Signals(traces(40, failed=True)))[1:]
    assert Kind.ERRORS not in {one.kind for suspect in others for one in suspect.evidence}


def test_calls_that_are_made_no_more_are_charged_to_the_caller_and_silence_to_the_silent():
    found = {item.component: item for item in rank(Signals(traces(40, calls=3)), Signals(traces(40, silent=True)))}
    assert {Kind.CALLS, Kind.PATH} == {one.kind for one in found["middle"].evidence}
    assert Kind.SILENCE in {one.kind for one in found["back"].evidence}


def test_a_metric_counts_by_what_it_does_in_normal_times():
    calm, wild = [1.0, 1.1, 0.9, 1.0, 1.05, 0.95] * 10, [1.0, 60.0, 2.0, 1.0, 90.0, 1.0] * 10
    normal = Signals(series=[series("calm", calm), series("wild", wild), series("still", calm)])
    now = Signals(series=[series("calm", [5.0] * 4), series("wild", [70.0] * 4), series("still", [1.0] * 4)])
    assert ["calm", "still", "wild"] == sorted(item.component for item in rank(normal, now))
    assert "calm" == best(normal, now).component


def test_a_level_that_had_shifted_before_is_no_news():
    normal = Signals(series=[series("old", [1.0, 1.1] * 20 + [50.0] * 12)])
    assert 0.0 == best(normal, Signals(series=[series("old", [50.0] * 4)])).score


def test_the_edge_of_a_mesh_that_has_no_values_any_more_is_told_of_its_caller():
    normal = Signals(series=[series("shop", [3.0] * 40, "source_latency", "mail")])
    now = Signals(series=[series("shop", [np.nan] * 4, "source_latency", "mail")])
    assert ("shop", Kind.CALLS) == (best(normal, now).component, best(normal, now).evidence[0].kind)


def test_what_a_source_waits_longer_than_its_destination_works_is_the_wire():
    both = [series("a", [5.0, 9.0], "source_p50", "b"), series("a", [4.0, 4.0], "destination_p50", "b")]
    assert [[1.0, 5.0], [4.0, 4.0]] == [item.values.tolist() for item in with_waits(both)]


def test_a_new_pattern_of_errors_is_evidence_against_its_component():
    usual = [Line("shop", f"order {number} placed") for number in range(60)] + [Line("mail", "sent")] * 60
    bad = [Line("mail", f"ERROR cannot reach relay {number}") for number in range(20)]
    found = best(Signals(lines=usual), Signals(lines=usual + bad))
    assert ("mail", Kind.LOG) == (found.component, found.evidence[0].kind)


def test_one_slow_callee_is_its_own_fault_and_many_are_the_callers():
    one = charge({("a", "b"): 4.0, ("a", "c"): 0.0, ("a", "d"): 0.0})
    all_of = charge({("a", "b"): 4.0, ("a", "c"): 4.0, ("x", "a"): 4.0, ("x", "y"): 0.0})
    assert "b" == max(one, key=one.__getitem__)
    assert "a" == max(all_of, key=all_of.__getitem__)


def test_what_a_callee_owes_to_its_own_callees_is_taken_off():
    assert {("a", "b"): 0.0, ("b", "c"): 5.0} == exclusive({("a", "b"): 4.0, ("b", "c"): 5.0})


def test_ranks_of_equal_values_are_shared():
    assert 0.0 == rank_sum_z(np.ones(5), np.ones(7))
    assert rank_sum_z(np.arange(10.0), np.arange(10.0) + 20) == pytest.approx(3.7796, abs=1e-3)


def test_nothing_suspects_nobody():
    assert [] == rank(Signals(), Signals())
    assert {0.0} == {item.score for item in rank(Signals(traces(20)), Signals(traces(20)))}
