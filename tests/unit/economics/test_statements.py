"""Statements add up to the bill, whatever the rules; what is closed stays, and corrections come to the next month."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from tests.unit.economics.conftest import House, every_kind, line, run
from tests.unit.economics.pretended import Holding, Machine

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import Conflict, NotFound
from trimtab.costs.model import Metric
from trimtab.economics.months import bounds
from trimtab.economics.rules.model import Basis
from trimtab.economics.statements.model import Kind, MonthState, Statement

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
HOUR = 3_600_000

SHARED = """
basis: {basis}
categories:
  - name: team
    rules:
      - value: shared
        when: {{any: [{{charge-type: [Tax, Refund, Credit]}}, {{service: {{contains: Support}}}}]}}
      - inherit: "tag:team"
    splits:
      - {{source: shared, {split}}}
"""


def by(statement: Statement, of: str) -> dict[str, Decimal]:
    """Exact sums by owner, kind or via."""
    found: Counter[str] = Counter()
    for one in statement.lines:
        found[str(getattr(one.key, of))] += one.amount  # type: ignore[assignment]  # Decimal, which adds to 0 as well
    return {name: Decimal(amount) for name, amount in found.items()}


def coins(statement: Statement, of: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for one in statement.lines:
        name = str(getattr(one.key, of))
        found[name] = found.get(name, Decimal(0)) + one.coins
    return found


def of_bill(house: House, metric: Metric, month: int = 202608) -> Decimal:
    return run(house.bills.total(EVERYTHING, *bounds(month), metric))["USD"]


def assert_adds_up(house: House, statement: Statement) -> None:
    total = of_bill(house, statement.basis.metric, statement.month)
    assert total == statement.totals()["USD"]
    assert total.quantize(Decimal("0.01")) == sum(one.coins for one in statement.lines)
    assert all(one.difference == 0 for one in run(house.room.statements.reconcile(statement)))


def test_every_kind_of_charge_is_a_named_line_and_the_total_is_the_invoice(house: House) -> None:
    house.bring(every_kind())
    house.apply("basis: billed")
    statement = house.statement()
    assert {
        "usage": Decimal("43.108333333333"),
        "commitment-fee": Decimal("6.25"),
        "unused-commitment": Decimal("2.75"),
        "commitment-discount": Decimal("-5"),
        "support": Decimal("29"),
        "credit": Decimal("-4.5"),
        "refund": Decimal("-1.25"),
        "discount": Decimal("-2"),
        "tax": Decimal("6.68"),
    } == by(statement, "kind")
    exact = {"search": Decimal("8.005"), "ads": Decimal("20.333333333333"), "unowned": Decimal("46.70")}
    assert exact == by(statement, "owner")
    assert {"search": Decimal("8.01"), "ads": Decimal("20.33"), "unowned": Decimal("46.70")} == coins(
        statement, "owner"
    )
    assert_adds_up(house, statement)


def test_invoice_and_statement_are_nothing_apart_for_every_kind_of_charge(house: House) -> None:
    house.bring(every_kind())
    house.apply("basis: billed")
    invoice = Counter[str]()
    for one in every_kind():
        invoice[one["line_item_line_item_type"]] += Decimal(one["line_item_unblended_cost"])  # type: ignore[assignment]
    rows = {one.kind: one for one in run(house.room.statements.reconcile(house.statement()))}
    assert all(one.difference == 0 for one in rows.values())
    fees = Decimal(invoice["RIFee"]) + Decimal(invoice["SavingsPlanRecurringFee"])
    assert fees == rows[Kind.COMMITMENT_FEE].bill == rows[Kind.COMMITMENT_FEE].statement
    for type_, kind in {"Tax": Kind.TAX, "Credit": Kind.CREDIT, "Refund": Kind.REFUND, "Fee": Kind.SUPPORT}.items():
        assert Decimal(invoice[type_]) == rows[kind].statement


@pytest.mark.parametrize("basis", list(Basis))
@pytest.mark.parametrize(
    "split",
    [
        'targets: ["*"]',
        "method: even, targets: [search, ads, data]",
        "shares: {search: 33.3, ads: 33.3, data: 33.4}",
        "method: metric, metric: gpu-seconds, targets: [search, ads]",
    ],
)
def test_a_split_moves_money_and_loses_none(house: House, basis: Basis, split: str) -> None:
    house.bring(every_kind())
    house.told.uses["gpu-seconds"] = {"search": Decimal(700), "ads": Decimal("33.3")}
    house.apply(SHARED.format(basis=basis.value, split=split))
    statement = house.statement()
    assert "shared" not in by(statement, "owner")
    assert "split of shared" in by(statement, "via")
    assert {Kind.TAX, Kind.CREDIT, Kind.REFUND, Kind.SUPPORT} <= {one.key.kind for one in statement.lines}
    assert_adds_up(house, statement)


def test_by_a_metric_everyone_pays_what_they_used(house: House) -> None:
    house.bring(every_kind())
    house.told.uses["gpu-seconds"] = {"search": Decimal(3), "ads": Decimal(1)}
    split = "method: metric, metric: gpu-seconds, targets: [search, ads]"
    house.apply(SHARED.format(basis="billed", split=split))
    tax = {one.key.owner: one.amount for one in house.statement().lines if one.key.kind is Kind.TAX}
    assert {"search": Decimal("5.01"), "ads": Decimal("1.67")} == tax


def test_what_nothing_weighs_stays_and_is_named(house: House) -> None:
    house.bring(every_kind())
    house.told.uses["tokens"] = {}
    house.apply(SHARED.format(basis="billed", split="method: metric, metric: tokens, targets: [search]"))
    statement = house.statement()
    assert ("shared",) == statement.unweighed
    assert_adds_up(house, statement)


def test_the_amortised_basis_names_what_of_commitments_was_not_used(house: House) -> None:
    house.bring(every_kind())
    house.apply("basis: amortized")
    kinds = by(house.statement(), "kind")
    assert Decimal("2.75") == kinds["unused-commitment"]
    assert "commitment-fee" not in kinds
    assert_adds_up(house, house.statement())


def test_a_shared_machine_is_paid_by_who_held_its_gpus(house: House) -> None:
    bill = [
        *every_kind(),
        line(cost="48", line_item_resource_id="i-gpu", line_item_usage_type="BoxUsage:p5.48xlarge", day=3),
    ]
    house.bring(bill)
    day = bounds(202608)[0] + 2 * 24 * HOUR
    held = [
        Holding("g0", "search", day, day + 12 * HOUR, active=Fraction(1, 2)),
        Holding("g1", "ads", day, day + 24 * HOUR),
    ]
    house.told.known["i-gpu"] = Machine(("g0", "g1"), held)
    house.apply("shared: [{name: gpus, when: {usage-type: {contains: p5}}}]")
    lines = {(one.key.owner, one.key.via): one.amount for one in house.statement().lines if one.key.via}
    assert {
        ("search", "gpus: used"): Decimal(6),
        ("search", "gpus: held and idle"): Decimal(6),
        ("ads", "gpus: held"): Decimal(24),
        ("unowned", "gpus: held by nobody"): Decimal(12),
    } == lines
    assert_adds_up(house, house.statement())


def test_owners_of_runs_and_metrics_are_those_of_tags(house: House) -> None:
    house.bring([*every_kind(), line(cost="48", line_item_resource_id="i-gpu", line_item_usage_type="BoxUsage:p5.48x")])
    day = bounds(202608)[0] + 2 * 24 * HOUR
    house.told.known["i-gpu"] = Machine(("g0",), [Holding("g0", "Search Team", day, day + 24 * HOUR)])
    house.told.uses["gpu-seconds"] = {"SEARCH": Decimal(2), "search team": Decimal(1), "ads": Decimal(1)}
    rules = SHARED.format(basis="billed", split="method: metric, metric: gpu-seconds, targets: [search, ads]")
    tags = "tags: [{key: team, values: {search team: search}}]"
    house.apply(f"{rules}\n{tags}\nshared: [{{name: gpus, when: {{usage-type: {{contains: p5}}}}}}]")
    lines = {(one.key.owner, one.key.via, one.key.kind): one.amount for one in house.statement().lines}
    assert Decimal(48) == lines["search", "gpus: held", Kind.USAGE]
    assert Decimal("6.68") * 3 / 4 == lines["search", "split of shared", Kind.TAX]
    assert_adds_up(house, house.statement())


def test_closing_freezes_and_a_late_correction_comes_to_the_next_open_month(house: House) -> None:
    september = [line(cost="100", team="search", month="2026-09"), line("Tax", "8", month="2026-09")]
    house.apply("basis: billed")
    house.bring([*every_kind(), *september])
    frozen = house.close()
    assert MonthState.CLOSED is frozen.state
    assert frozen.lines == house.statement().lines

    # August again: search used less, and the tax was another.
    corrected = every_kind()
    corrected[0]["line_item_unblended_cost"] = "4.005"
    corrected[-1]["line_item_unblended_cost"] = "7.68"
    house.bring([*corrected, *september])

    assert frozen.lines == house.statement().lines
    assert frozen.receipts == house.statement().receipts
    after = house.statement(202609)
    corrections = {(one.key.owner, one.key.kind): one.amount for one in after.lines if one.key.about == 202608}
    assert {("search", Kind.USAGE): Decimal("-6"), ("unowned", Kind.TAX): Decimal("1.00")} == corrections
    together = frozen.totals()["USD"] + after.totals()["USD"]
    assert of_bill(house, Metric.UNBLENDED) + of_bill(house, Metric.UNBLENDED, 202609) == together
    assert all(one.difference == 0 for one in run(house.room.statements.reconcile(after)))

    # Closed too, the corrections are done; the month after carries nothing of them.
    assert after.lines == house.close(202609).lines
    house.bring([line(cost="1", team="search", month="2026-10")], source="october")
    assert {0} == {one.key.about for one in house.statement(202610).lines}


def test_a_second_correction_adds_only_what_is_new(house: House) -> None:
    house.bring([line(cost="10", team="search"), line(cost="5", team="search", month="2026-09")])
    house.close()
    house.bring([line(cost="12", team="search"), line(cost="5", team="search", month="2026-09")])
    house.close(202609)
    house.bring([line(cost="11", team="search"), line(cost="5", team="search", month="2026-09")])
    house.bring([line(cost="7", team="search", month="2026-10")], source="october")
    october = house.statement(202610)
    assert {202608: Decimal(-1), 0: Decimal(7)} == {one.key.about: one.amount for one in october.lines}


def test_rules_that_change_after_closing_change_nothing_frozen_nor_its_corrections(house: House) -> None:
    house.bring([line(cost="10", team="search"), line(cost="5", team="search", month="2026-09")])
    frozen = house.close()
    house.apply("basis: net-amortized\ncategories: [{name: team, default: nobody}]")
    assert frozen.lines == house.statement().lines
    house.bring([line(cost="12", team="search"), line(cost="5", team="search", month="2026-09")])
    owners = {(one.key.about, one.key.owner): one.amount for one in house.statement(202609).lines}
    assert {(202608, "search"): Decimal(2), (0, "nobody"): Decimal(5)} == owners


def test_the_basis_stays_once_a_month_is_closed(house: House) -> None:
    house.bring(every_kind())
    house.close()
    with pytest.raises(
        Conflict, match=r"2026-08 was closed with 'net-amortized'; it is chosen once.*try `basis: net-amortized`"
    ):
        house.apply("basis: net")


def test_months_are_closed_once_in_order_and_when_they_are_over(house: House) -> None:
    house.bring([line(month=month) for month in ("2026-08", "2026-09", "2026-10")])
    house.clock.at_ms = bounds(202610)[0] + 1
    with pytest.raises(Conflict, match="2026-10: it is not over yet"):
        house.close(202610)
    house.close(202608)
    with pytest.raises(Conflict, match="it is closed already"):
        house.close(202608)
    house.clock.at_ms = bounds(202612)[0]
    with pytest.raises(Conflict, match="2026-09 is the next"):
        house.close(202610)
    with pytest.raises(NotFound, match="no bill of it was imported"):
        house.statement(202512)


def test_two_currencies_are_never_added(house: House) -> None:
    house.bring([line(cost="10"), line(cost="1500", line_item_currency_code="JPY")])
    assert {"USD": Decimal(10), "JPY": Decimal(1500)} == house.statement().totals()


@pytest.mark.parametrize("name", ["cur_synthetic_nise", "focus_sample"])
def test_bills_of_others_add_up(house: House, name: str) -> None:
    folder = DATA / name
    if not folder.exists():
        pytest.skip(f"{folder} is not here")
    for file in sorted(one for one in folder.iterdir() if one.name.endswith((".csv", ".csv.gz"))):
        house.take(file, "theirs")
    house.apply(SHARED.format(basis="amortized", split='targets: ["*"]'))
    for month in run(house.room.statements.months()):
        statement = house.statement(month.month)
        assert all(one.difference == 0 for one in run(house.room.statements.reconcile(statement)))
        billed = house.telemetry.fetch_sync(
            "SELECT toString(billing_currency) c, toString(sum(toDecimal256(effective_cost, 12))) a FROM cost_lines "
            f"WHERE month = {month.month} GROUP BY c"
        )
        expected = {str(c): Decimal(str(a)) for c, a in zip(billed["c"], billed["a"], strict=True)}
        assert expected == statement.totals()
