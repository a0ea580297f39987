"""A real engine, a state database, bills made by hand and the rooms over them, emptied for each test."""

import asyncio
import csv
import io
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.unit.economics.pretended import Machine, days_of

from trimtab.base.clock import ManualClock
from trimtab.costs.files.folder import LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.read import CostReader
from trimtab.economics.months import bounds
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.shared.model import MachineDays
from trimtab.economics.statements.model import Statement
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_costs import COST_TABLES

T = TypeVar("T")
_SP = "savings_plan_savings_plan_"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def line(
    type_: str = "Usage",
    cost: str = "1",
    *,
    service: str = "AmazonEC2",
    account: str = "111111111111",
    team: str = "",
    day: int = 3,
    month: str = "2026-08",
    **more: str,
) -> dict[str, str]:
    """A line of a CUR 2.0; `more` are further columns, and tags as `tag_<key>`."""
    tags = {"team": team, **{name[4:]: value for name, value in more.items() if name.startswith("tag_")}}
    year, number = month.split("-")
    after = f"{year}-{int(number) + 1:02}-01" if number != "12" else f"{int(year) + 1}-01-01"
    return {
        "bill_payer_account_id": "999999999999",
        "bill_billing_period_start_date": f"{month}-01T00:00:00Z",
        "bill_billing_period_end_date": f"{after}T00:00:00Z",
        "bill_billing_entity": "AWS",
        "bill_invoice_id": "INV-1",
        "line_item_line_item_type": type_,
        "line_item_usage_account_id": account,
        "line_item_usage_start_date": f"{month}-{day:02}T00:00:00Z",
        "line_item_usage_end_date": f"{month}-{day:02}T01:00:00Z",
        "line_item_product_code": service,
        "line_item_usage_type": "BoxUsage:m5.large",
        "line_item_usage_amount": "1",
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": cost,
        "line_item_resource_id": "",
        "resource_tags": "{" + ",".join(f'"user_{key}":"{value}"' for key, value in tags.items() if value) + "}",
        _SP + "a_r_n": "",
        _SP + "effective_cost": "0",
        "savings_plan_total_commitment_to_date": "0",
        "savings_plan_used_commitment": "0",
        "reservation_reservation_a_r_n": "",
        "reservation_effective_cost": "0",
        "reservation_unused_amortized_upfront_fee_for_billing_period": "0",
        "reservation_unused_recurring_fee": "0",
        **{name: value for name, value in more.items() if not name.startswith("tag_")},
    }


def csv_of(lines: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


PLAN = "arn:aws:savingsplans::999999999999:savingsplan/1"
RESERVATION = "arn:aws:ec2:us-east-1:999999999999:reserved-instances/1"


def every_kind(month: str = "2026-08") -> list[dict[str, str]]:
    """A month with everything that a bill has: usage, a savings plan, a reservation, tax, credit, refund, support."""
    plan = {_SP + "a_r_n": PLAN}
    reservation = {"reservation_reservation_a_r_n": RESERVATION}
    return [
        line(cost="10.005", team="search", month=month),
        line(cost="20.333333333333", team="Ads", account="222222222222", month=month),
        line(cost="7.77", service="AmazonS3", month=month),
        line("SavingsPlanCoveredUsage", "5", team="search", month=month, **plan, **{_SP + "effective_cost": "4"}),
        line("SavingsPlanNegation", "-5", team="search", month=month, **plan),
        line(
            "SavingsPlanRecurringFee",
            "6",
            account="999999999999",
            month=month,
            **plan,
            savings_plan_total_commitment_to_date="6",
            savings_plan_used_commitment="4",
        ),
        line("DiscountedUsage", "0", team="ads", month=month, **reservation, reservation_effective_cost="2.5"),
        line(
            "RIFee",
            "3",
            account="999999999999",
            month=month,
            **reservation,
            reservation_unused_recurring_fee="0.75",
        ),
        line("Fee", "29", service="AWSSupportBusiness", account="999999999999", month=month),
        line("Credit", "-4.5", month=month),
        line("Refund", "-1.25", month=month),
        line("EdpDiscount", "-2", team="search", month=month),
        line("Tax", "6.68", account="999999999999", month=month),
    ]


@dataclass
class Told:
    """Ports that say what a test told them."""

    uses: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    known: dict[str, Machine] = field(default_factory=dict)

    async def use(self, metric: str, by: str, start_ms: int, end_ms: int) -> Mapping[str, Decimal]:
        return self.uses[metric]

    async def machines(self, resources: Sequence[str], start_ms: int, end_ms: int) -> Mapping[str, MachineDays]:
        return {name: days_of(self.known[name], start_ms, end_ms) for name in resources if name in self.known}


@dataclass(frozen=True)
class House:
    """The rooms of bills and economics over a real engine."""

    telemetry: Telemetry
    importer: Importer
    bills: CostReader
    room: EconomicsRoom
    clock: ManualClock
    told: Told
    folder: Path
    state: State

    def bring(self, lines: Sequence[Mapping[str, str]], source: str = "cur") -> None:
        """Import a bill; the months that it holds replace what the source held of them."""
        path = self.folder / "bill.csv"
        path.write_bytes(csv_of(lines))
        self.take(path, source)

    def take(self, path: Path, source: str) -> None:
        assert self.importer.run(ImportRequest(str(path), source=source)).receipt is not None

    def apply(self, document: str) -> int:
        return run(self.room.rules.apply(document, "tester")).version

    def statement(self, month: int = 202608) -> Statement:
        return run(self.room.statements.statement(month))

    def close(self, month: int = 202608) -> Statement:
        return run(self.room.statements.close(month, "tester"))


@pytest.fixture
def house(engine: Telemetry, state: State, tmp_path: Path) -> House:
    for table in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {table.name}")
    clock = ManualClock(bounds(202611)[0])
    ledger = ImportLedger(state, clock)
    importer = Importer(
        engine, ledger, tmp_path / "work", lambda location, _: LocalFolder(Path(location)), embedded=True
    )
    told = Told()
    room = EconomicsRoom.of(engine, state, ledger, clock, told, told)
    return House(engine, importer, CostReader(engine), room, clock, told, tmp_path, state)
