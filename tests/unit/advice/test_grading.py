"""How predictions came out: by check, verb and month, with an interval, and what is said where they did not hold."""

from decimal import Decimal
from random import Random

import pytest

from trimtab.advice.facts import DAY_MS
from trimtab.advice.ledger.grading import Record, by_check, by_month, by_verb, warnings
from trimtab.advice.ledger.model import Entry, EntryState
from trimtab.base.records import replace

LINE = Entry("f", "idle", "r", "1", "us-east-1", "search", EntryState.MEASURED, verb="stop", applied_ms=20_000 * DAY_MS)


def lines(*came: tuple[int, int], **more: str) -> list[Entry]:
    """Measured lines, each predicted and realised."""
    return [
        replace(
            LINE, finding=f"f{at}", resource=f"r{at}", predicted=Decimal(said), realised=Decimal(did),
            **more,  # type: ignore[arg-type] # words of the line
        )
        for at, (said, did) in enumerate(came)
    ]  # fmt: skip


def test_a_ratio_is_of_sums_and_counts_each_machine_once() -> None:
    """Eight GPUs of one machine, and another machine: 700 of 1,200, which no mean of ratios is."""
    gpus = [replace(one, billed_as="i-1") for one in lines(*[(100, 25)] * 8)]
    other = replace(LINE, finding="g", resource="r", billed_as="i-2", predicted=Decimal(400), realised=Decimal(500))
    [one] = by_check([*gpus, other])
    assert (one.cases, one.measured, one.predicted, one.realised) == (2, 9, 1200, 700)
    assert one.ratio == pytest.approx(700 / 1200)
    assert one.mean_error == pytest.approx((0.75 + 0.25) / 2)
    assert (one.low, one.high) == (None, None)  # two cases say nothing of their spread


def test_what_was_to_save_nothing_is_no_case() -> None:
    [one] = by_check(
        [*lines((100, 90)), replace(LINE, finding="x", resource="x", predicted=Decimal(0), realised=Decimal(50))]
    )
    assert (one.cases, one.ratio) == (1, pytest.approx(0.9))


def test_a_check_that_realised_too_little_says_so_from_five_cases_on() -> None:
    assert warnings(lines(*[(100, 61)] * 5)) == {"idle": "realised 0.61 of what was predicted in 5 cases"}
    assert warnings(lines(*[(100, 61)] * 4)) == {}
    assert warnings(lines(*[(100, 70)] * 7)) == {}
    accepted = [replace(one, state=EntryState.ACCEPTED, realised=None) for one in lines(*[(100, 0)] * 9)]
    assert warnings(accepted) == {}


def test_a_month_holds_what_was_taken_in_it_and_what_of_it_was_measured() -> None:
    """Accepted in one month and done in the next: it was the first one's plan that said what it adds."""
    first = replace(LINE, predicted=Decimal(100), realised=Decimal(90), accepted_ms=20_000 * DAY_MS - 30 * DAY_MS)
    open_ = replace(
        LINE, finding="o", resource="o", predicted=Decimal(40), state=EntryState.ACCEPTED, accepted_ms=20_000 * DAY_MS
    )
    found = by_month([first, open_])
    assert [(one.name, one.lines, one.applied, one.taken, one.predicted, one.realised) for one in found] == [
        ("2024-10", 1, 0, 40, 0, 0),
        ("2024-09", 1, 1, 100, 100, 90),
    ]


def test_verbs_and_currencies_are_never_mixed() -> None:
    some = [*lines((100, 90)), *lines((50, 50), verb="shrink"), *lines((30, 30), currency="EUR")]
    assert [(one.name, one.currency, one.predicted) for one in by_verb(some)] == [
        ("shrink", "USD", 50), ("stop", "EUR", 30), ("stop", "USD", 100),
    ]  # fmt: skip


def test_intervals_hold_eight_of_ten() -> None:
    """Savings of 100 to 10,000 whose realised share spreads around 0.8: 600 ledgers of 12 cases."""
    random, held = Random(71), 0
    for _ in range(600):
        said = [round(10 ** random.uniform(2, 4)) for _ in range(12)]
        [one] = by_check(lines(*((each, round(each * random.lognormvariate(-0.2677, 0.3))) for each in said)))
        held += inside(one, 0.8)
    assert 0.75 <= held / 600 <= 0.85


def inside(one: Record, value: float) -> bool:
    assert one.low is not None
    assert one.high is not None
    return one.low <= value <= one.high
