"""Ladders: what is held ends on its day, what replaces it begins then, and not too much ends together."""

import asyncio
import itertools
from datetime import UTC, datetime
from decimal import Decimal as D

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.advice.purchases import room
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.apply import apply, figures
from trimtab.advice.purchases.ladder import Ladder, end_of, expiries, ladder_of, later, month_of
from trimtab.advice.purchases.model import NANO, Holdings, Plan, PlanKind, Reservation, Use, UseLine
from trimtab.advice.purchases.outlook import OUTCOMES, Outlook, outlook, start_of, until_of
from trimtab.advice.purchases.planner import Options, plan
from trimtab.advice.purchases.rates import Rates
from trimtab.advice.purchases.tell import bought_of, held_of, results, stack_of
from trimtab.advice.purchases.terms import read_terms
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource, ResourceStore

ME = "111122223333"
NOW = 1_795_000_000_000 // 86_400_000 * 86_400_000  # 2026-11-18
LINES = (
    UseLine(ME, "AmazonEC2", "us-east-1", "m5.large", D("1.0"), family="m5"),
    UseLine(ME, "AmazonEC2", "us-east-1", "c5.large", D("0.7"), family="c5"),
)


def option(share: float = 0.7, lines: int = 1) -> Plan:
    return Plan("c", ME, PlanKind.COMPUTE, D(0), np.full(lines, share))


def monthly(rows: list[list[float]]) -> Outlook:
    """Hours that stand for a month each, from NOW on."""
    at_ms = np.array([later(NOW, month) for month in range(len(rows[0]))], dtype=np.int64)
    use = Use(LINES[: len(rows)], np.array(rows), at_ms)
    return Outlook(dict.fromkeys(OUTCOMES, use), np.full(use.hours, 730.0), None)


def per_month(found: Holdings) -> dict[str, D]:
    """What ends in each month, dollars an hour."""
    sums: dict[str, D] = {}
    for one in found.plans:
        sums[month_of(one.end_ms)] = sums.get(month_of(one.end_ms), D(0)) + one.commitment
    return sums


def test_months_later_keep_the_day_where_there_is_one():
    start = round(datetime(2026, 11, 30, 5, tzinfo=UTC).timestamp() * 1000)
    days = [f"{datetime.fromtimestamp(later(start, months) / 1000, UTC):%Y-%m-%d %H}" for months in (0, 1, 3, 15)]
    assert ["2026-11-30 05", "2026-12-30 05", "2027-02-28 05", "2028-02-29 05"] == days


def test_what_replaces_a_commitment_is_bought_for_the_day_that_it_ends():
    ends = later(NOW, 5)
    held = Holdings((replace(option(), id="old", commitment=D(7), end_ms=ends),))
    view = monthly([[10.0] * 12])
    ladder = ladder_of(Wanted(), held, NOW, later(NOW, 12))
    assert (NOW, ends) == ladder.starts_ms
    found = plan(view, held, Options((option(),), ladder=ladder))
    [one] = found.bought.plans
    assert (D("7.000"), ends, end_of(one, ends)) == (one.commitment, one.start_ms, one.end_ms)
    assert found.cost == pytest.approx(7.0)


def test_no_more_than_the_share_ends_in_one_month():
    view = monthly([[10.0] * 12, [20.0, 20, 20, 8, 8, 8, 20, 20, 20, 20, 20, 20]])
    for share in (0.2, 0.34, 0.5):
        ladder = ladder_of(Wanted(most_expiring=share), Holdings(), NOW, later(NOW, 12))
        found = plan(view, Holdings(), Options((option(lines=2),), ladder=ladder)).bought
        whole = sum(one.commitment for one in found.plans)
        assert whole > 5
        assert max(per_month(found).values()) <= whole * D(str(share))
        assert len({one.start_ms for one in found.plans}) >= 1 / share


