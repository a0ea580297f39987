"""A kiosk asks for a ticket, which reads a ledger and a seat: what each does otherwise in a window is evidence."""

import pytest
from tests.unit.bottlenecks.made import MS, span

from trimtab.bottlenecks.rootcause.calls import calls
from trimtab.bottlenecks.rootcause.lines import read
from trimtab.bottlenecks.rootcause.paths import path_changes, surprise
from trimtab.bottlenecks.rootcause.rank import rank, significant
from trimtab.bottlenecks.rootcause.signals import Kind, Line, Signals
from trimtab.bottlenecks.rootcause.visits import visits
from trimtab.bottlenecks.spans import columns

USUAL = {"ledger": ("open ledger", "entry written"), "ticket": ("ticket asked", "ticket printed")}
SKIP = {"ledger": ("open ledger",)}
"""The ledger returns before it writes."""


def window(count, *, wrote=USUAL, seat=True, fails=False, since=0, outer=False):
    """`count` traces; `wrote` are the lines of each component, `seat` whether seats are asked for."""
    rows, lines = [], []
    for number in range(count):
        trace, at = f"t{number}", number * 1000
        rows.append(span("k", "", at, at + 90, service="kiosk", operation="buy", trace_id=trace))
        rows.append(span("t", "k", at + 5, at + 80, service="ticket", operation="print", trace_id=trace))
        rows.append(span("l", "t", at + 10, at + 30, service="ledger", operation="append", trace_id=trace))
        rows.append(span("s", "l", at + 12, at + 20, service="ledger", operation="sum", trace_id=trace, failed=fails))
        if seat:
            rows.append(span("p", "t", at + 40, at + 60, service="seats", operation="pick", trace_id=trace))
        if outer:
            rows.append(span("u", "k", at + 81, at + 89, service="ledger", operation="audit", trace_id=trace))
        for service, texts in {**USUAL, **wrote}.items():
            begin = at + (11 if service == "ledger" else 6)
            lines += [
                Line(service, text, "", trace, (begin + place) * MS)
                for place, text in enumerate(texts)
                if begin * MS >= since
            ]
    return Signals(columns(rows), (), lines, since)


def changes(normal, now):
    before, after = read(normal, now)
    return list(path_changes(visits(calls(normal.spans), before), visits(calls(now.spans), after)))


def told(normal, now):
    return {(one.component, one.subject) for one in changes(normal, now)}


def test_a_line_that_an_operation_writes_no_more_is_evidence():
    (one,) = changes(window(20), window(12, wrote=SKIP))
    assert ("ledger", Kind.PATH, "append: entry written") == (one.component, one.kind, one.subject)
    assert (100.0, 0.0, "%") == (one.normal, one.now, one.unit)
    assert "ledger" == rank(window(20), window(12, wrote=SKIP))[0].component


def test_a_call_that_is_made_no_more_is_evidence_against_the_caller():
    assert {("ticket", "print: → seats pick")} == told(window(20), window(12, seat=False))


def test_a_serious_line_or_span_that_is_new_is_evidence():
    wrote = {"ledger": (*USUAL["ledger"], "ERROR cannot balance")}
    assert {("ledger", "append: ERROR cannot balance")} == told(window(20), window(12, wrote=wrote))
    (one, gone) = sorted(changes(window(20), window(12, fails=True)), key=lambda one: one.normal)
    assert ("append: sum", 0.0, 100.0) == (one.subject, one.now - 100.0, gone.normal)


def test_what_recovers_or_is_new_and_harmless_is_none():
    wrote = {"ledger": (*USUAL["ledger"], "ERROR cannot balance"), "ticket": (*USUAL["ticket"], "a line more")}
    assert set() == told(window(20, wrote={"ledger": wrote["ledger"]}), window(12, wrote={"ticket": wrote["ticket"]}))


def test_a_caller_that_a_callee_led_astray_is_excused():
    both = {**SKIP, "ticket": ("ticket asked",)}
    assert {("ledger", "append: entry written")} == told(window(20), window(12, wrote=both))
    assert {("ticket", "print: ticket printed")} == told(window(20), window(12, wrote={"ticket": both["ticket"]}))


def test_what_was_seldom_done_is_not_expected():
    mixed = Signals(
        columns([*rows_of(window(8)), *rows_of(window(12, seat=False), "other")]),
    )
    assert set() == told(mixed, window(12, seat=False))


def rows_of(signals, mark=""):
    spans = signals.spans
    names = {code: f"{mark}{number}" for code, number in enumerate(spans.span.tolist())}
    by_id = {(spans.trace[row], spans.span[row]): names[row] for row in range(len(spans))}
    for row in range(len(spans)):
        begin = int(spans.start_ns[row]) // MS
        yield span(
            names[row],
            by_id.get((spans.trace[row], spans.parent[row]), ""),
            begin,
            begin + int(spans.duration_ns[row]) // MS,
            service=spans.services[spans.service[row]],
            operation=spans.operations[spans.operation[row]],
            trace_id=mark + spans.traces[spans.trace[row]],
        )


def test_visits_before_the_first_line_that_was_read_say_nothing_of_lines():
    assert set() == told(window(20), window(30, since=18_000 * MS))
    assert set() == told(window(20), Signals(window(12).spans))


def test_a_line_belongs_to_the_visit_in_which_it_was_written():
    normal, now = window(20, outer=True), window(12, outer=True, wrote=SKIP)
    assert {("ledger", "append: entry written")} == told(normal, now)


def test_visits_of_one_trace_count_together():
    found = visits(calls(window(3, outer=True).spans), read(window(3), window(3))[0])
    assert [1.0] * len(found.row) == found.weight.tolist()
    repeated = columns([span(f"r{at}", "", at, at + 1, service="seats", operation="pick") for at in range(4)])
    assert [0.25] * 4 == visits(calls(repeated), read(Signals(), Signals())[0]).weight.tolist()


def test_surprise_is_the_chance_of_so_few_in_bits():
    assert 1.0 == pytest.approx(surprise(0, 0, 0, 1))  # knowing nothing, half of one
    assert 0.0 == surprise(5, 5, 3, 3)
    assert surprise(8, 8, 0, 7) == pytest.approx(14.9, abs=0.1)
    assert surprise(50, 100, 0, 7) < surprise(100, 100, 0, 7)


def test_nothing_significant_suspects_nobody():
    assert [] == significant(rank(window(20), window(12)))
    assert ["ledger"] == [one.component for one in significant(rank(window(20), window(12, wrote=SKIP)))]
