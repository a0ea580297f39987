"""Buckets in which nothing ever expires or moves to a cheaper class."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said
from trimtab.base.coins import money


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    rules = thing.get("LifecycleRules")
    if rules is None:
        return Unsure(thing, "its lifecycle rules could not be read")
    bill = facts.bill(thing)
    if any(one.get("Status") == "Enabled" for one in rules):
        return None
    if bill is None:
        return Unsure(thing, "no line of the bill names it: whether it is worth a rule is not known")
    if float(bill.billed) < knobs["money"]:
        return None
    evidence = (said("cost in 30 days", money(bill.billed, bill.currency)), said("rules", len(rules)))
    return Found(thing, "nothing in it expires or moves to a cheaper class", evidence, 0.4, share=knobs["share"] / 100)


_RULES = [{"Status": "Enabled", "Transitions": ["INTELLIGENT_TIERING"]}]
CHECK = Check(
    id="trimtab-bucket-without-lifecycle",
    name="S3 Buckets Without Lifecycle Rules",
    pillar=Pillar.COST,
    about="Checkpoints and datasets of old runs stay in the dearest class. Intelligent-Tiering moves what "
    "nobody reads.",
    alert="no lifecycle rule is on, and it costs 10 USD or more in 30 days",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering.html",
    settings=(
        Setting(
            "money",
            10,
            "of the bill's currency",
            "in 30 days from which a rule is worth it",
            "monitoring costs a little",
        ),
        Setting(
            "share",
            20,
            "%",
            "of the cost that is saved, taken low",
            "infrequent access costs 46 % less; half of the objects, at least, are read",
        ),
    ),
    judge=each("s3:bucket", _judge),
    kinds=("s3:bucket",),
    wants=frozenset({Want.BILL}),
    effort=Effort.LOW,
    fix="aws s3api put-bucket-lifecycle-configuration --bucket {id} --lifecycle-configuration "
    '\'{{"Rules":[{{"ID":"tier",'
    '"Status":"Enabled","Filter":{{}},"Transitions":[{{"Days":30,"StorageClass":"INTELLIGENT_TIERING"}}]}}]}}\'',
    examples=Examples(
        Example(
            "120 USD a month and no rule",
            given(thing("s3:bucket", "ckpt", LifecycleRules=[]), bills={"ckpt": billed("120")}),
            ("ckpt",),
        ),
        Example(
            "a rule is on", given(thing("s3:bucket", "ckpt", LifecycleRules=_RULES), bills={"ckpt": billed("120")})
        ),
        Example("no bill of it", given(thing("s3:bucket", "ckpt", LifecycleRules=[])), (), ("ckpt",)),
    ),
)
