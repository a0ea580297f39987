"""Features that call a vendor's model and would cost less on a model that own GPUs serve already."""

from collections.abc import Iterator
from decimal import Decimal

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import ACCOUNT, NOW_MS, given
from trimtab.advice.facts import DAY_MS, HOUR_S, Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Effort, Evidence, Pillar
from trimtab.base.coins import money
from trimtab.genai.habits import FeatureCost, Habits


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.habits.features:
        yield _of_feature(one, facts.habits, knobs)


def _of_feature(one: FeatureCost, habits: Habits, knobs: Knobs) -> Outcome:
    thing = _thing(one)
    if one.own_amount is None:
        return Unsure(thing, "no model is served by own pods whose cost and speed are measured")
    hours = Decimal(max(habits.end_ms - one.since_ms, DAY_MS)) / (HOUR_S * 1000)
    a_month = (one.amount - one.own_amount) * HOURS_A_MONTH / hours
    share = float(1 - one.own_amount / one.amount) if one.amount else 0.0
    if share * 100 < knobs["share"] or a_month < Decimal(repr(knobs["dollars"])):
        return Fine(thing)
    page = f"/tokens?by=feature&range={round(hours / 24)}d"
    evidence = (
        Evidence(f"{one.calls:,} calls to {one.model}", money(one.amount, one.currency), page),
        Evidence(
            f"the same on {one.own}", f"{money(one.own_amount, one.currency)}, {one.replicas} replicas at most", page
        ),
    )
    text = (
        f"{one.feature} would cost {share:.0%} less on {one.own}, as own GPUs serve it: {a_month:,.0f} {one.currency} "
        "a month, if its answers are good enough"
    )
    return Found(
        thing, text, evidence, 0.4 if habits.cut else 0.5, money=a_month, currency=one.currency,
        money_note="the vendor's rates less replicas at their measured cost and speed: on the vendor's bill",
        words={"feature": one.feature, "own": one.own}, current=one.model, advised=one.own,
    )  # fmt: skip


def _thing(one: FeatureCost) -> Thing:
    id_ = f"{one.feature}:{one.model}"
    path = f"{one.vendor or 'local'}/{one.account}//feature/{id_}"
    return Thing(path, "feature", id_, id_, one.model, one.account, provider=one.vendor or "local")


def _example(own: str | None) -> Facts:
    feature = FeatureCost(
        account=ACCOUNT, since_ms=NOW_MS - 14 * DAY_MS, feature="contract-review", vendor="openai", model="gpt-4o",
        calls=80_000, amount=Decimal(9000), currency="USD", replicas=3,
        own="" if own is None else "meta-llama/Llama-3.1-8B-Instruct",
        own_amount=None if own is None else Decimal(own),
    )  # fmt: skip
    return given(habits=Habits(NOW_MS - 14 * DAY_MS, NOW_MS, (), (), [feature]))


CHECK = Check(
    id="trimtab-cheaper-own-model",
    name="Features Cheaper on an Own Model",
    pillar=Pillar.COST,
    about="Steady traffic that fills a replica costs less on own GPUs than by a vendor's token. The same calls are "
    "laid over replicas at their cost an hour and the most that they were seen to serve, as many as each hour needs. "
    "Whether the other model's answers are good enough is to be tried first.",
    alert="the calls of a feature would cost 30 % less, 100 dollars a month at least, on a model that own pods serve",
    source="https://docs.vllm.ai/en/latest/benchmarking/cli.html",
    settings=(
        Setting("share", 30, "%", "that it would cost less", "tokenizers differ by a tenth, idle hours by more"),
        Setting("dollars", 100, "USD a month", "that it would cost less", "less is not worth a trial"),
    ),
    judge=_judge,
    wants=frozenset({Want.HABITS}),
    effort=Effort.HIGH,
    fix="trimtab tokens compare --only feature={feature} --own {own}",
    examples=Examples(
        Example("own replicas for a third", _example("3000"), ("contract-review:gpt-4o",)),
        Example("own replicas for about the same", _example("8500")),
        Example("no own model is measured", _example(None), (), ("contract-review:gpt-4o",)),
    ),
)
