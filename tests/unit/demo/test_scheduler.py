"""What the schedulers of the company report: every run once it is submitted, its GPUs, the drained node, in order."""

from collections.abc import Iterator

import msgspec
from tests.unit.demo.conftest import ANCHOR_MS

from trimtab.client.inventory_wire import ReportNodes, ReportRuns, RunRecord
from trimtab.demo.company import RESEARCH, TRAINING
from trimtab.demo.plants import held_gpus
from trimtab.demo.scheduler import NODES_PATH, RUNS_PATH, SchedulerFeed
from trimtab.demo.slab import Slab
from trimtab.demo.world import FAILING_NODE, World

DAY_MS = 86_400_000
LAST_DAY = Slab(ANCHOR_MS - DAY_MS, ANCHOR_MS, 300)


def reports(made: World, slab: Slab = LAST_DAY) -> Iterator[tuple[str, ReportRuns | ReportNodes]]:
    for shipment in SchedulerFeed(made).shipments(slab):
        type_ = ReportRuns if shipment.path == RUNS_PATH else ReportNodes
        yield shipment.account, msgspec.json.decode(shipment.body, type=type_)


def last_of(made: World) -> dict[str, RunRecord]:
    found: dict[str, RunRecord] = {}
    for account, body in reports(made):
        if account == TRAINING.id and isinstance(body, ReportRuns):
            found |= {one.job: one for one in body.runs}
    return found


def test_every_run_of_the_queue_is_reported_as_it_is_at_the_end(made: World) -> None:
    found = last_of(made)
    told_ms = ANCHOR_MS // 3_600_000 * 3_600_000
    there = [run for run in made.runs if run.submit_ms <= told_ms and run.end_ms > LAST_DAY.first_ms]
    assert {str(run.id) for run in there} <= set(found)
    for run in there:
        one = found[str(run.id)]
        expected = "pending" if told_ms < run.start_ms else "running" if told_ms < run.end_ms else run.state.lower()
        assert (expected, run.team, run.size * 8.0) == (one.state, one.team, one.gpus)
        assert [node.name for node in run.nodes] == [held.node for held in one.held] or one.state == "pending"


def test_what_is_open_is_named_and_reports_come_in_order(made: World) -> None:
    times = [body.seen_ms or 0 for account, body in reports(made) if account == TRAINING.id]
    assert times == sorted(times)
    assert 24 <= len(set(times)) <= 25
    *_, last = (body for account, body in reports(made) if account == TRAINING.id and isinstance(body, ReportRuns))
    there = [run for run in made.runs if run.submit_ms <= (last.seen_ms or 0) < run.end_ms]
    assert {str(run.id) for run in there} == set(last.open or ())


def test_the_failing_node_is_drained_with_a_reason(made: World) -> None:
    *_, last = (body for account, body in reports(made) if account == TRAINING.id and isinstance(body, ReportNodes))
    drained = [node for node in last.nodes if node.condition == "drained"]
    assert [FAILING_NODE] == [node.name for node in drained]
    assert "fallen off the bus" in drained[0].reason


def test_the_pods_that_hold_idle_gpus_name_them(made: World) -> None:
    (first, *_) = (body for account, body in reports(made) if account == RESEARCH.id and isinstance(body, ReportRuns))
    held = [uuid for one in first.runs if "moe-ablation" in one.job for part in one.held for uuid in part.uuids]
    assert sorted(made.company.gpus[number].uuid for number in held_gpus(made.company)) == sorted(held)


def test_live_reports_come_by_the_minute(made: World) -> None:
    feed = SchedulerFeed(made)
    sent = [list(feed.shipments(Slab(at, at + 15_000, 15))) for at in range(ANCHOR_MS, ANCHOR_MS + 120_000, 30_000)]
    assert 2 == sum(bool(one) for one in sent)
    assert {RUNS_PATH, NODES_PATH} == {shipment.path for one in sent for shipment in one}
