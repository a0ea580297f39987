"""Load balancers that nothing stands behind, or that nobody asks."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import measured, newest, said

_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"
ASKS = {
    "application": Ask("AWS/ApplicationELB", "RequestCount", "LoadBalancer", "Sum", 7),
    "network": Ask("AWS/NetworkELB", "NewFlowCount", "LoadBalancer", "Sum", 7),
    "classic": Ask("AWS/ELB", "RequestCount", "LoadBalancerName", "Sum", 7),
}


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    type_ = str(thing.get("Type", default="application"))
    healthy = _healthy(thing)
    if healthy == 0:
        return Found(thing, "no healthy back end", (said("healthy back ends", 0),), 0.9, share=1.0, advised="deleted")
    ask = ASKS.get(type_)
    if ask is None:
        return Unsure(thing, f"a load balancer of type {type_} counts no requests")
    values = newest(facts.measured(ask, thing), int(knobs["days"]))
    if len(values) < knobs["days"]:
        return Unsure(
            thing, f"{ask.shown} has {len(values)} of {knobs['days']:g} days; whether a back end is healthy: {healthy}"
        )
    if max(values) >= knobs["requests"]:
        return None
    evidence = (measured(ask, thing, values), said("healthy back ends", healthy))
    return Found(
        thing,
        f"below {knobs['requests']:g} requests a day for {len(values)} days",
        evidence,
        share=1.0,
        advised="deleted",
    )


def _healthy(thing: Thing) -> int | None:
    """Healthy back ends; None where it was not read."""
    groups = thing.get("TargetGroups")
    if groups is not None:
        return sum(int(one.get("Healthy", 0)) for one in groups)
    states = thing.get("InstanceStates")
    if states is not None:
        return sum(1 for one in states if one.get("State") == "InService")
    return None


_KIND = "elasticloadbalancing:loadbalancer"
_ONE = [{"TargetGroupArn": "t", "Healthy": 1, "Unhealthy": 0, "Targets": 1}]
_LB = thing(_KIND, "app/web/1", Type="application", TargetGroups=_ONE)
_BARE = thing(_KIND, "app/old/2", Type="application", TargetGroups=[])
_APP = ASKS["application"]
CHECK = Check(
    id="hjLMh88uM8",
    name="Idle Load Balancers",
    pillar=Pillar.COST,
    about="A load balancer is paid by the hour, whether or not anything is behind it.",
    alert="no healthy back end, or fewer than 100 requests a day for 7 days",
    source=_AWS,
    settings=(
        Setting("requests", 100, "requests a day", "from which it is in use", _AWS),
        Setting("days", 7, "days", "that it must have been idle", _AWS),
    ),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    asks=tuple(ASKS.values()),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.LOW,
    rollback=False,
    fix="aws elbv2 delete-load-balancer --region {region} "
    "--load-balancer-arn arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{id}",
    examples=Examples(
        Example(
            "12 requests a day, and one without targets",
            given(_LB, _BARE, measured={(_APP, "app/web/1"): [12] * 7}, bills={"app/web/1": billed("16.20")}),
            ("app/web/1", "app/old/2"),
        ),
        Example("5,000 requests a day", given(_LB, measured={(_APP, "app/web/1"): [5000] * 7})),
        Example("three days of metrics", given(_LB, measured={(_APP, "app/web/1"): [0] * 3}), (), ("app/web/1",)),
    ),
)
