"""Rows of the Purchase plan and Right-sizing pages: what runs when, what ends in which month, codes in words."""

from decimal import Decimal as D

import pytest

from trimtab.advice.purchases.answer import Answer, Bought, Expiry, Held, Result, Spread, Stack
from trimtab.advice.purchases.apply import Figures
from trimtab.base.records import replace
from trimtab.web.pages.rightsizing import reason_words
from trimtab.web.purchases.rows import bought_row, expiry_rows, held_row, pictures_of, timeline_of

NOW, DAY = 1_795_824_000_000, 86_400_000
FULL = Spread(1.0, 1.0, 1.0)


def rung(days: int) -> Bought:
    return Bought(
        "EC2_INSTANCE_SP", f"from {days}", "1", "p5 in us-east-1", 1, "NO_UPFRONT", D("2.5"), D("2.5"), D(0),
        NOW + days * DAY, NOW + (days + 365) * DAY, 9.0, 4.0, dict.fromkeys(("low", "expected"), FULL),
        {"low": None}, "assumed", "guessed", "aws …",
    )  # fmt: skip


def answer() -> Answer:
    none = Figures(730, 1.0, 1.0, 0.0, 0.0, None, None, 0.0)
    held = (
        Held("arn/old", "COMPUTE_SP", "1", "everything", D(5), D(5), None, NOW + 30 * DAY, 0.5, 1.0, 0.4),
        Held("arn/next", "COMPUTE_SP", "1", "everything", D(1), D(1), NOW + DAY, None, 0.9, 0.1, 0.9, seen=False),
    )
    stack = Stack((NOW,), ("On demand",), ((1.0,),), ((0.5,),), NOW + 31 * DAY)
    months = (Expiry("2026-12", 5.0, 0.0, 0.0), Expiry("2027-11", 0.0, 2.5, 0.5))
    outcomes = {"expected": Result(none, none, 4.0)}
    bought = (rung(0), rung(31))
    return Answer(NOW, "USD", 0, NOW, None, outcomes, bought, held, stack, (), None, "", expiries=months)


def test_rungs_that_begin_later_are_queued_and_commitments_that_have_not_begun_are_no_idle_ones() -> None:
    assert [False, True] == [bought_row(one, "USD", NOW)["queued"] for one in answer().bought]
    old, following = (held_row(one, NOW) for one in answer().held)
    assert (True, True, "40 %", True) == (old["seen"], old["idle"], old["ahead"], old["soon"])
    assert (False, False, "90 %", "") == (following["seen"], following["idle"], following["ahead"], following["end"])
    assert held_row(answer().held[0], NOW + 31 * DAY)["over"]


def test_what_runs_when_has_a_bar_a_commitment_and_nothing_without_dates() -> None:
    picture = timeline_of(answer())
    assert picture is not None
    assert 4 == picture.wide.count("<title>") == picture.narrow.count("<title>")
    assert "bought now" in picture.wide
    assert "queued" in picture.wide
    assert timeline_of(replace(answer(), bought=(), held=(answer().held[1],))) is None


def test_months_say_what_ends_and_which_share_of_what_is_bought() -> None:
    assert [("2026-12", "5.000", "", ""), ("2027-11", "", "2.500", "50.0 %")] == [
        (one["month"], one["held"], one["bought"], one["share"]) for one in expiry_rows(answer())
    ]
    assert ["As it is paid for", "Under the plan, as of 2026-12-29"] == [one.title for one in pictures_of(answer())]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("CPUUnderprovisioned", "CPU is too small"),
        ("MemoryOverprovisioned", "Memory is too large"),
        ("EBSThroughputOverprovisioned", "volume throughput is too large"),
        ("Inconclusive", "Inconclusive"),
    ],
)
def test_reason_codes_are_told_in_words(code: str, words: str) -> None:
    assert words == reason_words(code)
