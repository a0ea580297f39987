"""Databases in one zone."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="f2iK5R6Dep",
    name="Amazon RDS Multi-AZ",
    pillar=Pillar.FAULT_TOLERANCE,
    about="A database in one zone is away while it is repaired; a standby in another takes over within a "
    "minute or two.",
    alert="Multi-AZ is off, and it is in no cluster",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    judge=attribute(
        "rds:db",
        "MultiAZ",
        lambda on: not on,
        "is in one zone",
        confidence=0.7,
        only=lambda one: not one.get("DBClusterIdentifier") and not one.get("ReadReplicaSourceDBInstanceIdentifier"),
    ),
    kinds=("rds:db",),
    effort=Effort.LOW,
    fix="aws rds modify-db-instance --db-instance-identifier {id} --multi-az --region {region}",
    examples=Examples(
        Example("one zone", given(thing("rds:db", "feast", MultiAZ=False)), ("feast",)),
        Example(
            "two zones, and one of a cluster",
            given(thing("rds:db", "a", MultiAZ=True), thing("rds:db", "b", MultiAZ=False, DBClusterIdentifier="c")),
        ),
        Example("not read", given(thing("rds:db", "feast")), (), ("feast",)),
    ),
)
