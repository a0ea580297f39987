"""Reservations that end soon, or ended a short while ago."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import ago, given, thing
from trimtab.advice.facts import DAY_MS, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import said

_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    end = thing.get("End", default=thing.get("end"))
    if end is None:
        return Unsure(thing, "when it ends was not read")
    days = (int(end) - facts.now_ms) / DAY_MS
    if abs(days) > knobs["days"]:
        return None
    when = f"ends in {days:.0f} days" if days > 0 else f"ended {-days:.0f} days ago"
    what = f"{thing.get('InstanceCount', default=1)} × {thing.type or thing.kind}"
    return Found(
        thing, f"{when}: {what} then cost the on-demand price", (said("covers", what),), advised="renewed or replaced"
    )


_KIND = "ec2:reserved-instances"
CHECK = Check(
    id="1e93e4c0b5",
    name="Amazon EC2 Reserved Instances Lease Expiration",
    pillar=Pillar.COST,
    about="When a reservation ends, what it covered is billed on demand without another word.",
    alert="ends within 30 days, or ended within the last 30",
    source=_AWS,
    settings=(Setting("days", 30, "days", "before and after the end in which it is told", _AWS),),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    action=Action.BUY_RESERVATION,
    effort=Effort.VERY_LOW,
    rollback=False,
    fix="aws ec2 describe-reserved-instances-offerings --instance-type {type} --region {region}",
    examples=Examples(
        Example(
            "ends in ten days", given(thing(_KIND, "ri-1", type_="m5.large", End=ago(-10), InstanceCount=4)), ("ri-1",)
        ),
        Example("ends in half a year", given(thing(_KIND, "ri-2", type_="m5.large", End=ago(-180)))),
        Example("its end was not read", given(thing(_KIND, "ri-3", type_="m5.large")), (), ("ri-3",)),
    ),
)
