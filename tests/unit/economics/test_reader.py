"""The reader with the allocation in force: splits are carried everywhere, and nothing is lost or made."""

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.economics.conftest import House, every_kind, line, run
from tests.unit.economics.pretended import Holding, Machine

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.costs.model import (
    And,
    CostCategory,
    CostQuery,
    CostRow,
    Dimension,
    Granularity,
    Match,
    Metric,
    Not,
    Tag,
    Where,
)
from trimtab.economics.months import bounds

TEAM = CostCategory("team")
RULES = """
tags: [{key: team, aliases: [owner]}]
categories:
  - name: team
    rules:
      - value: shared
        when: {any: [{charge-type: Tax}, {service: {contains: Support}}]}
      - inherit: "tag:team"
    splits: [{source: shared, targets: [search, ads], method: fixed, shares: {search: 70, ads: 30}}]
  - name: env
    rules: [{value: production, when: {"tag:env": prod}}]
    default: development
"""


def ask(house: House, *group_by: Any, scope: Scope = EVERYTHING, **more: Any) -> list[CostRow]:
    start, end = bounds(202608)
    query = CostQuery(start, end, (Metric.UNBLENDED,), group_by=group_by, **more)
    return run(house.room.bills.costs(scope, query))


def amounts(rows: list[CostRow]) -> dict[tuple[str, ...], Decimal]:
    found: dict[tuple[str, ...], Decimal] = {}
    for row in rows:
        found[row.keys] = found.get(row.keys, Decimal(0)) + row.amounts[0]
    return found


@pytest.fixture
def ruled(house: House) -> House:
    house.bring([*every_kind(), line(cost="3", tag_Owner="Search", tag_env="prod", day=9)])
    house.apply(RULES)
    return house


def test_before_an_allocation_is_applied_the_bill_is_as_it_is(house: House) -> None:
    house.bring([line(cost="3", team="Search")])
    assert {("search",): Decimal(3)} == amounts(ask(house, Tag("team")))


def test_a_tag_is_what_the_rules_make_of_it(ruled: House) -> None:
    assert Decimal("11.005") == amounts(ask(ruled, Tag("team")))[("search",)]


def test_a_split_is_carried_into_every_group_and_adds_up(ruled: House) -> None:
    by_team = amounts(ask(ruled, TEAM))
    assert {("search",), ("ads",), ("unowned",)} == set(by_team)
    assert Decimal("11.005") + Decimal("35.68") * 7 / 10 == by_team[("search",)]
    by_service = amounts(ask(ruled, TEAM, Dimension.SERVICE, Dimension.RECORD_TYPE))
    assert Decimal("6.68") * 3 / 10 == by_service[("ads", "AmazonEC2", "Tax")]
    for found in (by_team, by_service, amounts(ask(ruled, CostCategory("env"), TEAM))):
        assert sum(amounts(ask(ruled)).values()) == sum(found.values())


@pytest.mark.parametrize("granularity", [Granularity.HOURLY, Granularity.DAILY, Granularity.MONTHLY])
def test_periods_add_up_to_the_total(ruled: House, granularity: Granularity) -> None:
    assert amounts(ask(ruled, TEAM)) == amounts(ask(ruled, TEAM, granularity=granularity))


def test_a_filter_by_category_takes_the_shares(ruled: House) -> None:
    by_team = amounts(ask(ruled, TEAM))
    only = amounts(ask(ruled, where=Where(TEAM, ("ads",))))
    assert {(): by_team[("ads",)]} == only
    others = amounts(ask(ruled, where=Not(Where(TEAM, ("ads",)))))
    assert sum(by_team.values()) == only[()] + others[()]
    both = And((Where(TEAM, ("ads",)), Where(Dimension.RECORD_TYPE, ("Tax",))))
    assert {(): Decimal("2.004")} == amounts(ask(ruled, where=both))
    assert {(): Decimal(3)} == amounts(ask(ruled, where=Where(CostCategory("env"), ("prod",), Match.STARTS_WITH)))


def test_who_sees_a_part_of_the_bill_sees_that_part_divided(ruled: House) -> None:
    payer = Scope(accounts=frozenset(("222222222222",)))
    assert {("ads",): Decimal("20.333333333333")} == amounts(ask(ruled, TEAM, scope=payer))


def test_keys_are_those_that_are_meant(ruled: House) -> None:
    start, end = bounds(202608)
    assert ["env", "team"] == run(ruled.room.bills.tag_keys(EVERYTHING, start, end))
    assert ["env", "team"] == run(ruled.room.bills.tag_keys(EVERYTHING, start, end, categories=True))
    values = run(ruled.room.bills.values(EVERYTHING, start, end, TEAM))
    assert {"search", "ads", "unowned"} == {one.value for one in values}


def test_who_held_a_shared_gpu_pays_in_every_period(house: House) -> None:
    house.bring([line(cost="48", line_item_resource_id="i-gpu", line_item_usage_type="BoxUsage:p5.48xlarge")])
    day = bounds(202608)[0] + 2 * 24 * 3_600_000
    house.told.known["i-gpu"] = Machine(("g0", "g1"), [Holding("g0", "search", day, day + 24 * 3_600_000)])
    house.apply("shared: [{name: gpus, when: {usage-type: {contains: p5}}}]")
    expected = {("search",): Decimal(24), ("unowned",): Decimal(24)}
    for granularity in Granularity:
        assert expected == amounts(ask(house, TEAM, granularity=granularity))


def test_a_closed_month_is_read_by_the_rules_that_it_froze(ruled: House) -> None:
    ruled.bring([*every_kind("2026-07"), line(cost="3", tag_env="prod", month="2026-07")], source="july")
    ruled.close(202607)
    before = {facet: amounts(both_months(ruled, facet)) for facet in (TEAM, CostCategory("env"), Tag("team"))}
    july = {facet: amounts(both_months(ruled, facet, months=(202607, 202607))) for facet in before}
    changed = RULES.replace("search: 70, ads: 30", "search: 10, ads: 90").replace("{value: production", "{value: live")
    ruled.apply(changed.replace("aliases: [owner]", "values: {ads: advertising}"))
    for facet, was in july.items():
        assert was == amounts(both_months(ruled, facet, months=(202607, 202607)))
        assert sum(before[facet].values()) == sum(amounts(both_months(ruled, facet)).values())
    total = amounts(both_months(ruled, CostCategory("env")))
    assert {("production",), ("live",), ("development",)} == set(total)
    monthly = both_months(ruled, TEAM, granularity=Granularity.MONTHLY)
    assert sorted((row.start_ms, row.keys) for row in monthly) == [(row.start_ms, row.keys) for row in monthly]
    assert {bounds(202607)[0], bounds(202608)[0]} == {row.start_ms for row in monthly}
    statement = {}
    for one in ruled.statement(202607).lines:
        statement[(one.key.owner,)] = statement.get((one.key.owner,), Decimal(0)) + one.amount
    assert statement == {key: cost for key, cost in july[TEAM].items() if cost}


def both_months(house: House, facet: Any, months: tuple[int, int] = (202607, 202608), **more: Any) -> list[CostRow]:
    span = (bounds(months[0])[0], bounds(months[1])[1])
    query = CostQuery(*span, (Metric.UNBLENDED,), group_by=(facet,), **more)
    return run(house.room.bills.costs(EVERYTHING, query))
