"""What judges of many checks say in the same way: enough data, evidence, states of attributes."""

from collections.abc import Callable, Sequence
from typing import Any

from trimtab.advice import links
from trimtab.advice.check import Found, Judge, Knobs, Unsure, each
from trimtab.advice.facts import DAY_MS, Ask, Facts, Gpu, Thing, Values
from trimtab.advice.finding import Evidence, Status


def lacking(facts: Facts, thing: Thing, asks: Sequence[Ask], buckets: int) -> Unsure | None:
    """Why metrics of a thing do not suffice: each must have `buckets` of its own; None where they do."""
    for ask in asks:
        seen = len(facts.measured(ask, thing))
        if seen < buckets:
            step = "days" if ask.period_s == DAY_MS // 1000 else f"periods of {ask.period_s} s"
            return Unsure(thing, f"{ask.shown} has {seen} of the {buckets} {step} that are needed")
    return None


def newest(values: Values, buckets: int) -> tuple[float, ...]:
    """The last `buckets` values."""
    return values.values[-buckets:] if buckets else ()


def measured(ask: Ask, thing: Thing, values: Sequence[float], unit: str = "", *, most: bool = True) -> Evidence:
    """Evidence of a metric: its highest (or its mean) bucket, and the page that draws it."""
    number = max(values) if most else sum(values) / len(values)
    word = "highest" if most else "mean"
    return Evidence(f"{ask.shown}, {word} of {len(values)}", f"{number:,.4g}{unit}", links.metric(ask, thing))


def said(name: str, value: object) -> Evidence:
    """Evidence that the inventory gives."""
    return Evidence(name, str(value))


def age_days(facts: Facts, ms: int) -> float:
    """Days since a moment."""
    return (facts.now_ms - ms) / DAY_MS


def attribute(
    kind: str,
    name: str,
    wrong: Callable[[Any], bool],
    summary: str,
    *,
    status: Status | None = None,
    confidence: float = 1.0,
    only: Callable[[Thing], bool] | None = None,
) -> Judge:
    """The judge of a check that looks at one attribute of a kind: `wrong` of its value; absent is not enough data.

    `only` picks the things that the check is about; `{value}` in the summary is the attribute's.
    """

    def judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
        del facts, knobs
        if only is not None and not only(thing):
            return None
        value = thing.get(name)
        if value is None:
            return Unsure(thing, f"{name} of it was not read")
        if not wrong(value):
            return None
        text = summary.format(value=value, name=thing.shown)
        return Found(thing, text, (said(name, value),), confidence, status)

    return each(kind, judge)


def node_thing(node: str, provider: str, account: str, region: str) -> Thing:
    """A node as a resource: its provider, where nobody names one, is this company's own."""
    path = f"{provider or 'local'}/{account}/{region}/node/{node}"
    return Thing(path, "node", node, node, "", account, region, provider=provider or "local")


def gpu_thing(one: Gpu) -> Thing:
    """A GPU as a resource."""
    return Thing(
        one.path,
        "gpu",
        one.uuid,
        one.host,
        one.model,
        one.account,
        one.region,
        one.owner,
        one.tags,
        provider=one.provider,
        owner_reason=one.owner_reason,
        machine=one.machine,
        cost=one.cost,
    )
