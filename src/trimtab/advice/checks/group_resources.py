"""Groups whose load balancer or instances are gone."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said

_KIND = "autoscaling:autoScalingGroup"
_TARGETS = "elasticloadbalancing:targetgroup"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del knobs
    wanted = thing.get("TargetGroupARNs")
    if wanted is None:
        return Unsure(thing, "its target groups were not read")
    known = [one.id for one in facts.of(_TARGETS) if one.account == thing.account and one.region == thing.region]
    if wanted and not known and _TARGETS not in facts.read:
        return Unsure(thing, "target groups were not read")
    gone = [arn for arn in wanted if not any(arn.endswith(id_) for id_ in known)]
    if not gone:
        return None
    return Found(thing, f"{len(gone)} of its target groups are gone", (said("gone", ", ".join(gone)),))


_TG = thing(_TARGETS, "web/1")
CHECK = Check(
    id="8CNsSllI5v",
    name="Auto Scaling Group Resources",
    pillar=Pillar.FAULT_TOLERANCE,
    about="A group whose target group was deleted starts instances that get no requests.",
    alert="a target group of it does not exist",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND, _TARGETS),
    effort=Effort.LOW,
    status=Status.ERROR,
    fix="aws autoscaling detach-load-balancer-target-groups --auto-scaling-group-name {id} "
    "--target-group-arns ARN --region {region}",
    examples=Examples(
        Example(
            "its target group is gone",
            given(thing(_KIND, "web", TargetGroupARNs=["arn:…:targetgroup/old/9"]), _TG),
            ("web",),
        ),
        Example("it is there", given(thing(_KIND, "web", TargetGroupARNs=["arn:…:targetgroup/web/1"]), _TG)),
        Example(
            "target groups were not read",
            given(thing(_KIND, "web", TargetGroupARNs=["arn:…:targetgroup/web/1"])),
            (),
            ("web",),
        ),
    ),
)
