from trimtab.bottlenecks.waterfall import waterfall
from trimtab.traces.model import Span
from trimtab.traces.read import traces_of

MS = 1_000_000


def span(id_, parent, start, end, service="web", kind="internal", **more):
    return Span(
        "1", "r", service, "t", id_, parent, id_, kind, start_ns=start * MS, duration_ns=(end - start) * MS, **more
    )


def made(*spans):
    return waterfall(traces_of(spans)["t"])


def test_rows_are_parents_before_children_in_order_of_start():
    found = made(span("root", "", 0, 100), span("z", "root", 5, 30), span("y", "z", 6, 20), span("b", "root", 2, 4))
    assert [("root", 0), ("b", 1), ("z", 1), ("y", 2)] == [(bar.span.span_id, bar.depth) for bar in found.bars]
    assert [None, 0, 0, 2] == [bar.parent for bar in found.bars]
    assert [2, 0, 1, 0] == [bar.children for bar in found.bars]


def test_the_critical_path_and_the_share_of_each_service_add_up_to_the_root():
    found = made(
        span("root", "", 0, 100),
        span("call", "root", 10, 90, kind="client"),
        span("serve", "call", 20, 80, "db", "server"),
        span("beside", "root", 12, 40),
    )
    assert {"db": 60.0, "web": 40.0} == found.by_service
    assert {"web": 3, "db": 1} == found.by_service_count
    assert [20.0, 20.0, 60.0, None] == [bar.path_ms for bar in found.bars]
    assert [False, True, False, False] == [bar.wire for bar in found.bars]
    assert (100.0, 100.0) == (found.duration_ms, found.total_ms)


def test_spans_whose_parent_is_missing_are_marked():
    found = made(span("root", "", 0, 10), span("lost", "gone", 3, 5))
    assert [False, True] == [bar.orphan for bar in found.bars]


def test_a_call_of_a_model_shows_its_phases():
    attributes = {"gen_ai.request.model": "m", "gen_ai.latency.time_in_queue": "0.002"}
    bar = made(span("root", "", 0, 10, attributes=attributes)).bars[0]
    assert ("m", (("queue", 2.0),)) == (bar.call.model, bar.phases)


def test_ten_thousand_spans_are_laid_out():
    spans = [span("root", "", 0, 20_000)]
    spans += [span(f"s{n}", "root" if n % 10 == 0 else f"s{n - 1}", n, 20_000 - n) for n in range(9_999)]
    found = made(*spans)
    assert 10_000 == len(found.bars)
    assert 20_000 == round(sum(bar.path_ms or 0 for bar in found.bars))
