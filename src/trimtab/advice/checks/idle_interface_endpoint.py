"""Interface endpoints in many zones, each paid by the hour."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import lacking, measured, newest

BYTES = Ask("AWS/PrivateLinkEndpoints", "BytesProcessed", "VPC Endpoint Id", "Sum", 30)
_KIND = "ec2:vpc-endpoint"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("VpcEndpointType", default="Interface") != "Interface":
        return None
    unsure = lacking(facts, thing, (BYTES,), int(knobs["days"]))
    if unsure:
        return unsure
    values = newest(facts.measured(BYTES, thing), int(knobs["days"]))
    if sum(values) > 0:
        return None
    return Found(
        thing, f"nothing went through it for {knobs['days']:g} days", (measured(BYTES, thing, values, " B"),), share=1.0
    )


_VPCE = thing(_KIND, "vpce-1", VpcEndpointType="Interface")
CHECK = Check(
    id="trimtab-idle-vpc-endpoint",
    name="Idle VPC Interface Endpoints",
    pillar=Pillar.COST,
    about="An interface endpoint is paid by zone and hour, whether or not anything goes through it.",
    alert="an interface endpoint moved no byte in 30 days",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html",
    settings=(Setting("days", 30, "days", "without traffic", "as Trusted Advisor's inactive endpoints"),),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    asks=(BYTES,),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.VERY_LOW,
    fix="aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {id} --region {region}",
    examples=Examples(
        Example(
            "a month without a byte",
            given(_VPCE, measured={(BYTES, "vpce-1"): [0] * 30}, bills={"vpce-1": billed("7.20")}),
            ("vpce-1",),
        ),
        Example("used", given(_VPCE, measured={(BYTES, "vpce-1"): [0] * 29 + [5e6]})),
        Example("no metrics", given(_VPCE), (), ("vpce-1",)),
    ),
)
