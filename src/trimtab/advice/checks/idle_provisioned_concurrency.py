"""Functions kept warm for calls that do not come."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import lacking, measured, newest, said

USED = Ask("AWS/Lambda", "ProvisionedConcurrencyUtilization", "FunctionName", "Maximum", 7)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    kept = thing.get("ProvisionedConcurrency")
    if kept is None:
        return Unsure(thing, "its provisioned concurrency was not read")
    count = sum(int(one.get("Requested", 0)) for one in kept)
    if not count:
        return None
    unsure = lacking(facts, thing, (USED,), int(knobs["days"]))
    if unsure:
        return unsure
    values = newest(facts.measured(USED, thing), int(knobs["days"]))
    top = max(values)
    if top >= knobs["used"] / 100:
        return None
    evidence = (measured(USED, thing, values), said("kept warm", count))
    return Found(thing, f"at most {top:.0%} of {count} warm environments are used", evidence, 0.7, share=0.5)


def _fn(id_: str, count: int) -> Thing:
    return thing(
        "lambda:function", id_, ProvisionedConcurrency=[{"Qualifier": "live", "Requested": count}] if count else []
    )


CHECK = Check(
    id="trimtab-idle-provisioned-concurrency",
    name="Idle Provisioned Concurrency",
    pillar=Pillar.COST,
    about="Environments kept warm are paid by the second, called or not.",
    alert="in 7 days never more than 30 % of them were in use at once",
    source="https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html",
    settings=(
        Setting("days", 7, "days", "looked at", "a week's rhythm"),
        Setting("used", 30, "%", "in use at once below which they are too many", "AWS's scaling target is 70 %"),
    ),
    judge=each("lambda:function", _judge),
    kinds=("lambda:function",),
    asks=(USED,),
    wants=frozenset({Want.BILL}),
    action=Action.SCALE_IN,
    effort=Effort.VERY_LOW,
    fix="aws lambda put-provisioned-concurrency-config --function-name {id} --qualifier live "
    "--provisioned-concurrent-executions FEWER --region {region}",
    examples=Examples(
        Example(
            "a tenth of 20",
            given(_fn("embed", 20), measured={(USED, "embed"): [0.1] * 7}, bills={"embed": billed("220")}),
            ("embed",),
        ),
        Example("nine tenths of 20", given(_fn("embed", 20), measured={(USED, "embed"): [0.9] * 7})),
        Example("no metrics", given(_fn("embed", 20)), (), ("embed",)),
    ),
)
