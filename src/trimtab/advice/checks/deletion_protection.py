"""Databases that one command deletes."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="trimtab-database-deletion-protection",
    name="RDS Without Deletion Protection",
    pillar=Pillar.OPERATIONS,
    about="One mistaken command or plan deletes a database that is not protected.",
    alert="deletion protection is off",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html",
    judge=attribute("rds:db", "DeletionProtection", lambda on: not on, "can be deleted by one command", confidence=0.5),
    kinds=("rds:db",),
    effort=Effort.VERY_LOW,
    fix="aws rds modify-db-instance --db-instance-identifier {id} --deletion-protection --region {region}",
    examples=Examples(
        Example("off", given(thing("rds:db", "feast", DeletionProtection=False)), ("feast",)),
        Example("on", given(thing("rds:db", "feast", DeletionProtection=True))),
        Example("not read", given(thing("rds:db", "feast")), (), ("feast",)),
    ),
)
