"""Actions beside stop and shrink: some hours of the week, spot, deletions, and what they exclude."""

from collections.abc import Sequence
from decimal import Decimal as D

import numpy as np
import pytest

from trimtab.advice.finding import Action as Fix
from trimtab.advice.finding import Finding, Pillar
from trimtab.advice.plan import choose as choosing
from trimtab.advice.plan.actions import actions_of
from trimtab.advice.plan.choose import choose
from trimtab.advice.plan.choosing import Chosen
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.model import Action, Plan, Verb
from trimtab.advice.plan.told import Bought, tell
from trimtab.base.records import replace
from unit.advice.plan.companies import (
    ACCOUNT,
    LOST,
    RATES,
    Company,
    Machine,
    any_company,
    deleted,
    finding,
    hour_of_week,
    scheduled,
    spot_price,
    spotted,
)

HOURS = 336
ALWAYS = (True,) * HOURS
A, B = Machine("a", "m5.2xlarge", ALWAYS), Machine("b", "m5.2xlarge", ALWAYS)
WEEKEND = frozenset(range(120, 168))
TWO = Company((A, B), ())


def evaluation_of(one: Company, findings: Sequence[Finding]) -> Evaluation:
    return Evaluation(one.books(), actions_of(findings, one.targets)[0], one.rates)


def plan_of(one: Company, findings: Sequence[Finding]) -> Plan:
    actions, waiting = actions_of(findings, one.targets)
    evaluation = Evaluation(one.books(), actions, one.rates)
    chosen, how = choose(evaluation)
    return tell(evaluation, chosen, {each.id: each for each in findings}, waiting, Bought(), how, 0)


def test_a_schedule_takes_away_its_hours_of_the_week_and_no_others() -> None:
    plan = plan_of(TWO, [scheduled(A, WEEKEND).finding])
    assert plan.total == D("80.09")  # 0.384 × 730 × 48 ÷ 168
    assert [(row.verb, row.cash_from) for row in plan.rows] == [(Verb.SCHEDULE, "next invoice")]
    quiet = evaluation_of(TWO, [scheduled(A, WEEKEND).finding])
    gone = np.flatnonzero(quiet.use((0,)).quantity[0] < 2)
    assert {hour_of_week(int(at)) for at in gone} == WEEKEND


def test_the_weekday_is_that_of_the_bill_though_its_hours_count_later() -> None:
    book = TWO.books()
    late = 30 * 24 * 3_600_000
    moved = replace(book, use=replace(book.use, at_ms=book.use.at_ms + late), moved_ms=late)
    assert (moved.in_week(WEEKEND) == book.in_week(WEEKEND)).all()
    assert book.in_week(()).sum() == HOURS


def test_a_schedule_saves_nothing_in_hours_that_a_commitment_pays() -> None:
    nights = Company((A,), (), {"m5": 0.384 * 0.63})
    assert plan_of(nights, [scheduled(A, WEEKEND).finding]).total == 0
    shared = Company((A, B), (), {"m5": 0.384 * 0.63})
    assert plan_of(shared, [scheduled(A, WEEKEND).finding]).total == D("80.09")  # it covers the other one then


def test_of_a_machine_whose_hours_are_not_read_its_share_goes_in_these_hours() -> None:
    book = replace(TWO.books(), parts={"a": ((0, 0.5),)})
    actions, _ = actions_of([scheduled(A, WEEKEND).finding], TWO.targets)
    evaluation = Evaluation(book, actions, TWO.rates)
    assert evaluation.worth((0,)).expected == D("80.09")
    assert evaluation.listed(0) == pytest.approx(80.09, abs=0.01)


def test_of_a_machine_that_no_commitment_could_cover_the_hours_part_of_its_cost_goes() -> None:
    book = replace(TWO.books(), flat={"rented": D("168.00"), "a": D(10)})
    rented = replace(scheduled(A, WEEKEND).finding, billed_as="rented")
    actions, _ = actions_of([rented, scheduled(A, WEEKEND).finding], TWO.targets)
    evaluation = Evaluation(book, actions, TWO.rates)
    by_machine = {one.machine: at for at, one in enumerate(actions)}
    assert evaluation.worth((by_machine["rented"],)).expected == D("48.00")
    assert evaluation.worth((by_machine["a"],)).expected == D("80.09")  # its volumes are paid on


