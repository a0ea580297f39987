"""The intervals of random organisations: they partition time exactly, whatever was said, and in whatever order."""

import numpy as np
import pytest
from tests.unit.fleet.organisations import START, organisation

from depth import DEEP
from trimtab.fleet.assemble import assemble
from trimtab.fleet.build import build
from trimtab.fleet.claims import holder_name, parts_of_run, span_of
from trimtab.fleet.joined import Assembled
from trimtab.fleet.model import HOUR_MS, PARTS, Activity, Facts, Holder, Intervals, Said, Spans, State

SEEDS = range(2000 if DEEP else 50)
"""Two thousand organisations in `make test-all`, fifty in `make test`."""
NONE = Spans.of([])


def made(assembled: Assembled) -> Intervals:
    return build(assembled.facts)


def rows(assembled: Assembled, found: Intervals) -> list[tuple[object, ...]]:
    """Intervals by name, so that places in lists do not matter."""
    offsets = assembled.offsets
    names = []
    for at in range(len(found)):
        machine = int(np.searchsorted(offsets, found.device[at], side="right")) - 1
        holder = int(found.holder[at])
        reason = int(found.reason[at])
        names.append(
            (
                assembled.machines[machine].key,
                int(found.device[at]) - offsets[machine],
                int(found.start[at]),
                int(found.end[at]),
                int(found.state[at]),
                assembled.facts.reasons[reason] if reason >= 0 else "",
                assembled.facts.holders[holder].name if holder >= 0 else "",
                int(found.parts[at]),
                round(float(found.active[at]), 3),
            )
        )
    return names


