import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.bottlenecks.made import MS, span

from trimtab.bottlenecks.critical_path import critical_path
from trimtab.bottlenecks.forest import NONE, grow
from trimtab.bottlenecks.spans import SpanRow, columns, take


def own_ms(rows):
    return dict(zip([row.span_id for row in rows], (grow(columns(rows)).self_ns // MS).tolist(), strict=True))


def path_ms(rows):
    path = critical_path(grow(columns(rows)))
    return {row.span_id: int(own) // MS for row, on, own in zip(rows, path.on, path.own_ns, strict=True) if on}


def test_self_time_leaves_out_what_children_cover_once():
    rows = [span("a", "", 0, 100), span("b", "a", 10, 40), span("c", "a", 30, 60), span("d", "a", 35, 38)]
    assert {"a": 50, "b": 30, "c": 30, "d": 3} == own_ms(rows)


def test_the_critical_path_goes_back_from_the_child_that_ended_last():
    rows = [span("a", "", 0, 100), span("b", "a", 10, 40), span("c", "a", 45, 90), span("d", "a", 20, 44)]
    assert {"a": 31, "d": 24, "c": 45} == path_ms(rows)


def test_a_child_that_runs_beside_the_last_is_not_waited_for():
    rows = [span("a", "", 0, 100), span("slow", "a", 10, 90), span("quick", "a", 20, 80)]
    assert {"a": 20, "slow": 80} == path_ms(rows)


def test_the_consumer_of_a_message_and_late_children_are_asynchronous():
    rows = [span("a", "", 0, 10), span("m", "a", 5, 50, kind="consumer"), span("late", "a", 20, 30)]
    forest = grow(columns(rows))
    assert [False, True, True] == forest.asynchronous.tolist()
    assert {"a": 10} == path_ms(rows)
    assert {"a": 10, "m": 45, "late": 10} == own_ms(rows)


def test_a_child_that_outlives_its_parent_counts_as_far_as_the_parent_waited():
    rows = [span("a", "", 0, 10), span("b", "a", 4, 30)]
    assert {"a": 4, "b": 6} == path_ms(rows)


def test_spans_without_their_parent_and_cycles_are_roots():
    rows = [span("a", "gone", 0, 10), span("b", "c", 1, 2), span("c", "b", 1, 3), span("d", "d", 2, 3)]
    forest = grow(columns(rows))
    assert [NONE] * 4 == forest.parent.tolist()
    assert [0] == forest.roots.tolist()


def test_ids_are_those_of_their_trace():
    rows = [
        span("a", "", 0, 9),
        span("b", "a", 0, 5),
        span("a", "", 0, 7, trace_id="u"),
        span("b", "a", 1, 2, trace_id="u"),
    ]
    forest = grow(columns(rows))
    assert [NONE, 0, NONE, 2] == forest.parent.tolist()
    assert [0, 2] == forest.roots.tolist()


def test_the_skew_of_two_clocks_is_taken_out_with_all_below():
    rows = [
        span("a", "", 0, 100, kind="server"),
        span("call", "a", 10, 90, kind="client"),
        span("serve", "call", 1010, 1070, service="other", kind="server"),
        span("work", "serve", 1020, 1050, service="other"),
    ]
    assert {"a": 20, "call": 20, "serve": 30, "work": 30} == path_ms(rows)


def test_nothing_has_no_forest():
    spans = columns([])
    assert 0 == len(grow(spans).parent)
    assert not critical_path(grow(spans)).on.any()


def test_some_spans_are_taken_with_traces_numbered_anew():
    spans = columns([span("a", "", 0, 9), span("b", "", 0, 5, trace_id="u", attributes={"k": "v"})])
    few = take(spans, spans.trace == 1)
    assert (("u",), [0], ({"k": "v"},)) == (few.traces, few.trace.tolist(), few.attributes)


TREES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40), st.integers(0, 40), st.booleans()), max_size=30)


def made(tree):
    rows = [SpanRow("t", "0", "", "s", "o", 0, 50)]
    for number, (parent, start, length, consumer) in enumerate(tree, 1):
        kind = "consumer" if consumer else "internal"
        rows.append(SpanRow("t", str(number), str(parent % number), "s", "o", start, length, kind))
    return rows


def walked(forest, row, own):
    """The critical path as one would write it down: from the end, back."""
    at, left = forest.end[row], forest.duration[row]
    children = [c for c in range(len(forest.parent)) if forest.parent[c] == row and not forest.asynchronous[c]]
    while True:
        ready = [c for c in children if forest.end[c] <= at and forest.end[c] > forest.start[c]]
        if not ready:
            break
        last = max(ready, key=lambda c: (forest.end[c], -forest.start[c], c))
        walked(forest, last, own)
        left -= forest.duration[last]
        at = forest.start[last]
    own[row] = left


@given(TREES)
def test_the_path_is_the_walk_and_adds_up_to_the_whole(tree):
    forest = grow(columns(made(tree)))
    path = critical_path(forest)
    own = {}
    walked(forest, 0, own)
    assert 50 == path.own_ns.sum()
    assert sorted(own.values()) == sorted(path.own_ns[path.on].tolist())
    assert own == {row: int(path.own_ns[row]) for row in np.flatnonzero(path.on)}


@given(TREES)
def test_self_time_is_what_no_child_covers(tree):
    forest = grow(columns(made(tree)))
    for row in range(len(forest.parent)):
        free = np.ones(forest.end.max(initial=0) + 1, bool)
        for child in np.flatnonzero((forest.parent == row) & ~forest.asynchronous):
            free[forest.start[child] : forest.end[child]] = False
        assert free[forest.start[row] : forest.end[row]].sum() == forest.self_ns[row]