def test_stop_schedule_shrink_and_spot_of_one_machine_exclude_each_other() -> None:
    said = [finding(A, ""), scheduled(A, WEEKEND).finding, finding(A, "m5.xlarge"), spotted(A).finding]
    plan = plan_of(TWO, said)
    assert [(row.verb, row.chosen) for row in plan.rows] == [
        (Verb.STOP, True),
        (Verb.SCHEDULE, False),
        (Verb.SHRINK, False),
        (Verb.SPOT, False),
    ]
    assert plan.total == D("280.32")


def test_spot_costs_what_it_did_in_each_hour_with_what_is_lost_and_only_where_it_is_cheaper() -> None:
    plan = plan_of(TWO, [spotted(A).finding])
    paid = sum(spot_price(A.type, at) for at in range(HOURS)) / HOURS * (1 + LOST)
    assert float(plan.total) == pytest.approx((RATES[A.type] - paid) * 730, abs=0.01)
    assert [row.verb for row in plan.rows] == [Verb.SPOT]
    discounted = replace(TWO.books(), net=np.full(1, 0.4))  # spot has no discount
    actions, _ = actions_of([spotted(A).finding], TWO.targets)
    assert choose(Evaluation(discounted, actions, TWO.rates))[0] == frozenset()


def test_what_is_on_spot_is_covered_by_no_commitment_and_none_is_planned_for_it() -> None:
    one = Company((A,), (), {"m5": 0.384 * 0.63}, 5.0)
    evaluation = evaluation_of(one, [spotted(A).finding])
    assert evaluation.worth((0,)).expected < 0
    left = Chosen(evaluation, frozenset({0}), "", {}, ()).left(one.books().use)
    assert [line.type for line in left.lines] == ["m5.2xlarge"]
    assert left.quantity.sum() == 0


def test_without_a_price_of_spot_a_finding_waits() -> None:
    actions, waiting = actions_of([spotted(A).finding], lambda one: None)
    assert (actions, [one.reason for one in waiting]) == ([], ["no price of spot is known for m5.2xlarge"])


def test_what_checks_delete_is_deleted_once_whatever_it_is_called() -> None:
    gone = deleted("vol-1", 80.0).finding
    again = replace(gone, check="also", estimate=D(60))
    other = replace(gone, check="gp2", action=Fix.UPGRADE, estimate=D(16))
    one = Company((A,), (), flat={"vol-1": 80.0})
    actions, _ = actions_of([again, other, gone], one.targets)
    assert [(each.verb, each.flat) for each in actions] == [(Verb.DELETE, D("80.0")), (Verb.CHANGE, D(16))]
    plan = plan_of(one, [again, other, gone])
    assert plan.total == D("80.00")
    assert [(row.verb, row.chosen) for row in plan.rows] == [(Verb.DELETE, True), (Verb.CHANGE, False)]


def test_one_that_stops_and_one_that_deletes_are_one_action() -> None:
    stop, delete = finding(A, ""), replace(finding(A, "", "endpoint"), action=Fix.DELETE)
    actions, _ = actions_of([stop, replace(delete, takes=0.9)], TWO.targets)
    assert [(one.verb, one.takes) for one in actions] == [(Verb.STOP, 1.0)]
    actions, _ = actions_of([replace(stop, takes=0.9), delete], TWO.targets)
    assert [(one.verb, one.takes) for one in actions] == [(Verb.DELETE, 1.0)]


