"""Databases whose storage is not encrypted."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="trimtab-database-unencrypted",
    name="RDS Storage Without Encryption",
    pillar=Pillar.SECURITY,
    about="Storage of a database can be encrypted at its creation only: the later, the more work.",
    alert="storage is not encrypted",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html",
    judge=attribute("rds:db", "StorageEncrypted", lambda on: not on, "its storage is not encrypted"),
    kinds=("rds:db",),
    effort=Effort.HIGH,
    restart=True,
    fix="aws rds create-db-snapshot --db-instance-identifier {id} --db-snapshot-identifier {id}-plain --region {region}"
    "  # then copy-db-snapshot with a key, and restore the copy",
    examples=Examples(
        Example("in the clear", given(thing("rds:db", "feast", StorageEncrypted=False)), ("feast",)),
        Example("encrypted", given(thing("rds:db", "feast", StorageEncrypted=True))),
        Example("not read", given(thing("rds:db", "feast")), (), ("feast",)),
    ),
)
