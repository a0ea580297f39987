"""The ledger's days in a real engine: written, replaced, added up by whole days, parts of days and devices."""

import asyncio

import pytest
from tests.unit.fleet.organisations import START, organisation

from trimtab.access.scope import EVERYTHING
from trimtab.fleet.assemble import assemble
from trimtab.fleet.build import build
from trimtab.fleet.known import Known
from trimtab.fleet.model import DAY_MS, State
from trimtab.fleet.store import FleetStore, Made
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_fleet import FLEET_TABLES

DAY = START // DAY_MS


@pytest.fixture
def store(engine: Telemetry) -> FleetStore:
    engine.truncate([table.name for table in FLEET_TABLES])
    return FleetStore(engine)


def test_a_day_is_read_as_it_was_written_and_replaced_whole(store: FleetStore) -> None:
    assembled = assemble(organisation(3).known(START, START + DAY_MS))
    found = build(assembled.facts)
    store.put(DAY, 1, assembled, found, gone=["1/x/was-here"])
    by_state = {state: int(found.amount[found.state == state].sum()) for state in State}

    async def told(name: str, **params: int) -> dict[int, int]:
        rows = (await store.read(name, EVERYTHING, {"first": DAY, "last": DAY + 1, **params})).to_pylist()
        sums = dict.fromkeys(State, 0)
        for row in rows:
            sums[State(row["state"])] += row["amount"]
        return sums  # type: ignore[return-value]

    assert by_state == asyncio.run(told("sums"))
    assert by_state == asyncio.run(told("parts", start=0, end=DAY_MS, step=DAY_MS))
    assert by_state == asyncio.run(told("devices", start=START, end=START + DAY_MS))
    half, rest = (
        asyncio.run(told("parts", start=a, end=b, step=DAY_MS)) for a, b in ((0, 12_345_678), (12_345_678, DAY_MS))
    )
    assert by_state == {state: half[state] + rest[state] for state in State}
    store.put(DAY, 2, assembled, found)
    assert by_state == asyncio.run(told("sums"))
    assert "1/x/was-here" not in asyncio.run(store.machines_of(DAY))


def test_a_day_of_which_every_machine_went_has_none(store: FleetStore) -> None:
    """As where the only machine that is made again is one that nobody names any more."""
    store.put(DAY, 1, (first := assemble(organisation(3).known(START, START + DAY_MS))), build(first.facts))
    before = asyncio.run(store.machines_of(DAY))
    empty = assemble(Known(START, START + DAY_MS, START + DAY_MS, [], [], None, []))
    store.put(DAY, 2, empty, build(empty.facts), gone=before)
    assert before
    assert [] == asyncio.run(store.machines_of(DAY))


def test_what_a_day_was_made_from_is_the_newest(store: FleetStore) -> None:
    store.put_days([Made(DAY, 1, 5, 7, 9, "a"), Made(DAY + 1, 1, 5, 7, 9, "a")])
    store.put_days([Made(DAY, 2, 6, 8, 10, "b")])
    assert {DAY: Made(DAY, 2, 6, 8, 10, "b")} == asyncio.run(store.made(DAY, DAY + 1))
