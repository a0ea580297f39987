"""NAT gateways that carry nothing."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import lacking, measured, newest

OUT = Ask("AWS/NATGateway", "BytesOutToDestination", "NatGatewayId", "Sum", 30)
_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("State", default="available") != "available":
        return None
    days = int(knobs["days"])
    unsure = lacking(facts, thing, (OUT,), days)
    if unsure:
        return unsure
    values = newest(facts.measured(OUT, thing), days)
    if sum(values) > 0:
        return None
    return Found(
        thing, f"nothing went out for {days} days", (measured(OUT, thing, values, " B"),), share=1.0, advised="deleted"
    )


_NAT = thing("ec2:natgateway", "nat-1", State="available")
CHECK = Check(
    id="trimtab-idle-nat-gateway",
    name="Idle NAT Gateways",
    pillar=Pillar.COST,
    about="A NAT gateway is paid by the hour, whether or not anything goes through it.",
    alert="no byte went out in 30 days",
    source=_AWS,
    settings=(Setting("days", 30, "days", "without traffic", _AWS),),
    judge=each("ec2:natgateway", _judge),
    kinds=("ec2:natgateway",),
    asks=(OUT,),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.LOW,
    rollback=False,
    fix="aws ec2 delete-nat-gateway --nat-gateway-id {id} --region {region}",
    examples=Examples(
        Example(
            "nothing went out for a month",
            given(_NAT, measured={(OUT, "nat-1"): [0] * 30}, bills={"nat-1": billed("32.40")}),
            ("nat-1",),
        ),
        Example("used on one day", given(_NAT, measured={(OUT, "nat-1"): [0] * 29 + [1e9]})),
        Example("a week of metrics", given(_NAT, measured={(OUT, "nat-1"): [0] * 7}), (), ("nat-1",)),
    ),
)
