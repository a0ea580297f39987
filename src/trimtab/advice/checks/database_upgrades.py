"""Databases that do not take minor versions."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="trimtab-database-minor-upgrades",
    name="RDS Without Automatic Minor Upgrades",
    pillar=Pillar.OPERATIONS,
    about="Minor versions bring security fixes; without them somebody has to remember.",
    alert="automatic minor version upgrades are off",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html",
    judge=attribute(
        "rds:db", "AutoMinorVersionUpgrade", lambda on: not on, "does not take minor versions", confidence=0.6
    ),
    kinds=("rds:db",),
    effort=Effort.VERY_LOW,
    fix="aws rds modify-db-instance --db-instance-identifier {id} --auto-minor-version-upgrade --region {region}",
    examples=Examples(
        Example("off", given(thing("rds:db", "feast", AutoMinorVersionUpgrade=False)), ("feast",)),
        Example("on", given(thing("rds:db", "feast", AutoMinorVersionUpgrade=True))),
        Example("not read", given(thing("rds:db", "feast")), (), ("feast",)),
    ),
)
