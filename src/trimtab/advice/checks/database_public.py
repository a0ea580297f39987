"""Databases that the internet can reach."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import attribute

CHECK = Check(
    id="trimtab-database-public",
    name="Publicly Accessible Databases",
    pillar=Pillar.SECURITY,
    about="A database with a public address needs one wrong security group rule to be everybody's.",
    alert="publicly accessible",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    judge=attribute("rds:db", "PubliclyAccessible", bool, "has a public address"),
    kinds=("rds:db",),
    effort=Effort.LOW,
    status=Status.ERROR,
    fix="aws rds modify-db-instance --db-instance-identifier {id} --no-publicly-accessible --region {region}",
    examples=Examples(
        Example("public", given(thing("rds:db", "feast", PubliclyAccessible=True)), ("feast",)),
        Example("private", given(thing("rds:db", "feast", PubliclyAccessible=False))),
        Example("not read", given(thing("rds:db", "feast")), (), ("feast",)),
    ),
)
