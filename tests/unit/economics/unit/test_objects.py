"""What budgets on ML objects stand at: runs by id or name, users, models in all or for a thousand."""

import asyncio
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.economics.shared.model import Use
from trimtab.economics.unit.model import Ledger, Served, Traffic
from trimtab.economics.unit.prices import ModelCost
from trimtab.economics.unit.room import UnitCosts
from trimtab.fleet.claims import holder_name
from trimtab.inventory.runs.model import RunState
from unit.economics.unit.made import DAY, START, ledger, piece, run


class Ledgers:
    def __init__(self, book: Ledger) -> None:
        self.book = book

    async def over(self, start_ms: int, end_ms: int) -> Ledger:
        assert start_ms % DAY == end_ms % DAY == 0
        return self.book


class Facts:
    def __init__(self) -> None:
        self.asked = 0

    async def traffic(self, *asked: Any) -> dict[str, Traffic]:
        self.asked += 1
        steps = np.full(7, 1_000_000.0)
        return {"m": Traffic(START, DAY, steps, steps, steps, steps * 0, steps * np.nan)}

    async def served(self, *asked: Any) -> dict[str, Served]:
        return {"search/svc-0": Served("m", "svc")}

    async def nothing(self, *asked: Any) -> list[Any]:
        return []

    calls = deploys = nothing


def units() -> UnitCosts:
    sweep = run("48791", RunState.RUNNING, 0, None, name="retriever-sweep")
    pod = run("search/svc-0", RunState.RUNNING, -10, None, user="", pod="search/svc-0", tags={"kind": "Deployment"})
    slices = [
        piece(holder_name(sweep), Use.ACTIVE, "500"),
        piece(holder_name(sweep), Use.IDLE, "200", day=6, estimated=True),
        piece(holder_name(pod), Use.ACTIVE, "70"),
    ]
    clock = ManualClock(START + 7 * DAY)
    return UnitCosts(Ledgers(ledger([sweep, pod], slices)), Facts(), clock)  # type: ignore[arg-type] # as far as they are asked


@pytest.mark.parametrize(
    ("kind", "name", "per", "expected"),
    [
        ("run", "48791", "", (Decimal(700), Decimal(200))),
        ("run", "retriever-sweep", "", (Decimal(700), Decimal(200))),
        ("user", "ravi", "", (Decimal(700), Decimal(200))),
        ("model", "m", "", (Decimal(70), Decimal(0))),
        ("model", "m", "1k-tokens", (Decimal("0.005000"), Decimal(0))),
        ("model", "m", "1k-requests", (Decimal("0.010000"), Decimal(0))),
        ("run", "nobody", "", None),
        ("model", "other", "", None),
        ("run", "48791", "1k-tokens", None),
    ],
)
def test_an_object_costs_what_its_holders_did(kind: str, name: str, per: str, expected: Any) -> None:
    found = asyncio.run(units().object_cost(EVERYTHING, kind, [name], per, START + 5, START + 7 * DAY - 5, "USD"))
    assert expected == found


def test_amounts_of_another_currency_are_another_budgets() -> None:
    assert asyncio.run(units().object_cost(EVERYTHING, "run", ["48791"], "", START, START + DAY, "EUR")) is None


def test_models_of_one_ledger_are_worked_out_once_for_all_who_ask() -> None:
    room = units()

    async def asked() -> list[list[ModelCost]]:
        week = EVERYTHING, START, START + 7 * DAY, DAY
        first, second = await asyncio.gather(room.served_models(*week), room.served_models(*week))
        first.clear()  # a list of one's own
        ledger = await room.ledger(EVERYTHING, START, START + 7 * DAY)
        return [
            second,
            await room.served_models(*week, ledger=ledger),
            await room.served_models(*week, ledger=replace(ledger)),
        ]

    found = asyncio.run(asked())
    assert [["m"]] * 3 == [[one.model for one in models] for models in found]
    assert 2 == room.facts.asked  # type: ignore[attr-defined] # of `Facts`: another ledger may say something else
