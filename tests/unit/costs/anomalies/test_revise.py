"""What a later bill makes of anomalies that are known: the same one goes on, however its place and days are told."""

import asyncio

from sqlalchemy import Connection
from tests.unit.costs.anomalies.test_gathering import LINE, MACHINE, finding

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.costs.anomalies.found import FoundStore, Wanted, revise
from trimtab.costs.anomalies.model import Anomaly, Finding, Monitor
from trimtab.costs.anomalies.monitors import MonitorStore
from trimtab.costs.read_sql import DAY_MS
from trimtab.store.state.database import State

HOME = "123456789012"


def listed(state: State, *bills: list[Finding]) -> list[list[Anomaly]]:
    """What is kept after each of `bills`, in the order of days."""
    clock = ManualClock(200 * DAY_MS)
    monitors, found = MonitorStore(state, clock, lambda expression: None, HOME), FoundStore(state, clock)
    form = {"MonitorName": "services", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
    monitor: Monitor = asyncio.run(monitors.create(EVERYTHING, HOME, form))

    def judge(findings: list[Finding]) -> list[Anomaly]:
        def write(connection: Connection) -> None:
            revise(connection, monitor, findings, (0, 200 * DAY_MS), clock.now_ms())

        asyncio.run(state.change(write))
        kept = asyncio.run(found.listed(EVERYTHING, Wanted(start_ms=0)))
        return sorted(kept, key=lambda one: one.finding.start_ms)

    return [judge(findings) for findings in bills]


def test_days_in_a_row_of_which_the_bill_told_in_two_parts_are_one_anomaly(state: State) -> None:
    """A line rose; a week later a machine of it explains the days from then on, and the first two are gone."""
    [[line], [machine]] = listed(state, [finding(LINE, 45, 0, 2)], [finding(MACHINE, 90, 2, 7)])
    assert line.id == machine.id
    assert (machine.finding.origin, machine.finding.start_ms) == (MACHINE, 2 * DAY_MS)


def test_days_apart_or_another_place_are_another_anomaly(state: State) -> None:
    elsewhere = replace(LINE, usage_type="Disk")
    [[line], later, other] = listed(
        state, [finding(LINE, 45, 0, 2)], [finding(LINE, 45, 3, 7)], [finding(elsewhere, 45, 3, 7)]
    )
    assert line.id not in {one.id for one in later}
    assert later[0].id not in {one.id for one in other}


def test_one_that_overlaps_goes_before_one_whose_days_are_next_to_it(state: State) -> None:
    [[first, second], after] = listed(
        state,
        [finding(LINE, 45, 0, 2), finding(LINE, 20, 6, 3)],
        [finding(LINE, 20, 2, 3), finding(LINE, 45, 0, 2), finding(LINE, 20, 6, 4)],
    )
    assert [first.id, second.id] == [after[0].id, after[2].id]
    assert after[1].id not in (first.id, second.id)
