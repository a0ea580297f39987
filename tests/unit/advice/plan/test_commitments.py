"""When a row becomes cash, what is renewed, and reservations that are exchanged: against invoices in plain Python."""

from collections.abc import Sequence
from decimal import Decimal as D

import pytest

from trimtab.advice.finding import Finding, Pillar
from trimtab.advice.plan.actions import actions_of
from trimtab.advice.plan.choose import choose
from trimtab.advice.plan.choosing import Chosen
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.exchange import EXCHANGE, Exchange, exchanged, exchanges
from trimtab.advice.plan.model import Plan, Verb
from trimtab.advice.plan.timing import Timing
from trimtab.advice.plan.told import Bought, part_of, tell
from trimtab.advice.purchases.model import Holdings, PlanKind
from trimtab.advice.purchases.model import Plan as SavingsPlan
from trimtab.base.records import replace
from unit.advice.plan.companies import (
    ACCOUNT,
    ALL_SHARE,
    REGION,
    Company,
    Machine,
    Reserved,
    any_company,
    finding,
)

ALWAYS = (True,) * 168
DAY = 86_400_000
MARCH = 59 * DAY  # 1970-03-01
A, B = Machine("a", "p5.48xlarge", ALWAYS), Machine("b", "p5.48xlarge", ALWAYS)
BOTH = 2 * 55.04 * 0.56
ONE = D("40179.20")  # a p5 on demand, a month


def plan_of(one: Company, findings: Sequence[Finding], bought: Bought | None = None) -> Plan:
    actions, waiting = actions_of(findings, one.targets)
    evaluation = Evaluation(one.books(), actions, one.rates)
    chosen, how = choose(evaluation)
    return tell(evaluation, chosen, {each.id: each for each in findings}, waiting, bought or Bought(), how, 0)


def test_what_a_commitment_pays_for_becomes_cash_on_the_day_it_ends() -> None:
    covered = Company((A, B), (), {"p5": BOTH}, ends={"family-p5": MARCH})
    [row] = plan_of(covered, [finding(A, "")]).rows
    assert (row.chosen, row.adds, row.cash_from) == (True, 0, "on 1970-03-01")
    assert (row.later, row.later_ms) == (ONE, MARCH)
    assert row.reason == "saves nothing until 1970-03-01: a commitment pays for it until then"


def test_what_saves_later_is_in_the_set_only_where_it_costs_nothing_now() -> None:
    covered = Company((A, B), (), {"p5": BOTH}, ends={"family-p5": MARCH})
    moved = plan_of(covered, [finding(A, "p4d.24xlarge")])  # on demand, while a p5 is paid for
    assert [(row.chosen, row.adds) for row in moved.rows] == [(False, 0)]
    lasting = Company((A, B), (), {"p5": BOTH})
    assert [row.chosen for row in plan_of(lasting, [finding(A, "")]).rows] == [False]
    both = plan_of(covered, [finding(A, ""), finding(B, "")])
    assert [(row.chosen, row.later, len(row.actions)) for row in both.rows] == [(True, 2 * ONE, 2)]
    assert Chosen(*evaluated(covered, [finding(A, "")]), "", {}, ()).left(covered.books().use).quantity.sum() == 168


def evaluated(one: Company, findings: Sequence[Finding]) -> tuple[Evaluation, frozenset[int]]:
    """The evaluation of a company and the set that is chosen."""
    evaluation = Evaluation(one.books(), actions_of(findings, one.targets)[0], one.rates)
    return evaluation, choose(evaluation)[0]


def test_what_is_covered_in_part_falls_in_part_now_and_more_when_the_commitment_ends() -> None:
    half = Company((A,), (), {"p5": BOTH / 4}, ends={"family-p5": MARCH})
    [row] = plan_of(half, [finding(A, "")]).rows
    assert (row.chosen, row.adds, row.cash_from) == (True, ONE / 2, "next invoice")
    assert (row.later, row.later_ms) == (ONE / 2, MARCH)


def test_what_is_done_otherwise_falls_no_later_and_what_ended_already_ends_no_more() -> None:
    half = Company((A,), (), {"p5": BOTH / 4}, ends={"family-p5": MARCH})
    stop, move = plan_of(half, [finding(A, ""), finding(A, "p4d.24xlarge")]).rows
    assert (stop.later > 0, move.chosen, move.later, move.cash_from) == (True, False, 0, "")
    actions, _ = actions_of([finding(A, "")], half.targets)
    book = half.books()
    past = replace(book, use=replace(book.use, at_ms=book.use.at_ms + MARCH))
    assert Timing.of(Evaluation(past, actions, half.rates), ()).ends == {}


