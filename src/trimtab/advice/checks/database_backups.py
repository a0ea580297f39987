"""Databases that are not backed up."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import attribute

CHECK = Check(
    id="opQPADkZvH",
    name="Amazon RDS Backups",
    pillar=Pillar.FAULT_TOLERANCE,
    about="With a backup retention of 0 nothing of a database can be brought back.",
    alert="automated backups are off",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    judge=attribute(
        "rds:db",
        "BackupRetentionPeriod",
        lambda days: int(days) == 0,
        "is not backed up",
        only=lambda one: not one.get("ReadReplicaSourceDBInstanceIdentifier"),
    ),
    kinds=("rds:db",),
    effort=Effort.VERY_LOW,
    status=Status.ERROR,
    fix="aws rds modify-db-instance --db-instance-identifier {id} --backup-retention-period 7 --region {region}",
    examples=Examples(
        Example("no backups", given(thing("rds:db", "feast", BackupRetentionPeriod=0)), ("feast",)),
        Example("seven days", given(thing("rds:db", "feast", BackupRetentionPeriod=7))),
        Example("not read", given(thing("rds:db", "feast")), (), ("feast",)),
    ),
)
