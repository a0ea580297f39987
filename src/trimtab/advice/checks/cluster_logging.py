"""Kubernetes clusters without a record of who asked the API for what."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="trimtab-eks-audit-log",
    name="EKS Clusters Without Audit Logs",
    pillar=Pillar.OPERATIONS,
    about="Without the audit log of its API nobody can tell who deleted a deployment.",
    alert="logs of the kind audit are off",
    source="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
    judge=attribute(
        "eks:cluster", "loggingTypes", lambda kinds: "audit" not in kinds, "keeps no audit log", confidence=0.8
    ),
    kinds=("eks:cluster",),
    effort=Effort.VERY_LOW,
    fix="aws eks update-cluster-config --name {id} --region {region} "
    '--logging \'{{"clusterLogging":[{{"types":["audit"],"enabled":true}}]}}\'',
    examples=Examples(
        Example("none", given(thing("eks:cluster", "prod", loggingTypes=[])), ("prod",)),
        Example("audit and api", given(thing("eks:cluster", "prod", loggingTypes=["api", "audit"]))),
        Example("not read", given(thing("eks:cluster", "prod")), (), ("prod",)),
    ),
)
