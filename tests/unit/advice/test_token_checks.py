"""Checks of calls of models, where their thresholds lie."""

from decimal import Decimal

import pytest

from trimtab.advice.check import Check, Fine, Found, Outcome, Unsure
from trimtab.advice.checks import agent_loops, cheaper_own_model, prompt_cache_lost
from trimtab.advice.examples import NOW_MS
from trimtab.advice.facts import DAY_MS, Facts
from trimtab.base.records import replace
from trimtab.genai.habits import AgentSession, CachedDay, FeatureCost, Habits, PromptCache

CACHE = PromptCache(account="1", tenant="acme", vendor="openai", model="gpt-4o", days=(), saved_per_1m=Decimal("1.25"),
                    currency="USD")  # fmt: skip
SESSION = AgentSession(account="1", agent="triage", tenant="", session="s", trace_id="", start_ms=NOW_MS - DAY_MS,
                       end_ms=NOW_MS - DAY_MS, calls=6, input=100, amount=Decimal("0.06"), currency="USD")  # fmt: skip


def judged(check: Check, habits: Habits) -> Outcome:
    (outcome,) = check.judge(Facts(NOW_MS, habits=habits), check.defaults)
    return outcome


@pytest.mark.parametrize(
    ("shares", "prompts", "outcome"),
    [
        ((0.5, 0.5, 0.5, 0.2), 10_000_000, Found),
        ((0.5, 0.5, 0.5, 0.26), 10_000_000, Fine),  # not half of it is gone
        ((0.19, 0.19, 0.19, 0.0), 10_000_000, Fine),  # hardly cached ever
        ((0.5, 0.5, 0.5, 0.2), 500_000, Fine),  # some dollars a month
        ((0.5, 0.5, 0.2), 10_000_000, Unsure),  # two days are not "usually"
    ],
)
def test_a_cache_is_lost(shares: tuple[float, ...], prompts: int, outcome: type[Outcome]) -> None:
    days = [CachedDay(at * DAY_MS, 100, prompts, round(share * prompts)) for at, share in enumerate(shares)]
    found = judged(prompt_cache_lost.CHECK, Habits(caches=[replace(CACHE, days=days)]))
    assert isinstance(found, outcome)
    if isinstance(found, Found):  # 0.3 × 10 million a day at 1.25 a million, 730 hours
        assert Decimal(3) * Decimal("1.25") * 730 / 24 == pytest.approx(found.money)


def test_a_tenant_that_asks_no_more_has_lost_nothing_and_without_a_price_nobody_knows() -> None:
    days = [CachedDay(at * DAY_MS, 100, 10**7, 5 * 10**6) for at in range(4)]
    quiet = replace(CACHE, days=[*days, CachedDay(4 * DAY_MS, 0, 0, 0)])
    assert isinstance(judged(prompt_cache_lost.CHECK, Habits(caches=[quiet])), Fine)
    unpriced = replace(CACHE, days=[*days, CachedDay(4 * DAY_MS, 100, 10**7, 0)], saved_per_1m=None)
    assert isinstance(judged(prompt_cache_lost.CHECK, Habits(caches=[unpriced])), Unsure)


@pytest.mark.parametrize(
    ("calls", "age_days", "usual", "outcome"),
    [
        (41, 1, 6, Found),
        (40, 1, 6, Fine),  # frameworks stop there by themselves
        (180, 4, 6, Fine),  # long over
        (180, 1, 40, Fine),  # its sessions are long
    ],
)
def test_an_agent_is_in_a_loop(calls: int, age_days: int, usual: int, outcome: type[Outcome]) -> None:
    others = [replace(SESSION, session=f"s{at}", calls=usual, start_ms=NOW_MS - 5 * DAY_MS) for at in range(30)]
    worst = replace(SESSION, calls=calls, amount=Decimal(calls) / 100, end_ms=NOW_MS - age_days * DAY_MS)
    found = judged(agent_loops.CHECK, Habits(NOW_MS - 10 * DAY_MS, NOW_MS, (), [*others, worst]))
    assert isinstance(found, outcome)
    if isinstance(found, Found):
        beyond = Decimal(calls - usual) / 100
        assert beyond * 730 / 120 == pytest.approx(found.money)  # since its first session


@pytest.mark.parametrize(("own", "outcome"), [("690", Found), ("710", Fine), (None, Unsure)])
def test_an_own_model_is_cheaper_by_a_third(own: str | None, outcome: type[Outcome]) -> None:
    feature = FeatureCost(account="1", since_ms=NOW_MS - 5 * DAY_MS, feature="f", vendor="openai", model="gpt-4o",
                          calls=9, amount=Decimal(1000),
                          currency="USD", own="ours", own_amount=None if own is None else Decimal(own))  # fmt: skip
    habits = Habits(NOW_MS - 10 * DAY_MS, NOW_MS, features=[feature])
    found = judged(cheaper_own_model.CHECK, habits)
    assert isinstance(found, outcome)
    if isinstance(found, Found):
        assert Decimal(310) * 730 / 120 == found.money  # of five days of the ten that were looked at
    less = replace(feature, amount=Decimal(20), own_amount=Decimal(5))  # 91 dollars a month
    assert isinstance(judged(cheaper_own_model.CHECK, replace(habits, features=[less])), Fine)
