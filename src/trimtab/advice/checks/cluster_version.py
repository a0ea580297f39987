"""Kubernetes clusters in extended support, which costs six times as much."""

from decimal import Decimal

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Action, Effort, Pillar, Status
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts
    version = thing.get("version")
    if version is None:
        return Unsure(thing, "its version was not read")
    minor = int(str(version).split(".")[1])
    if minor >= knobs["standard"]:
        return None
    money = Decimal(str(knobs["extra"])) * HOURS_A_MONTH
    note = f"extended support costs {knobs['extra']} USD an hour more than standard support"
    return Found(
        thing,
        f"version {version} is in extended support",
        (said("version", version),),
        0.9,
        money=money,
        money_note=note,
        current=str(version),
    )


CHECK = Check(
    id="trimtab-eks-extended-support",
    name="EKS Clusters in Extended Support",
    pillar=Pillar.COST,
    about="A version is in standard support for 14 months; after that each hour of the cluster costs six times "
    "as much.",
    alert="the version is below the oldest one in standard support",
    source="https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html",
    settings=(
        Setting("standard", 32, "minor version", "the oldest in standard support (2026-11)", "AWS's release calendar"),
        Setting("extra", 0.5, "USD an hour", "that extended support costs more: 0.60 against 0.10", "EKS price list"),
    ),
    judge=each("eks:cluster", _judge),
    kinds=("eks:cluster",),
    action=Action.UPGRADE,
    effort=Effort.HIGH,
    status=Status.WARNING,
    rollback=False,
    fix="aws eks update-cluster-version --name {id} --kubernetes-version NEXT --region {region}  # one minor "
    "version at a time",
    examples=Examples(
        Example("1.29", given(thing("eks:cluster", "prod", version="1.29")), ("prod",), cash=Decimal("365.00")),
        Example("1.34", given(thing("eks:cluster", "prod", version="1.34"))),
        Example("not read", given(thing("eks:cluster", "prod")), (), ("prod",)),
    ),
)