@pytest.mark.parametrize("seed", SEEDS)
def test_every_moment_of_every_device_is_one_thing(seed: int) -> None:
    assembled = assemble(organisation(seed).known())
    found = made(assembled)
    by_moment: dict[tuple[int, int, int], int] = {}
    for device, start, end, parts in zip(
        found.device.tolist(), found.start.tolist(), found.end.tolist(), found.parts.tolist(), strict=True
    ):
        assert start < end
        assert parts >= 0
        by_moment[device, start, end] = by_moment.get((device, start, end), 0) + parts
    assert set(by_moment.values()) <= {PARTS}
    last: dict[int, int] = {}
    for device, start, end in sorted(by_moment):
        assert start >= last.get(device, 0)
        last[device] = end
    assert (found.start // HOUR_MS == (found.end - 1) // HOUR_MS).all()
    assert (found.known <= found.amount * (1 + 1e-9)).all()
    assert (found.active <= found.known * (1 + 1e-12)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_runs_held_is_what_was_held(seed: int) -> None:
    org = organisation(seed)
    known = org.known()
    assembled = assemble(known)
    found = made(assembled)
    names = [one.name for one in assembled.facts.holders]
    told = dict.fromkeys(names, 0)
    held = found.state == State.HELD
    for holder, amount in zip(found.holder[held].tolist(), found.amount[held].tolist(), strict=True):
        told[names[holder]] += amount
    assert sum(told.values()) == int(found.amount[held].sum())
    cut = {names[holder] for holder in np.unique(found.holder[found.crowded]).tolist()}
    for run in org.runs:
        if run.start_ms is None:
            continue
        asked = 0
        for part in parts_of_run(run):
            begun, ended = span_of(run, part)
            until = min(org.end_ms if ended is None else ended, org.end_ms)
            asked += round(part.gpus * PARTS) * max(until - max(begun, START), 0)
        if holder_name(run) not in cut:
            assert told.get(holder_name(run), 0) <= asked
            if not _short_of_devices(org, run, assembled):
                assert told.get(holder_name(run), 0) == asked


def _short_of_devices(org, run, assembled: Assembled) -> bool:  # type: ignore[no-untyped-def]
    """Whether a run asks for more than a machine of its ever had."""
    sizes = {one.key.name: one.devices for one in assembled.machines if one.key.cluster == run.key.cluster}
    return any(part.gpus > sizes.get(part.node, 0) for part in parts_of_run(run))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_arrival_changes_nothing(seed: int) -> None:
    org = organisation(seed)
    first, second = assemble(org.known()), assemble(org.known(shuffled=seed + 1))
    assert rows(first, made(first)) == rows(second, made(second))
    assert first.remarks == second.remarks


def test_what_is_held_is_held_on_a_drained_node_and_the_rest_is_down() -> None:
    hour = HOUR_MS
    facts = Facts(
        0, 4 * hour, 1,
        exists=Spans.of([(0, 0, 4 * hour, 0, Said.SCHEDULER)]),
        told=Spans.of([(0, 0, 4 * hour, 0, Said.SCHEDULER)]),
        down=Spans.of([(0, hour, 3 * hour, 0, 0), (0, 2 * hour, 4 * hour, 1, 1)]),
        held=Spans.of([(0, 0, 2 * hour, 0, 0)], [PARTS // 4]),
        reasons=("drained", "fatal XID"), holders=(Holder("run", "team"),),
    )  # fmt: skip
    found = build(facts)
    told = [
        (int(s) // hour, int(e) // hour, State(int(state)), int(reason), int(parts))
        for s, e, state, reason, parts in zip(
            found.start, found.end, found.state, found.reason, found.parts, strict=True
        )
    ]
    assert told == [
        (0, 1, State.HELD, -1, PARTS // 4), (0, 1, State.FREE, -1, PARTS * 3 // 4),
        (1, 2, State.DOWN, 0, PARTS * 3 // 4), (1, 2, State.HELD, -1, PARTS // 4),
        (2, 3, State.DOWN, 0, PARTS), (3, 4, State.DOWN, 1, PARTS),
    ]  # fmt: skip


def test_work_goes_to_who_held_and_none_of_it_to_what_was_free() -> None:
    hour = HOUR_MS
    facts = Facts(
        0, 2 * hour, 1,
        exists=Spans.of([(0, 0, 2 * hour, 0, 0)]), told=Spans.of([(0, 0, 2 * hour, 0, 0)]), down=NONE,
        held=Spans.of([(0, 0, hour // 2, 0, 0), (0, 0, hour // 2, 1, 0)], [PARTS // 2, PARTS // 2]),
        activity=Activity(0, hour // 2, np.array([[0.6, 0.2, np.nan, np.nan]])),
        holders=(Holder("a", ""), Holder("b", "")),
    )  # fmt: skip
    found = build(facts)
    by = {
        (int(h), int(s)): (a, k, y)
        for h, s, a, k, y in zip(found.holder, found.start, found.active, found.known, found.stray, strict=True)
    }
    work = 0.6 * hour / 2 * PARTS
    assert by[0, 0] == pytest.approx((work / 2, hour / 2 * PARTS / 2, 0))
    assert by[1, 0] == pytest.approx((work / 2, hour / 2 * PARTS / 2, 0))
    assert by[-1, hour // 2] == pytest.approx((0, hour / 2 * PARTS, 0.2 * hour / 2 * PARTS))
    assert by[-1, hour] == pytest.approx((0, 0, 0))


def test_turns_are_divided_by_their_measured_share_and_else_cut_in_proportion() -> None:
    facts = Facts(0, 700, 1, NONE, NONE, NONE, Spans.of([(0, 0, 700, 0, 0), (0, 0, 700, 1, 0), (0, 0, 700, 2, 0)]),
                  holders=(Holder("a", ""), Holder("b", ""), Holder("c", "")))  # fmt: skip
    found = build(facts)
    assert found.parts.tolist() == [PARTS // 3] * 3
    assert found.crowded.all()
    facts.held.weight = np.array([0.5, 0.25, 0.0])
    found = build(facts)
    assert found.parts.tolist() == [PARTS * 2 // 3, PARTS // 3, 0]
    assert not found.crowded.any()
