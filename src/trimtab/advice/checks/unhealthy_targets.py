"""Target groups of which a part does not answer."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said

_KIND = "elasticloadbalancing:targetgroup"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts
    targets = thing.get("Targets")
    if targets is None:
        return Unsure(thing, "the health of its targets was not read")
    ill = [one for one in targets if one.get("State") in ("unhealthy", "unavailable")]
    if not targets or len(ill) / len(targets) < knobs["share"] / 100 or not ill:
        return None
    reasons = ", ".join(sorted({str(one.get("Reason")) for one in ill if one.get("Reason")})) or "not told"
    status = Status.ERROR if len(ill) == len(targets) else Status.WARNING
    return Found(thing, f"{len(ill)} of {len(targets)} targets are unhealthy", (said("reason", reasons),), 1.0, status)


def _group(id_: str, *states: str) -> Thing:
    return thing(_KIND, id_, Targets=[{"Id": f"i-{at}", "State": one} for at, one in enumerate(states)])


CHECK = Check(
    id="trimtab-unhealthy-targets",
    name="Unhealthy Targets",
    pillar=Pillar.FAULT_TOLERANCE,
    about="Targets that fail their health check are paid and answer nobody, and the rest carries their load.",
    alert="a quarter of the targets or more is unhealthy",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
    settings=(Setting("share", 25, "%", "of the targets from which it is told", "one of four: the usual headroom"),),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.MEDIUM,
    fix="aws elbv2 describe-target-health --target-group-arn ARN-OF-{id} --region {region}",
    examples=Examples(
        Example("two of three", given(_group("web/1", "healthy", "unhealthy", "unhealthy")), ("web/1",)),
        Example("all healthy", given(_group("web/1", "healthy", "healthy"))),
        Example("not read", given(thing(_KIND, "web/1")), (), ("web/1",)),
    ),
)
