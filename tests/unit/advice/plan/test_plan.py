"""The best set of actions and its worth, against companies whose invoice is known hour by hour."""

from collections.abc import Sequence
from decimal import Decimal as D
from itertools import chain, product

import pytest

from depth import examples
from trimtab.advice.finding import Finding
from trimtab.advice.plan import choose as choosing
from trimtab.advice.plan.actions import actions_of
from trimtab.advice.plan.choose import choose
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.model import Plan, Verb
from trimtab.advice.plan.told import Bought, divided, tell
from trimtab.base.records import replace
from unit.advice.plan.companies import Change, Company, Machine, any_company, company, finding


def evaluation_of(one: Company) -> Evaluation:
    actions, _ = actions_of([each.finding for each in one.changes], one.targets)
    return Evaluation(one.books(), actions, one.rates)


def changes_of(one: Company, evaluation: Evaluation, chosen: frozenset[int]) -> list[Change]:
    wanted = {id_ for at in chosen for id_ in evaluation.actions[at].findings}
    return [each for each in one.changes if each.finding.id in wanted]


def truth(one: Company) -> float:
    """The most that any set of changes saves, every one tried."""
    by_machine: dict[str, list[list[Change]]] = {}
    for each in one.changes:
        by_machine.setdefault(each.machine, [[]]).append([each])
    before = one.invoice()
    return max(before - one.without(list(chain(*some))).invoice() for some in product(*by_machine.values()))


@pytest.mark.parametrize("seed", range(examples(24)))
def test_the_set_is_the_best_of_all_and_is_worth_what_the_invoice_falls_by(seed: int) -> None:
    one = company(seed)
    evaluation = evaluation_of(one)
    chosen, _ = choose(evaluation)
    told = float(evaluation.worth(chosen).expected)
    came = one.invoice() - one.without(changes_of(one, evaluation, chosen)).invoice()
    assert told == pytest.approx(came, abs=0.02)
    assert told == pytest.approx(truth(one), abs=0.02)
    assert 0 <= told <= one.invoice()


@pytest.mark.parametrize("seed", range(400, 400 + examples(6)))
def test_schedules_spot_and_deletions_beside_reservations_are_worth_what_the_invoice_falls_by(seed: int) -> None:
    one = any_company(seed)
    evaluation = evaluation_of(one)
    chosen, _ = choose(evaluation)
    told = float(evaluation.worth(chosen).expected)
    came = one.invoice() - one.without(changes_of(one, evaluation, chosen)).invoice()
    assert told == pytest.approx(came, abs=0.02)
    assert told == pytest.approx(truth(one), abs=0.02)


