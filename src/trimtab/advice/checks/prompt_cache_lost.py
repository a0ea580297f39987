"""Tenants whose prompts were read from the vendor's cache, and no longer are."""

from collections.abc import Iterator
from decimal import Decimal
from statistics import median

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import ACCOUNT, NOW_MS, given
from trimtab.advice.facts import DAY_MS, Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Effort, Evidence, Pillar
from trimtab.genai.habits import CachedDay, Habits, PromptCache

_KNOWN_DAYS = 3
"""Days before the newest that must say how much was cached."""
_MILLION = 1_000_000


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.habits.caches:
        yield _of_cache(one, facts.habits, knobs)


def _of_cache(one: PromptCache, habits: Habits, knobs: Knobs) -> Outcome:
    thing, newest = _thing(one), one.days[-1] if one.days else CachedDay(0, 0, 0, 0)
    before = [day.share for day in one.days[:-1] if day.input > 0]
    if len(before) < _KNOWN_DAYS:
        return Unsure(thing, f"its calls say on {len(before)} of the {_KNOWN_DAYS} days needed how much was cached")
    usual = median(before)
    if usual * 100 < knobs["share"] or (newest.input == 0 and not newest.silent):
        return Fine(thing)
    if newest.input == 0:
        return Unsure(thing, f"its {newest.silent:,} calls of the last day no longer say how much was cached")
    if newest.share > usual * (1 - knobs["drop"] / 100):
        return Fine(thing)
    if one.saved_per_1m is None:
        return Unsure(thing, "no book has a price of its model")
    lost = Decimal(repr((usual - newest.share) * newest.input)) * one.saved_per_1m / _MILLION * HOURS_A_MONTH / 24
    if lost < Decimal(repr(knobs["dollars"])):
        return Fine(thing)
    page = f"/tokens?by=tenant&range={len(one.days)}d"
    evidence = (
        Evidence("prompt tokens read from a cache", f"{newest.share:.0%}, usually {usual:.0%}", page),
        Evidence("prompt tokens of the last day", f"{newest.input:,} in {newest.calls:,} calls", page),
    )
    text = (
        f"{newest.share:.0%} of the prompts of {' '.join(filter(None, (one.tenant or 'nobody named', one.use)))} to "
        f"{one.model} are read from a cache, "
        f"{usual:.0%} were: {lost:,.0f} {one.currency} a month more"
    )
    return Found(
        thing, text, evidence, 0.6 if habits.cut else 0.9, money=lost, currency=one.currency,
        money_note="by the price book: on the vendor's bill", words={"tenant": one.tenant},
        current=f"{newest.share:.0%} cached", advised=f"{usual:.0%} cached",
    )  # fmt: skip


def _thing(one: PromptCache) -> Thing:
    id_ = ":".join(filter(None, (one.tenant or "unnamed", one.use, one.model)))
    path = f"{one.vendor or 'local'}/{one.account}//prompt-cache/{id_}"
    return Thing(path, "prompt-cache", id_, id_, one.model, one.account, provider=one.vendor or "local")


def _example(*shares: float | None) -> Facts:
    """A million prompt tokens a day, so much of them cached; None: calls that do not say it."""
    days = [
        CachedDay(NOW_MS - (len(shares) - at) * DAY_MS, 400, _MILLION, round(share * _MILLION))
        if share is not None
        else CachedDay(NOW_MS - (len(shares) - at) * DAY_MS, 0, 0, 0, 400)
        for at, share in enumerate(shares)
    ]
    cache = PromptCache(account=ACCOUNT, tenant="globex", vendor="anthropic", model="claude-sonnet-4-5", days=days,
                        saved_per_1m=Decimal("2.70"), currency="USD")  # fmt: skip
    return given(habits=Habits(NOW_MS - len(shares) * DAY_MS, NOW_MS, [cache]))


CHECK = Check(
    id="trimtab-prompt-cache-lost",
    name="Prompts No Longer Read from a Cache",
    pillar=Pillar.COST,
    about="Vendors read a prompt that begins like an earlier one from a cache, at a tenth to a half of its price. What "
    "ends that is a change in front of the prompt (a time stamp, a name, another order of tools) or calls that come "
    "further apart than caches keep prompts; every answer stays the same, and only the bill tells.",
    alert="at least 20 % of a tenant's prompt tokens to a model were read from a cache, and in the last day half of "
    "that or less, for 10 dollars a month or more",
    source="https://docs.claude.com/en/docs/build-with-claude/prompt-caching",
    settings=(
        Setting("share", 20, "%", "of prompt tokens that were cached on most days", "less was no caching by design"),
        Setting("drop", 50, "%", "of that share that is gone", "shares of tenants move by a tenth from day to day"),
        Setting("dollars", 10, "USD a month", "that it costs more", "less is not worth a look"),
    ),
    judge=_judge,
    wants=frozenset({Want.HABITS}),
    effort=Effort.LOW,
    fix="trimtab tokens --by prompt_version  # keep what changes (time, names, ids) behind what stays in the prompt",
    examples=Examples(
        Example("the cache of a tenant stopped", _example(0.7, 0.72, 0.69, 0.71, 0.0), ("globex:claude-sonnet-4-5",)),
        Example("a cache that is read as on other days", _example(0.7, 0.72, 0.69, 0.71, 0.66)),
        Example(
            "calls that no longer say what was cached",
            _example(0.7, 0.72, 0.69, 0.71, None),
            (),
            ("globex:claude-sonnet-4-5",),
        ),
    ),
)
