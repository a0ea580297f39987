"""What machines of Azure, of Google and of others that advice changed really saved, on bills in FOCUS.

The invoice of every hour is worked out here by hand: a savings plan of Azure covers the highest discount first, a
commitment of Google the vCPUs of its family, and whoever is neither covers nothing.
"""

import asyncio
from collections.abc import Iterator, Mapping
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from tests.unit.costs.bills import FOCUS, table

from trimtab.access.scope import EVERYTHING
from trimtab.advice.ledger.keeper import LedgerKeeper
from trimtab.advice.ledger.machines import OwnRates
from trimtab.advice.ledger.model import Entry, EntryState, Grade
from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.purchases.model import Payment, PlanKind
from trimtab.advice.purchases.rates import Basis, Share
from trimtab.base.clock import ManualClock
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.room import CostsRoom
from trimtab.store.telemetry.schema_costs import COST_TABLES
from unit.advice.purchases.test_other_providers import CORE, CUD, DAY_MS, NOW_MS, PLAN, VM, line
from unit.advice.test_ledger_keeper import nobody

START_MS = NOW_MS - DAY_MS  # 2026-08-01
DAYS, CHANGED = 24, 12
HOURS = DAYS * 24
MEMORY = {**CORE, "ChargeDescription": "N2 Instance Ram running in Iowa", "ConsumedUnit": "GiB-Hours"}
NODE = {**VM, "ProviderName": "CoreWeave", "BillingAccountId": "cw", "ServiceName": "GPU Compute", "x_InstanceType": ""}
LARGE, SMALL = D("0.25"), D("0.08")


def running(hour: int) -> bool:
    """Whether what is stopped still runs."""
    return hour < CHANGED * 24


def azure() -> Iterator[Mapping[str, str]]:
    """A plan of 0.1 an hour: a small machine first (0.6 of list), then two large ones (0.8), of which vm-a stops."""
    for hour in range(HOURS):
        yield line({**VM, "ResourceId": "vm-small"}, hour, SMALL, 1, SMALL * D("0.6"), PLAN, "Used")
        names = [*(["vm-a"] if running(hour) else []), *(["vm-by-day"] if 8 <= hour % 24 < 20 else [])]
        rest = D("0.1") - SMALL * D("0.6")
        for name in names:
            large = {**VM, "ResourceId": name, "x_InstanceType": "Standard_E4s_v5"}
            part = min(rest / (LARGE * D("0.8")), D(1))
            if part:
                used = line(large, hour, LARGE, 1, rest, PLAN, "Used")
                yield {**used, "ConsumedQuantity": f"{part}", "ListCost": f"{LARGE * part}"}
            left = line(large, hour, LARGE, 1, LARGE * (1 - part))
            yield {**left, "ConsumedQuantity": f"{1 - part}", "ListCost": f"{LARGE * (1 - part)}"}
            rest = D(0)
        if rest:
            yield line(VM, hour, D(0), 1, rest, PLAN, "Unused")


def google() -> Iterator[Mapping[str, str]]:
    """A commitment to 8 vCPUs; vm-c of 4 of them and 16 GB stops, vm-d of 6 goes on."""
    rate, price, held = D("0.032"), D("0.02"), 8
    for hour in range(HOURS):
        rest = held
        for name, many in ((("vm-c", 4),) if running(hour) else ()) + (("vm-d", 6),):
            mine, covered = {**CORE, "ResourceId": name}, min(many, rest)
            rest -= covered
            yield line(mine, hour, rate, covered, price * covered, CUD, "Used")
            if many > covered:
                yield line(mine, hour, rate, many - covered, rate * (many - covered))
        if running(hour):
            yield line({**MEMORY, "ResourceId": "vm-c"}, hour, D("0.004"), 16, D("0.064"))
        if rest:
            idle = {**CORE, "ChargeDescription": "Commitment v1: N2 Cpu in Iowa for 1 Year"}
            yield line(idle, hour, D(0), rest, price * rest, CUD, "Unused")


def coreweave() -> Iterator[Mapping[str, str]]:
    """A machine for 2 an hour that stops, and one that goes on."""
    for hour in range(HOURS):
        for name in ("node-1", *(("node-0",) if running(hour) else ())):
            yield line({**NODE, "ResourceId": name}, hour, D(2), 1, D(2))


def entry(name: str, predicted: float) -> Entry:
    return Entry(
        name, "idle", name, "", "", "", EntryState.APPLIED, applied_ms=START_MS + CHANGED * DAY_MS,
        predicted=D(str(round(predicted * 730, 2))), verb="stop", billed_as=name,
    )  # fmt: skip


DAY, NIGHT = LARGE, LARGE - D("0.052") / D("0.8")
"""By day what covered vm-a covers the other one; by night nothing else needs it."""
SAVED = {"vm-a": float((DAY + NIGHT) / 2), "vm-c": 2 * 0.032 + 16 * 0.004, "node-0": 2.0}


@pytest.fixture
def keeper(engine: Any, state: Any, tmp_path: Path) -> LedgerKeeper:
    for one in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {one.name}")
    clock = ManualClock(START_MS + DAYS * DAY_MS)
    costs = CostsRoom.of(engine, state, clock, tmp_path, embedded=True)
    for name, rows in (("azure", azure()), ("google", google()), ("coreweave", coreweave())):
        (tmp_path / f"{name}.csv").write_text(table({**FOCUS, "x_SkuTerm": ""}, *rows))
        costs.importer.run(ImportRequest(str(tmp_path / f"{name}.csv")))

    async def plans() -> list[Any]:
        return []

    return LedgerKeeper(LedgerStore(state), costs, nobody, clock, plans)


def test_each_provider_is_graded_by_its_own_commitments_applied_again(keeper: LedgerKeeper) -> None:
    async def measured() -> list[Entry]:
        for name, amount in SAVED.items():
            await keeper.store.put(entry(name, amount))
        assert await keeper.measure() == len(SAVED)
        return await keeper.store.listed(EVERYTHING)

    found = {one.resource: one for one in asyncio.run(measured())}
    for name, amount in SAVED.items():
        assert float(found[name].realised or 0) == pytest.approx(amount * 730, abs=0.02), name
        assert found[name].grade is Grade.AS_PREDICTED
    replayed = {name: bool(one.counterfactual and one.counterfactual.replayed) for name, one in found.items()}
    assert replayed == {"vm-a": True, "vm-c": True, "node-0": False}


def test_what_people_said_that_a_plan_charges_counts(keeper: LedgerKeeper) -> None:
    """At 0.4 of list the large ones come first: the plan covers one of them, and by night the small one without it."""

    async def said() -> OwnRates:
        of_large = PlanKind.AZURE_SAVINGS, 3, Payment.NO_UPFRONT, "Virtual Machines", "Standard_E4s_v5"
        return OwnRates((Share(*of_large, D("0.4"), Basis.OWN, "", "own", "eastus"),))

    async def measured() -> list[Entry]:
        mine = LedgerKeeper(keeper.store, keeper.costs, nobody, keeper.clock, keeper.plans, said)
        await mine.store.put(entry("vm-a", SAVED["vm-a"]))
        await mine.measure()
        return await mine.store.listed(EVERYTHING)

    [found] = asyncio.run(measured())
    assert float(found.realised or 0) == pytest.approx(float(LARGE + SMALL) / 2 * 730, abs=0.02)