def test_without_an_end_or_without_a_line_of_the_bill_nothing_falls_later() -> None:
    [row] = plan_of(Company((A, B), (), {"p5": BOTH}), [finding(A, "")]).rows
    assert (row.cash_from, row.later, row.later_ms) == ("", 0, 0)
    elsewhere = replace(finding(A, ""), billed_as="nobody")
    ending = Company((A, B), (), {"p5": BOTH}, ends={"family-p5": MARCH})
    [row] = plan_of(ending, [elsewhere]).rows
    assert (row.cash_from, row.later, row.reason) == ("", 0, "no line of the bill names it")


def purchase(start_ms: int, family: str = "p5") -> Bought:
    """A plan for a p5 that begins some day."""
    one = SavingsPlan(
        "new", ACCOUNT, PlanKind.EC2_INSTANCE, D(str(BOTH / 2)), family=family, region=REGION, start_ms=start_ms
    )
    said = Finding("buy", Pillar.COST, "aws/1", "commitment", f"plan for {family}", ACCOUNT, "", "buy", part="new")
    return Bought(Holdings((one,)), (said,))


def test_a_purchase_on_the_terms_of_what_ends_that_day_renews_it() -> None:
    ending = Company((A, B), (), {"p5": BOTH}, ends={"family-p5": MARCH})
    plan = plan_of(ending, [], purchase(MARCH))
    [row] = plan.rows
    assert (row.verb, row.cash_from, row.adds) == (Verb.RENEW, "at renewal of family-p5, 1970-03-01", 0)
    assert row.later == D(str(round(55.04 * (1 - 0.56) * 730, 2)))
    assert row.reason == "from 1970-03-01 on"
    [other] = plan_of(ending, [], purchase(MARCH, "g5")).rows
    assert (other.verb, other.cash_from) == (Verb.COMMIT, "on 1970-03-01")
    [now] = plan_of(Company((A,), ()), [], purchase(0)).rows
    assert (now.verb, now.cash_from, now.later) == (Verb.COMMIT, "next invoice", 0)


def test_what_falls_when_the_plan_renews_less_becomes_cash_at_that_renewal() -> None:
    ending = Company((A, B), (), {"p5": BOTH}, ends={"family-p5": MARCH})
    stop, renew = plan_of(ending, [finding(A, "")], purchase(MARCH)).rows
    assert (stop.cash_from, stop.later) == ("at renewal of family-p5, 1970-03-01", ONE)
    assert renew.verb is Verb.RENEW


def test_who_sees_a_part_of_a_row_does_not_see_what_all_of_it_saves_later() -> None:
    half = Company((A, B), (), {"p5": BOTH / 4}, ends={"family-p5": MARCH})
    said = [finding(A, ""), finding(B, "")]
    plan = plan_of(half, said)
    assert plan.rows[0].later == ONE / 2
    assert part_of(plan, {said[0].id}).rows[0].later == 0
    assert part_of(plan, {one.id for one in said}).rows[0].later == ONE / 2


IDLE = Machine("idle", "m5.2xlarge", ALWAYS)
USED = Machine("used", "c6i.2xlarge", ALWAYS)


def found_of(one: Company, findings: Sequence[Finding] = (), without: Sequence[str] = ()) -> tuple[
    Evaluation, frozenset[int], tuple[Exchange, ...]
]:  # fmt: skip
    actions, _ = actions_of(findings, one.targets)
    evaluation = Evaluation(one.books(), actions, one.rates)
    chosen, _ = choose(evaluation)
    ids = [each.id for each in evaluation.held.reservations]
    return evaluation, chosen, exchanges(evaluation, chosen, ids, one.rates, without)


def as_reserved(one: Company, made: Sequence[Exchange]) -> Company:
    """The company once exchanges are made, in plain words."""
    held = exchanged(one.books().held, made).reservations
    kept = tuple(Reserved(each.type, each.count, float(each.hourly), each.flexible) for each in held)
    return replace(one, reserved=kept)