def test_parts_of_equal_size_begin_as_far_apart_as_was_asked():
    ladder = ladder_of(Wanted(tranches=4, tranche_days=20), Holdings(), NOW, later(NOW, 12))
    found = plan(monthly([[10.0] * 12]), Holdings(), Options((option(),), ladder=ladder)).bought.plans
    day = 86_400_000
    assert [NOW + part * 20 * day for part in range(4)] == [one.start_ms for one in found]
    assert {D("1.750")} == {one.commitment for one in found}
    assert ["c", "c from 2026-12-08", "c from 2026-12-28", "c from 2027-01"] == [one.id for one in found]


def test_machines_are_laddered_by_whole_ones_and_offers_with_an_end_are_not():
    machine = Reservation("r", ME, "m5.large", "us-east-1", 1, D("0.5"))
    block = Reservation("b", ME, "c5.large", "us-east-1", 1, D("0.3"), start_ms=NOW, end_ms=later(NOW, 3))
    ladder = ladder_of(Wanted(most_expiring=0.25), Holdings(), NOW, later(NOW, 12))
    found = plan(monthly([[8.0] * 12, [2.0] * 12]), Holdings(), Options((), (machine, block), ladder=ladder)).bought
    counts = [one.count for one in found.reservations if one.type == "m5.large"]
    assert 8 == sum(counts)
    assert max(counts) <= 3
    [block] = [one for one in found.reservations if one.type == "c5.large"]
    assert (2, NOW, later(NOW, 3)) == (block.count, block.start_ms, block.end_ms)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.34])
def test_a_ladder_is_within_two_percent_of_what_trying_everything_finds(share: float):
    """Use that grows, and a commitment that ends after two months: three starts, every amount in steps."""
    view = monthly([[6.0, 6, 9, 9], [4.0, 0, 4, 4]])
    ends = later(NOW, 2)
    held = Holdings((replace(option(lines=2), id="old", commitment=D(3), end_ms=ends),))
    starts = (NOW, later(NOW, 1), ends)
    ladder = Ladder(starts, share)
    found = plan(view, held, Options((option(0.6, 2),), ladder=ladder))
    use = view.uses["expected"]

    def cost(amounts: tuple[float, ...]) -> float:
        plans = [
            replace(option(0.6, 2), commitment=D(repr(float(each))), start_ms=at, end_ms=end_of(option(), at))
            for each, at in zip(amounts, starts, strict=True)
        ]
        return float(apply(use, held.plus(Holdings(tuple(plans)))).cost.mean()) / NANO

    tried = itertools.product(np.arange(0, 7.6, 0.75), repeat=3)
    best = min(cost(one) for one in tried if share == 1 or max(one) <= share * sum(one) + 1e-9)
    assert found.cost <= best * 1.02
    assert found.cost == pytest.approx(float(apply(use, held.plus(found.bought)).cost.mean()) / NANO, abs=1e-6)


def test_the_totals_of_a_plan_are_the_sum_by_hour_to_the_cent():
    """Each hour by itself, in decimals: what dates leave in force, what that covers, and what is left on demand."""
    history = Use.hourly(LINES[:1], 10 + 4.0 * (np.arange(24 * 21) % 24 < 12)[None, :], NOW - 21 * 24 * 3_600_000)
    held = Holdings((replace(option(), id="old", commitment=D("3.5"), end_ms=later(NOW, 2) + 5 * 86_400_000),))
    ladder = ladder_of(Wanted(most_expiring=0.25), held, start_of(history), until_of(history, 14))
    view = outlook(history, 14, 0.1, None, ladder.starts_ms)
    bought = plan(view, held, Options((option(0.6),), ladder=ladder)).bought
    every = held.plus(bought)
    told = results(view, held, every, sharing=True)
    for name, use in view.uses.items():
        whole = D(0)
        for at, (at_ms, quantity, each) in enumerate(zip(use.at_ms, use.quantity[0], view.hours_each, strict=True)):
            left, paid = D(repr(float(quantity))), D(0)
            for one in every.plans:
                if one.start_ms <= at_ms < one.end_ms:
                    share = D(str(one.shares[0]))
                    covered = min(left, one.commitment / share)
                    left, paid = left - covered, paid + one.commitment
            whole += (left + paid) * D(repr(float(each)))
            assert at < use.hours
        hours = D(repr(float(view.hours_each.sum())))
        assert hours == 14 * 730
        assert abs(D(repr(told[name].after.cost)) * hours / 730 - whole) < D("0.01")
    assert 14 * 730 == figures(apply(view.uses["low"], every), view.hours_each).hours


