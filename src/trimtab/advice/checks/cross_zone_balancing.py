"""Classic load balancers that burden one zone with another's requests."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

_KIND = "elasticloadbalancing:loadbalancer"
CHECK = Check(
    id="xdeXZKIUy",
    name="ELB Cross-Zone Load Balancing",
    pillar=Pillar.FAULT_TOLERANCE,
    about="Without it each zone's requests stay in it, however many instances are there.",
    alert="a classic load balancer does not balance across zones",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    judge=attribute(
        _KIND,
        "CrossZone",
        lambda on: not on,
        "does not balance across zones",
        only=lambda one: one.get("Type") == "classic",
    ),
    kinds=(_KIND,),
    effort=Effort.VERY_LOW,
    fix="aws elb modify-load-balancer-attributes --load-balancer-name {id} --region {region} "
    '--load-balancer-attributes \'{{"CrossZoneLoadBalancing":{{"Enabled":true}}}}\'',
    examples=Examples(
        Example("off", given(thing(_KIND, "old", Type="classic", CrossZone=False)), ("old",)),
        Example(
            "on, and one of the newer kind",
            given(thing(_KIND, "old", Type="classic", CrossZone=True), thing(_KIND, "app/web/1", Type="application")),
        ),
        Example("not read", given(thing(_KIND, "old", Type="classic")), (), ("old",)),
    ),
)
