"""Before anybody wrote a rule: who used it pays for it, a team is one team, and all of it is the bill."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from tests.unit.economics.conftest import PLAN, RESERVATION, House, every_kind, line, run
from tests.unit.economics.pretended import Holding, Machine

from depth import examples
from trimtab.access.scope import EVERYTHING
from trimtab.costs.model import CostCategory, CostQuery, Dimension, Facet, Granularity, Metric, Tag, Where
from trimtab.economics.months import bounds
from trimtab.economics.rules.model import UNUSED, Basis
from trimtab.economics.statements.model import Kind, Statement
from trimtab.store.state.tables import allocation_rules

HOUR = 3_600_000
DAY = 24 * HOUR
EARLY = int(datetime(2026, 8, 3, tzinfo=UTC).timestamp()) * 1000
LESS = frozenset((Kind.CREDIT, Kind.REFUND, Kind.DISCOUNT, Kind.CORRECTION))
GPU = {"line_item_resource_id": "i-1", "product_instance_type": "p5.48xlarge"}


def owners(statement: Statement) -> dict[str, Decimal]:
    found: Counter[str] = Counter()
    for one in statement.lines:
        found[one.key.owner] += one.amount  # type: ignore[assignment]  # Decimal, which adds to 0 as well
    return {name: Decimal(amount) for name, amount in found.items()}


def sums(house: House, facet: Facet, metric: Metric, where: Any = None) -> dict[str, Decimal]:
    query = CostQuery(*bounds(202608), (metric,), group_by=(facet,), where=where)
    return {row.keys[0]: row.amounts[0] for row in run(house.room.bills.costs(EVERYTHING, query)) if row.amounts[0]}


def half_held(house: House, owner: str = "Search") -> None:
    """Machine i-1 with two GPUs, of which one is held for all of 3 August."""
    house.told.known["i-1"] = Machine(("0", "1"), [Holding("0", owner, EARLY, EARLY + DAY)])


def test_commitments_are_paid_by_who_used_them(house: House) -> None:
    house.bring(every_kind())
    statement = house.statement()
    assert Basis.NET_AMORTIZED is statement.basis
    expected = {"search": "12.005", "ads": "22.833333333333", UNUSED: "2.75", "unowned": "37.70"}
    assert {name: Decimal(amount) for name, amount in expected.items()} == owners(statement)
    assert {Kind.UNUSED_COMMITMENT} == {one.key.kind for one in statement.lines if one.key.owner == UNUSED}
    assert LESS >= {one.key.kind for one in statement.lines if one.amount < 0}
    assert all(one.difference == 0 for one in run(house.room.statements.reconcile(statement)))


def test_one_line_leads_to_the_invoice(house: House) -> None:
    house.bring(every_kind())
    statement = house.statement()
    [found] = statement.to_invoice()
    assert "Difference between net amortised cost and invoice: upfront fees paid in other months" in found.name
    assert Decimal("-0.25") == found.amount == found.coins
    assert Decimal("75.038333333333") == statement.totals()["USD"] + found.amount == found.invoice
    assert Decimal("75.04") == sum(one.coins for one in statement.lines) + found.coins == found.invoice_coins
    house.apply("basis: billed")
    assert () == house.statement().to_invoice()


def test_a_buyer_that_rules_name_pays_for_what_nothing_used(house: House) -> None:
    house.bring(every_kind())
    house.apply(
        "basis: amortized\ncategories: [{name: team, rules: [{inherit: 'tag:team'}, "
        "{value: finance, when: {account: '999999999999', charge-type: [RIFee, SavingsPlanRecurringFee]}}]}]"
    )
    found = owners(house.statement())
    assert Decimal("2.75") == found["finance"]
    assert UNUSED not in found


def test_what_nothing_used_can_be_split(house: House) -> None:
    house.bring(every_kind())
    house.apply(
        "basis: amortized\ntags: [{key: team}]\ncategories: [{name: team, rules: [{inherit: 'tag:team'}], "
        "splits: [{source: unused commitments, targets: ['*'], method: even}]}]"
    )
    found = owners(house.statement())
    assert {"search", "ads", "unowned"} == set(found)
    assert Decimal("12.005") + Decimal("2.75") / 2 == found["search"]


def test_a_shared_machine_is_paid_by_who_held_it_and_the_rest_by_whom_the_bill_names(house: House) -> None:
    house.bring([line(cost="24", team="platform", **GPU), line(cost="5", team="platform")])
    half_held(house)
    assert {"search": Decimal(12), "platform": Decimal(17)} == owners(house.statement())
    vias = {one.key.via: one.amount for one in house.statement().lines}
    assert {"machines: held": Decimal(12), "machines: held by nobody": Decimal(12), "": Decimal(5)} == vias


def test_a_machine_that_nobody_is_known_to_have_held_stays_where_the_bill_has_it(house: House) -> None:
    house.bring([line(cost="24", team="platform", **GPU), line(cost="3", **GPU, day=4)])
    half_held(house, owner="")
    assert {"platform": Decimal(24), "unowned": Decimal(3)} == owners(house.statement())


def test_the_tag_that_is_the_owner_says_what_the_statement_says(house: House) -> None:
    plan = {"savings_plan_savings_plan_a_r_n": PLAN, "savings_plan_savings_plan_effective_cost": "18"}
    house.bring(
        [
            line("SavingsPlanCoveredUsage", "24", team="platform", **GPU, **plan),
            line("SavingsPlanNegation", "-24", **GPU, savings_plan_savings_plan_a_r_n=PLAN),
            line(cost="1", tag_TEAM="Search"),
            line(cost="2", tag_Team=" search "),
            line(cost="4", tag_owner="search"),
            line(cost="8"),
        ]
    )
    half_held(house)
    expected = {"search": Decimal(16), "platform": Decimal(9), "unowned": Decimal(8)}
    assert expected == owners(house.statement())
    by_tag = {name or "unowned": amount for name, amount in sums(house, Tag("Team"), Metric.NET_AMORTIZED).items()}
    assert expected == by_tag
    for key in ("team", "TEAM", "Owner"):
        mine = sums(house, Dimension.SERVICE, Metric.NET_AMORTIZED, Where(Tag(key), ("Search",)))
        assert {"AmazonEC2": Decimal(16)} == mine
    assert {"": Decimal(8)} == sums(house, Tag("team"), Metric.NET_AMORTIZED, Where(Tag("team"), ("",)))
    assert {"search": Decimal(2), "": Decimal(31)} == {
        name.strip(): amount for name, amount in sums(house, Tag("Team", exact=True), Metric.NET_AMORTIZED).items()
    }


def test_the_category_of_rules_says_what_the_statement_says_of_what_nothing_used(house: House) -> None:
    house.bring(every_kind())
    house.apply("basis: net-amortized")
    team = CostCategory("team")
    assert owners(house.statement()) == sums(house, team, Metric.NET_AMORTIZED)
    charged = sums(house, team, Metric.UNBLENDED)
    assert UNUSED not in charged
    assert Decimal("75.038333333333") == sum(charged.values())
    query = CostQuery(*bounds(202608), (Metric.UNBLENDED, Metric.AMORTIZED, Metric.LINES), group_by=(team,))
    rows = {row.keys[0]: row.amounts for row in run(house.room.bills.costs(EVERYTHING, query))}
    assert (Decimal(0), Decimal("2.75"), Decimal(0)) == rows[UNUSED]
    assert Decimal(len(every_kind())) == sum(row[2] for row in rows.values())


def test_the_owners_are_those_of_the_statement_before_rules_are_applied_too(house: House) -> None:
    house.bring([line(cost="24", team="platform", **GPU), *every_kind()])
    half_held(house)
    theirs = CostCategory("team", owners=True)
    assert owners(house.statement()) == sums(house, theirs, Metric.NET_AMORTIZED)
    assert {} == sums(house, CostCategory("team"), Metric.NET_AMORTIZED, Where(CostCategory("team"), ("search",)))
    mine = sums(house, Dimension.SERVICE, Metric.NET_AMORTIZED, Where(theirs, (UNUSED,)))
    assert {"AmazonEC2": Decimal("2.75")} == mine


def test_shares_that_several_ask_for_at_once_are_worked_out_once(house: House) -> None:
    house.bring([line(cost="24", team="platform", **GPU)])
    asked: list[object] = []

    async def machines(resources: object, start_ms: int, end_ms: int) -> dict[str, Machine]:
        asked.append(resources)
        return {}

    house.told.machines = machines  # type: ignore[method-assign]  # counted

    async def several() -> None:
        query = CostQuery(*bounds(202608), (Metric.UNBLENDED,), group_by=(Tag("team"),))
        await asyncio.gather(*(house.room.bills.costs(EVERYTHING, query) for _ in range(5)))

    run(several())
    assert [["i-1"]] == asked
    house.clock.at_ms += 10 * 60_000  # a month that is long over is not asked about every minute
    run(several())
    assert [["i-1"]] == asked
    house.clock.at_ms += 6 * 60_000
    run(several())
    assert 2 == len(asked)


def test_a_category_of_the_bill_is_read_before_rules_are_applied(house: House) -> None:
    house.bring([line(cost="3", team="search", cost_category='{"team":"theirs"}')])
    assert {"theirs": Decimal(3)} == sums(house, CostCategory("team"), Metric.UNBLENDED)
    version = run(house.room.rules.current())
    assert Tag("team") == version.owner_facet
    house.apply("basis: billed")
    assert CostCategory("team") == run(house.room.rules.current()).owner_facet
    assert {"search": Decimal(3)} == sums(house, CostCategory("team"), Metric.UNBLENDED)


def test_a_month_that_was_closed_as_billed_keeps_its_basis_without_rules(house: House) -> None:
    house.bring([*every_kind(), line(month="2026-09", cost="2")])
    house.apply("basis: billed")
    house.close()
    run(house.state.change(lambda connection: connection.execute(delete(allocation_rules))))
    assert Basis.BILLED is house.statement(202609).basis
    assert "basis: billed" in house.statement(202609).document


def test_what_is_closed_keeps_who_held_a_machine_and_who_had_the_rest(house: House) -> None:
    house.bring([line(cost="24", team="platform", **GPU)])
    half_held(house)
    frozen = house.close()
    house.told.known.clear()
    assert owners(frozen) == owners(house.statement())
    by_tag = sums(house, Tag("team"), Metric.UNBLENDED)
    assert {"search": Decimal(12), "platform": Decimal(12)} == by_tag
    house.bring([line(cost="48", team="platform", **GPU), line(cost="1", month="2026-09")])
    later = {one.key.owner: one.amount for one in house.statement(202609).lines if one.key.about}
    assert {"search": Decimal(12), "platform": Decimal(12)} == later


@pytest.mark.parametrize("granularity", [Granularity.HOURLY, Granularity.DAILY, Granularity.MONTHLY])
def test_owners_add_up_in_every_period(house: House, granularity: Granularity) -> None:
    house.bring([line(cost="24", team="platform", **GPU), *every_kind()])
    half_held(house)
    query = CostQuery(*bounds(202608), (Metric.NET_AMORTIZED,), granularity, (Tag("team"),))
    found: Counter[str] = Counter()
    for row in run(house.room.bills.costs(EVERYTHING, query)):
        found[row.keys[0]] += row.amounts[0]  # type: ignore[assignment]
    expected = owners(house.statement())
    nobody = expected.pop("unowned") + expected.pop(UNUSED)
    assert {**expected, "": nobody} == dict(found)


money = st.decimals(min_value="0", max_value="99999", places=10).map(lambda one: f"{one:f}")
currency = st.sampled_from(["USD", "EUR"])
tag = st.sampled_from(
    [("team", "search"), ("Team", " Search"), ("TEAM", "ads "), ("owner", "ads"), ("Owner", ""), ("x", "y")]
)


@st.composite
def lines(draw: st.DrawFn) -> list[dict[str, str]]:
    """The lines of one charge, as a bill has them."""
    kind = draw(st.sampled_from(["usage", "plan", "reservation", "credit", "refund", "tax", "discount", "upfront"]))
    key, value = draw(tag)
    common: dict[str, Any] = {
        f"tag_{key}": value,
        "line_item_currency_code": draw(currency),
        "day": draw(st.integers(1, 28)),
    }
    if draw(st.booleans()):
        common |= GPU
    cost, other = draw(money), draw(money)
    plan, held = {"savings_plan_savings_plan_a_r_n": PLAN}, {"reservation_reservation_a_r_n": RESERVATION}
    match kind:
        case "usage":
            return [line(cost=cost, **common)]
        case "plan":
            total = f"{Decimal(other) + Decimal(1):f}"
            fee = {"savings_plan_total_commitment_to_date": total, "savings_plan_used_commitment": other}
            effective = {"savings_plan_savings_plan_effective_cost": other}
            return [
                line("SavingsPlanCoveredUsage", cost, **common, **plan, **effective),
                line("SavingsPlanNegation", f"-{cost}", **common, **plan),
                line(
                    "SavingsPlanRecurringFee",
                    total,
                    **plan,
                    **fee,
                    line_item_currency_code=common["line_item_currency_code"],
                ),
            ]
        case "reservation":
            return [
                line("DiscountedUsage", "0", **common, **held, reservation_effective_cost=cost),
                line("RIFee", other, **held, reservation_unused_recurring_fee=other),
            ]
        case "upfront":
            return [line("Fee", cost, **held)]
        case "tax":
            return [line("Tax", cost, **common)]
        case _:
            type_ = {"credit": "Credit", "refund": "Refund", "discount": "EdpDiscount"}[kind]
            return [line(type_, f"-{cost}", **common)]


@settings(max_examples=examples(6), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(lines(), min_size=1, max_size=10),
    st.lists(st.tuples(st.sampled_from("01"), st.sampled_from(["Search", "ads", ""]), st.integers(0, 20)), max_size=4),
    st.sampled_from(["", *(f"basis: {basis}" for basis in Basis)]),
)
def test_statements_add_up_to_any_bill(
    house: House, bill: list[list[dict[str, str]]], held: Sequence[tuple[str, str, int]], rules: str
) -> None:
    holdings = [Holding(gpu, who, EARLY + at * DAY, EARLY + (at + 2) * DAY, part=Fraction(1)) for gpu, who, at in held]
    house.told.known["i-1"] = Machine(("0", "1"), holdings)
    names = list(dict.fromkeys(name for charge in bill for one in charge for name in one))
    house.bring([dict.fromkeys(names, "") | one for charge in bill for one in charge])
    if rules:
        house.apply(rules)
    statement = house.statement()
    totals = {
        row.currency: row.amounts[0]
        for row in run(house.bills.costs(EVERYTHING, CostQuery(*bounds(202608), (statement.basis.metric,))))
    }
    assert totals == {name: amount for name, amount in statement.totals().items() if name in totals}
    assert all(one.difference == 0 for one in run(house.room.statements.reconcile(statement)))
    invoice = run(house.bills.total(EVERYTHING, *bounds(202608), Metric.UNBLENDED))
    for one in statement.to_invoice():
        assert invoice[one.currency] == statement.totals()[one.currency] + one.amount
        charged = sum(each.coins for each in statement.lines if each.key.currency == one.currency)
        assert invoice[one.currency].quantize(Decimal("0.01")) == charged + one.coins
    assert {"search", "ads", "unowned", UNUSED} >= {one.key.owner for one in statement.lines}
    if statement.basis.amortizes:
        assert LESS >= {one.key.kind for one in statement.lines if one.amount < 0}
