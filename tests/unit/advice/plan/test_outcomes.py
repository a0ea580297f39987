"""Low, expected and high: against every case enumerated in plain Python, and against draws."""

from decimal import Decimal as D
from itertools import product

import pytest

from trimtab.advice.finding import Finding, Pillar
from trimtab.advice.ledger.model import Entry, EntryState, Grade
from trimtab.advice.plan import outcomes as coming
from trimtab.advice.plan.actions import actions_of
from trimtab.advice.plan.choose import choose
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.outcomes import of_row, outcomes
from trimtab.advice.plan.record import Record, records_of, sure_of
from trimtab.advice.plan.told import Bought, tell
from trimtab.advice.standing import Decision, Standing, State
from trimtab.base.records import replace
from unit.advice.plan.companies import Change, Company, Machine, any_company, company, deleted, finding

SURE = (1.0, 0.9, 0.6, 0.35)


def doubtful(one: Company) -> Company:
    """The company with findings of which not all are sure."""
    changes = tuple(
        replace(each, finding=replace(each.finding, confidence=SURE[at % len(SURE)]))
        for at, each in enumerate(one.changes)
    )
    return replace(one, changes=changes)


def percentile(cases: list[tuple[float, float]], share: float) -> float:
    """The least value that at least this share of the cases stay at or under."""
    passed = 0.0
    for value, weight in sorted(cases):
        passed += weight
        if passed >= share - 1e-9:
            return value
    raise AssertionError("the cases are no whole")


def week_of(one: Company, at: int) -> Company:
    """One of its weeks, the earliest first: the last hours of it are whole weeks."""
    first = one.hours % 168 + at * 168
    return replace(one, machines=tuple(replace(each, hours=each.hours[first : first + 168]) for each in one.machines))


@pytest.mark.parametrize("seed", range(500, 506))
def test_low_and_high_are_those_of_every_case_with_every_week(seed: int) -> None:
    plain = company(seed, machines=5, most_changes=5, hours=336)
    lost = tuple(range(0, 336, 7))
    machines = tuple(
        replace(each, hours=tuple(on and not (at < 168 and at in lost) for at, on in enumerate(each.hours)))
        for each in plain.machines
    )
    volume = deleted("vol", 50.0 * seed)
    one = replace(plain, machines=machines, changes=(*plain.changes, volume), flat={"vol": 50.0 * seed})
    one = doubtful(one)  # the first week has less use than the second
    actions, _ = actions_of([each.finding for each in one.changes], one.targets)
    evaluation = Evaluation(one.books(), actions, one.rates)
    chosen, _ = choose(evaluation)
    ids = {evaluation.actions[at].findings[0] for at in chosen}
    done = [each for each in one.changes if each.finding.id in ids]
    weeks = [week_of(one, at) for at in range(2)]
    cases = []
    for came in product((True, False), repeat=len(done)):
        weight = 1.0
        for each, yes in zip(done, came, strict=True):
            weight *= each.finding.confidence if yes else 1 - each.finding.confidence
        mine: list[Change] = [each for each, yes in zip(done, came, strict=True) if yes]
        cases += [(week.invoice() - week.without(mine).invoice(), weight / 2) for week in weeks if weight]
    found = outcomes(evaluation, chosen)
    assert float(found.low) == pytest.approx(percentile(cases, 0.1), abs=0.02)
    assert float(found.high) == pytest.approx(percentile(cases, 0.9), abs=0.02)
    assert float(found.expected) == pytest.approx(sum(value * weight for value, weight in cases), abs=0.02)


def test_where_there_are_many_cases_draws_come_near_them_and_are_always_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = doubtful(any_company(600, machines=12, most_changes=12))
    actions, _ = actions_of([each.finding for each in one.changes], one.targets)
    evaluation = Evaluation(one.books(), actions, one.rates)
    chosen, _ = choose(evaluation)
    monkeypatch.setattr(coming, "_ALL", 20)
    exact = outcomes(evaluation, chosen)
    monkeypatch.setattr(coming, "_ALL", 0)
    drawn = outcomes(evaluation, chosen)
    assert drawn == outcomes(evaluation, chosen)
    assert float(drawn.expected) == pytest.approx(float(exact.expected), rel=0.15)
    assert drawn.low <= drawn.expected <= drawn.high


def test_among_many_small_actions_a_large_one_fails_as_often_as_it_should() -> None:
    sizes, sure = [100.0, *([0.01] * 60)], [0.85, *([0.5] * 60)]
    assert of_row([100.6], sizes, sure).low < 1  # it fails in 15 % of the cases
    assert of_row([100.6], sizes, [0.95, *sure[1:]]).low > 99  # in 5 %


def test_a_row_comes_out_in_parts_of_its_weeks_by_what_its_actions_take() -> None:
    found = of_row([100.0, 200.0], [3.0, 1.0], [1.0, 0.5])
    assert (found.low, found.high) == (D("75.00"), D("200.00"))  # 75, 100, 150 and 200, each as likely
    assert found.expected == D("131.25")
    assert of_row([50.0], [0.0], [1.0]).low == D("50.00")


def test_the_plan_says_what_is_likely_beside_what_all_of_it_saves() -> None:
    machine = Machine("a", "p5.48xlarge", (True,) * 168)
    said = replace(finding(machine, ""), confidence=0.8)
    one = Company((machine,), ())
    actions, waiting = actions_of([said], one.targets)
    evaluation = Evaluation(one.books(), actions, one.rates)
    chosen, how = choose(evaluation)
    plan = tell(evaluation, chosen, {said.id: said}, waiting, Bought(), how, 0)
    assert (plan.total, plan.expected, plan.low, plan.high) == (D("40179.20"), D("32143.36"), D(0), D("40179.20"))
    assert [(row.low, row.high) for row in plan.rows] == [(D(0), D("40179.20"))]
    assert [(each.low, each.after, each.high) for each in plan.invoices] == [
        (D("-40179.20"), D("-40179.20"), D("0.00"))
    ] * 3  # a bill of nothing else, and no amount of it known


def test_what_was_refused_or_in_vain_makes_such_advice_less_sure() -> None:
    said = Finding("idle", Pillar.COST, "aws/i-1", "ec2:instance", "i-1", "1", "r", "idle", confidence=0.9)
    other = replace(said, check="size", confidence=0.7)
    standings = [
        Standing(said, State.ACTIVE, 0, 0, 0, Decision.DISMISSED),
        Standing(replace(said, part="2"), State.ACTIVE, 0, 0, 0, Decision.ACCEPTED),
    ]
    entries = [
        Entry("x", "idle", "r", "1", "r", "", EntryState.MEASURED, grade=grade)
        for grade in (Grade.AS_PREDICTED, Grade.NOTHING, Grade.LESS)
    ]
    waits = Entry("y", "idle", "r", "1", "r", "", EntryState.ACCEPTED)
    records = records_of(standings, [*entries, waits])
    assert records == {"idle": Record(4, 2)}
    assert sure_of(said, records) == pytest.approx((2 + 4 * 0.9) / 8)
    assert sure_of(other, records) == 0.7