def test_what_an_action_changes_by_itself_is_the_use_with_it_less_the_use_without() -> None:
    one = any_company(900)
    evaluation = evaluation_of(one, [each.finding for each in one.changes])
    none = evaluation.use(()).quantity
    for at in range(len(evaluation.actions)):
        moved = np.zeros_like(none)
        for line, values in evaluation.change(at):
            moved[line] += values
        assert np.allclose(none + moved, evaluation.use((at,)).quantity)


def test_machines_are_alike_where_the_same_may_be_done_to_the_same_share_of_the_same_lines() -> None:
    names = ("a", "b", "c", "d", "e", "f", "g")
    said = [
        finding(A, ""), finding(A, ""), scheduled(A, WEEKEND).finding, scheduled(A, frozenset({1})).finding,
        finding(A, ""), finding(A, ""), finding(A, ""),
    ]  # fmt: skip
    findings = [replace(one, billed_as=name) for name, one in zip(names, said, strict=True)]
    shares = dict.fromkeys(names, ((0, 0.1),)) | {"e": ((0, 0.2),), "g": ((0, np.ones(HOURS)),)}
    book = replace(TWO.books(), parts=shares, flat={"f": D(10)})
    actions, _ = actions_of(findings, TWO.targets)
    evaluation = Evaluation(book, actions, TWO.rates)
    kinds = choosing._kinds(evaluation, choosing._choices(actions))
    assert sorted(len(one.machines) for one in kinds) == [1, 1, 1, 1, 1, 2]


def test_machines_alike_are_one_variable_with_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty machines of which a plan covers ten: the program stops thirty of them and no more."""
    monkeypatch.setattr(choosing, "_improved", lambda evaluation, kinds, chosen: chosen)
    machines = tuple(Machine(f"i-{at:02}", "m5.2xlarge", ALWAYS) for at in range(40))
    one = Company(machines, (), {"m5": 10 * 0.384 * 0.63})
    actions, _ = actions_of([finding(each, "") for each in machines], one.targets)
    book = replace(one.books(), parts={each.name: ((0, 1 / 40),) for each in machines})
    evaluation = Evaluation(book, actions, one.rates)
    chosen, how = choose(evaluation)
    assert how.startswith("a mixed-integer program")
    assert len(chosen) == 30
    assert evaluation.worth(chosen).expected == D("8409.60")


def test_an_action_is_named_by_what_it_does() -> None:
    assert Action("a", Verb.SPOT, ("f",)).id == "a|spot|"


def owned(check: str, resource: str, amount: str, hours: tuple[int, ...] = (), parts: int = 1) -> Finding:
    """Electricity that a check says would not be drawn: of a machine that is paid anyhow nothing else goes."""
    return Finding(
        check, Pillar.COST, f"local/{resource}", "node", resource, ACCOUNT, "", "idle", action=Fix.STOP, hours=hours,
        billed_as="own-1", takes=0.0, parts=parts, estimate=D(amount), confidence=0.9,
    )  # fmt: skip


def test_hours_in_which_a_machine_is_off_are_not_counted_with_its_stop() -> None:
    """Two idle GPUs save 9 each; off at night the whole machine saves 12: of 18 and 12 the better one, never 30."""
    gpus = [owned("idle", name, "9.00", parts=8) for name in ("gpu-0", "gpu-1")]
    night = owned("nights", "own-1", "12.00", hours=(0, 1, 2, 3))
    used = Machine("used", "c6i.2xlarge", (True,) * 168)
    plan = plan_of(Company((used,), ()), [*gpus, night])
    assert {row.verb: (row.chosen, row.adds) for row in plan.rows} == {
        Verb.STOP: (True, D("18.00")), Verb.SCHEDULE: (False, D(0)),
    }  # fmt: skip
    assert plan.total == D("18.00")
    alone = plan_of(Company((used,), ()), [gpus[0], night])
    assert {row.verb: row.adds for row in alone.rows} == {Verb.SCHEDULE: D("12.00"), Verb.STOP: D(0)}
    [only] = plan_of(Company((used,), ()), [night]).rows
    assert (only.verb, only.adds, only.cash_from) == (Verb.SCHEDULE, D("12.00"), "next invoice")