@pytest.mark.parametrize("seed", range(800, 800 + examples(4)))
def test_the_program_alone_finds_nearly_the_best_of_schedules_spot_and_deletions(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = any_company(seed, machines=10)
    exact = evaluation_of(one).worth(choose(evaluation_of(one))[0]).expected
    monkeypatch.setattr(choosing, "EXACT", 1)
    monkeypatch.setattr(choosing, "_improved", lambda evaluation, kinds, chosen: chosen)
    evaluation = evaluation_of(one)
    assert float(evaluation.worth(choose(evaluation)[0]).expected) >= 0.98 * float(exact)


@pytest.mark.parametrize("seed", range(100, 100 + examples(8)))
def test_the_program_and_its_replays_find_the_best_where_not_everything_is_tried(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = company(seed, machines=10, most_changes=10)
    exact = evaluation_of(one).worth(choose(evaluation_of(one))[0]).expected
    monkeypatch.setattr(choosing, "EXACT", 1)
    evaluation = evaluation_of(one)
    assert evaluation.worth(choose(evaluation)[0]).expected == pytest.approx(exact, abs=1)


def told(one: Company, findings: Sequence[Finding] | None = None) -> Plan:
    """The plan of a company as it is told."""
    known = [each.finding for each in one.changes] if findings is None else findings
    actions, waiting = actions_of(known, one.targets)
    evaluation = Evaluation(one.books(), actions, one.rates)
    chosen, how = choose(evaluation)
    return tell(evaluation, chosen, {each.id: each for each in known}, waiting, Bought(), how, 0)


@pytest.mark.parametrize("seed", range(200, 200 + examples(6)))
def test_rows_and_findings_add_up_to_the_plan_whatever_their_order(seed: int) -> None:
    one = company(seed)
    plan = told(one)
    assert sum(row.adds for row in plan.rows) == plan.total
    assert sum(adds for _, adds, _ in plan.worth.values()) == plan.total
    assert told(one, [each.finding for each in reversed(one.changes)]) == plan
    assert plan.low <= plan.total <= plan.high
    assert [each.before - each.after for each in plan.invoices] == [plan.total] * 3


TWO = Company((Machine("a", "p5.48xlarge", (True,) * 168), Machine("b", "p5.48xlarge", (True,) * 168)), ())


def test_two_checks_about_one_machine_are_one_action() -> None:
    a, _ = TWO.machines
    once = told(TWO, [finding(a, "")])
    both = told(TWO, [finding(a, ""), finding(a, "", "low use", takes=0.97)])
    assert (once.total, both.total) == (D("40179.20"), D("40179.20"))
    assert sorted(adds for _, adds, _ in both.worth.values()) == [D(0), D("40179.20")]
    assert {words for _, adds, words in both.worth.values() if not adds} == {
        "counted with idle about a: it is one action"
    }


def test_all_of_a_machine_moves_to_its_target_whatever_share_a_check_says_that_it_saves() -> None:
    """A check of sizes says that 60 % of the price goes: that is the difference of the rates, once."""
    a, _ = TWO.machines
    assert told(TWO, [finding(a, "p4d.24xlarge", takes=0.6)]).total == D("24148.40")  # (55.04 - 21.96) × 730


def test_a_gpu_frees_money_when_all_of_its_machine_are_idle() -> None:
    a, _ = TWO.machines
    gpus = [replace(finding(a, "", "gpu", 0.96, f"/{n}", parts=8), part="") for n in range(8)]
    assert told(TWO, gpus[:3]).total == 0
    assert {words for _, _, words in told(TWO, gpus[:3]).worth.values()} == {
        "3 of the 8 GPUs of its machine: the machine is paid while others are used"
    }
    whole = told(TWO, gpus)
    assert whole.total == D("38572.03")  # 55.04 × 730 × 0.96
    assert {adds for _, adds, _ in whole.worth.values()} == {D("4821.50"), D("4821.51")}


def test_what_a_commitment_paid_moves_on_to_other_use_or_saves_nothing() -> None:
    a, b = TWO.machines
    covered = replace(TWO, family_plans={"p5": 55.04 * 0.56})  # one of both
    assert told(covered, [finding(a, "")]).total == D("40179.20")
    assert told(covered, [finding(a, ""), finding(b, "")]).total == D("40179.20")  # the plan is paid anyhow
    both = told(replace(TWO, family_plans={"p5": 2 * 55.04 * 0.56}), [finding(a, "")])
    assert (both.total, [row.chosen for row in both.rows]) == (0, [False])
    assert "paid anyhow" in both.rows[0].reason


def test_of_alternatives_the_better_is_taken_and_the_other_adds_nothing() -> None:
    a, _ = TWO.machines
    plan = told(TWO, [finding(a, "p4d.24xlarge"), finding(a, "")])
    assert [(row.verb, row.chosen, row.adds) for row in plan.rows] == [
        (Verb.STOP, True, D("40179.20")),
        (Verb.MOVE, False, D(0)),
    ]
    assert plan.rows[1].alone == D("24148.40")  # (55.04 - 21.96) × 730
    assert plan.rows[1].reason == "the plan does something with it that is worth more"


def test_a_healthy_company_is_told_to_do_nothing() -> None:
    plan = told(TWO, [])
    assert (plan.total, plan.rows, plan.worth) == (0, (), {})


def test_flat_money_of_a_machine_is_never_more_than_it_costs() -> None:
    book = replace(TWO.books(), flat={"bucket": D("100.00")})
    said = [replace(finding(TWO.machines[0], "", name), billed_as="bucket", takes=0.0, estimate=D(80)) for name in "xy"]
    actions, waiting = actions_of(said, TWO.targets)
    evaluation = Evaluation(book, actions, TWO.rates)
    chosen, how = choose(evaluation)
    plan = tell(evaluation, chosen, {one.id: one for one in said}, waiting, Bought(), how, 0)
    assert plan.total == D("100.00")
    assert [row.adds for row in plan.rows] == [D("80.00"), D("20.00")]
    assert [row.alone for row in plan.rows] == [D("80.00"), D("80.00")]


@pytest.mark.parametrize(
    ("amounts", "weights"), [("100.00", (1.0, 1.0, 1.0)), ("0.01", (0.0, 0.0)), ("-7.77", (3.0, 1.0))]
)
def test_an_amount_is_divided_to_the_cent(amounts: str, weights: tuple[float, ...]) -> None:
    assert sum(divided(D(amounts), weights)) == D(amounts)


@pytest.mark.parametrize("seed", range(300, 300 + examples(6)))
def test_machines_whose_hours_are_not_read_have_their_share_of_their_lines(seed: int) -> None:
    """Machines that always run have the same share of a line in every hour: both ways give one plan."""
    one = company(seed)
    always = replace(one, machines=tuple(replace(each, hours=(True,) * one.hours) for each in one.machines))
    book = always.books()
    sums = book.use.quantity.sum(axis=1)
    shares = {
        name: tuple((at, float(mine.sum() / sums[at])) for at, mine in parts) for name, parts in book.parts.items()
    }
    actions, _ = actions_of([each.finding for each in always.changes], always.targets)
    exact = Evaluation(book, actions, always.rates)
    shared = Evaluation(replace(book, parts=shares), actions, always.rates)
    chosen, _ = choose(exact)
    assert shared.worth(chosen).expected == pytest.approx(exact.worth(chosen).expected, abs=D("0.05"))
    assert shared.worth(choose(shared)[0]).expected == pytest.approx(exact.worth(chosen).expected, abs=D("0.05"))


def test_many_machines_are_planned_without_replaying_each(monkeypatch: pytest.MonkeyPatch) -> None:
    many = 2000
    machines = tuple(Machine(f"i-{n}", "g5.4xlarge", (True,) * 24) for n in range(many))
    one = Company(machines, tuple(Change(each.name, "", finding(each, "")) for each in machines[: many // 2]))
    book = one.books()
    shares = {each.name: ((0, 1 / many),) for each in machines}
    actions, _ = actions_of([each.finding for each in one.changes], one.targets)
    evaluation = Evaluation(replace(book, parts=shares), actions, one.rates)
    monkeypatch.setattr(choosing, "_PROGRAM", 20)
    chosen, _ = choose(evaluation)
    assert len(chosen) == many // 2
    assert evaluation.worth(chosen).expected == D("1185520.00")  # 1,000 × 1.624 × 730