def test_rungs_are_told_with_their_dates_their_command_and_what_ends_when():
    history = Use.hourly(LINES[:1], np.full((1, 24 * 21), 10.0), NOW - 21 * 24 * 3_600_000)
    family = Plan("EC2", ME, PlanKind.EC2_INSTANCE, D(0), np.array([0.7]), "m5", "us-east-1")
    ends = later(NOW, 4)
    held = Holdings(
        (
            replace(option(), id="old", commitment=D("2.1"), end_ms=ends),
            replace(option(), id="queued", commitment=D("0.7"), start_ms=ends, end_ms=0),
        )
    )
    ladder = ladder_of(Wanted(most_expiring=0.5), held, NOW, until_of(history, 12))
    view = outlook(history, 12, 0.0, None, ladder.starts_ms)
    bought = plan(view, held, Options((family,), ladder=ladder)).bought
    told = bought_of(view, held, bought, Rates(()), NOW, sharing=True)
    now, *later_ones = sorted(told, key=lambda one: one.start_ms)
    assert (NOW, True) == (now.start_ms, "--purchase-time" not in now.command)
    assert "name=instanceFamily,values=m5" in now.command
    assert all("--purchase-time 20" in one.command for one in later_ones)
    assert all(one.used["expected"].mean > 0.95 for one in told)
    rows = {one.id: one for one in held_of(history, view, held, held.plus(bought), sharing=True)}
    assert (True, 1.0, ends) == (rows["old"].seen, rows["old"].used, rows["old"].end_ms)
    assert (False, None) == (rows["queued"].seen, rows["queued"].end_ms)
    assert rows["queued"].used == rows["queued"].ahead
    found = {one.month: one for one in expiries(rows.values(), told)}
    assert 2.1 == found[month_of(ends)].held
    assert max(one.share for one in found.values()) <= 0.5
    assert sum(one.bought for one in found.values()) == pytest.approx(float(sum(one.hourly for one in told)))
    stack = stack_of(history, history.span(0, 0), held, bought, sharing=True)
    assert stack.on_ms == max(one.start_ms for one in told)


def test_a_month_is_parted_where_something_begins_or_ends():
    history = Use.hourly(LINES[:1], np.full((1, 24 * 21), 10.0), NOW - 21 * 24 * 3_600_000)
    cut = NOW + 10 * 86_400_000
    whole, parted = outlook(history, 3), outlook(history, 3, cuts=(cut, NOW - 5, later(NOW, 30)))
    assert (3 * 168, 4 * 168) == (whole.uses["low"].hours, parted.uses["low"].hours)
    assert 3 * 730 == pytest.approx(float(whole.hours_each.sum())) == pytest.approx(float(parted.hours_each.sum()))
    before = parted.uses["low"].at_ms < cut
    assert 240 == pytest.approx(float(parted.hours_each[before].sum()))
    assert 240 == pytest.approx(float(parted.first(240).hours_each.sum()))


@pytest.mark.parametrize("wanted", [Wanted(most_expiring=0.05), Wanted(most_expiring=0.5, tranches=2)])
def test_ladders_that_cannot_be_are_refused(wanted: Wanted):
    with pytest.raises(InvalidInput, match="cannot plan with"):
        room.check(wanted)


def test_when_commitments_end_is_read_from_the_accounts(state):
    arn = f"arn:aws:savingsplans::{ME}:savingsplan/1"
    other = f"arn:aws:ec2:us-east-1:{ME}:reserved-instances/2"
    store = ResourceStore(state)
    found = [
        Resource(replace(parse_arn(arn), kind="savingsplans:savingsplan"), arn=arn, attributes={"start": 5, "end": 9}),
        Resource(replace(parse_arn(other), kind="ec2:reserved-instances"), arn=other, attributes={"End": 7}),
    ]
    asyncio.run(store.put(found, 1))
    assert {arn: (5, 9), other: (None, 7)} == asyncio.run(read_terms(store, EVERYTHING))