def test_a_reservation_that_the_set_leaves_unused_is_exchanged_for_what_is_on_demand() -> None:
    one = Company((IDLE, USED), (), reserved=(Reserved("m5.2xlarge", 1, 0.384 * 0.6),))
    stop = finding(IDLE, "")
    assert found_of(one)[2] == ()  # it is used
    _, _, [made] = found_of(replace(one, machines=(USED,)))
    assert (made.of.type, made.to.type, made.to.count, made.kept) == ("m5.2xlarge", "c6i.2xlarge", 1, ())
    assert made.to.hourly * made.to.count >= made.of.hourly * made.of.count  # of equal or greater value
    assert made.to.hourly == D(str(round(0.34 * ALL_SHARE, 10)))
    bought = Bought(Holdings(), (), (made,))
    plan = plan_of(replace(one, machines=(USED,)), [], bought)
    [row] = plan.rows
    assert (row.verb, row.names, row.findings) == (Verb.EXCHANGE, ("reserved-0",), (made.finding.id,))
    assert plan.total == D(str(round((0.34 - (0.34 * ALL_SHARE - 0.384 * 0.6)) * 730, 2)))
    assert plan.worth[made.finding.id][1] == plan.total
    assert made.finding.summary == "exchange 1 × m5.2xlarge for 1 × c6i.2xlarge"
    stopped = found_of(one, [stop])
    assert stopped[1] == frozenset()  # what is reserved is paid anyhow, and stopping it alone saves nothing


def test_a_reservation_in_its_last_day_is_not_exchanged() -> None:
    for hours, many in ((23, 0), (24, 1)):
        ending = Reserved("m5.2xlarge", 1, 0.384 * 0.6, end_ms=hours * 3_600_000)
        one = Company((replace(USED, hours=(True,) * 24),), (), reserved=(ending,))
        assert len(found_of(one)[2]) == many


def test_what_is_got_in_an_exchange_is_renewed_and_what_is_given_is_not() -> None:
    one = Company((USED,), (), reserved=(Reserved("m5.2xlarge", 1, 0.384 * 0.6, end_ms=MARCH),))
    _, _, [made] = found_of(one)
    for given, verb in ((made.to, Verb.RENEW), (made.of, Verb.COMMIT)):
        again = replace(given, id="again", start_ms=MARCH, end_ms=0)
        said = Finding("buy", Pillar.COST, "aws/1", "commitment", "again", ACCOUNT, "", "buy", part="again")
        rows = plan_of(one, [], Bought(Holdings((), (again,)), (said,), (made,))).rows
        assert [row.verb for row in rows] == [Verb.EXCHANGE, verb]
    assert rows[1].later < 0  # nothing runs that it could cover


def test_what_is_not_convertible_or_left_out_is_not_exchanged() -> None:
    one = Company((USED,), (), reserved=(Reserved("m5.2xlarge", 1, 0.384 * 0.6),))
    evaluation, chosen, [made] = found_of(one)
    assert exchanges(evaluation, chosen, (), one.rates, ()) == ()
    assert found_of(one, without=[made.finding.id])[2] == ()
    assert made.finding.check == EXCHANGE


def test_only_what_is_unused_of_a_reservation_is_exchanged() -> None:
    busy = tuple(Machine(f"m-{at}", "m5.2xlarge", ALWAYS) for at in range(2))
    rest = tuple(Machine(f"c-{at}", "c6i.2xlarge", ALWAYS) for at in range(3))
    one = Company((*busy, *rest), (), reserved=(Reserved("m5.2xlarge", 4, 0.384 * 0.6, flexible=False),))
    _, _, [made] = found_of(one)
    assert [each.count for each in made.kept] == [2]
    assert made.to.count == 2  # 2 × 0.2304 for 2 × 0.2448
    used = tuple(Machine(f"m-{at}", "m5.2xlarge", ALWAYS) for at in range(9))
    nearly = replace(one, machines=(*used, *rest), reserved=(Reserved("m5.2xlarge", 10, 0.384 * 0.6, flexible=False),))
    assert found_of(nearly)[2] == ()  # one of ten is idle


@pytest.mark.parametrize("seed", range(700, 712))
def test_exchanges_are_worth_what_the_invoice_falls_by(seed: int) -> None:
    one = any_company(seed, machines=8, most_changes=0)
    one = replace(one, machines=one.machines[:5])  # some of what was reserved for is gone
    evaluation, chosen, made = found_of(one)
    plan = plan_of(one, [], Bought(Holdings(), (), made))
    after = as_reserved(one, made)
    assert float(plan.total) == pytest.approx(one.invoice() - after.invoice(), abs=0.02)
    assert all(row.adds > 0 for row in plan.rows)
    assert evaluation.worth(chosen).expected == 0
    for each in made:
        given = each.of.count - sum(kept.count for kept in each.kept)
        assert each.to.count * each.to.hourly >= given * each.of.hourly
