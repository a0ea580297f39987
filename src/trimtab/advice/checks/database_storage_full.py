"""Databases that run out of storage."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import lacking, said

FREE = Ask("AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", "Minimum", 14)
_GIB = 2**30


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    size = thing.get("AllocatedStorage")
    if not size or str(thing.get("Engine", default="")).startswith("aurora"):
        return Unsure(thing, "its storage was not read") if size is None else None
    unsure = lacking(facts, thing, (FREE,), 1)
    if unsure:
        return unsure
    share = facts.measured(FREE, thing).values[-1] / (float(size) * _GIB)
    if share >= knobs["free"] / 100:
        return None
    return Found(
        thing, f"{share:.0%} of its storage is free", (said("storage", f"{size} GiB"), said("free", f"{share:.1%}"))
    )


def _db(size: int) -> Thing:
    return thing("rds:db", "feast", AllocatedStorage=size, Engine="postgres")


CHECK = Check(
    id="trimtab-database-storage-full",
    name="RDS Storage Running Out",
    pillar=Pillar.PERFORMANCE,
    about="A database without storage stops taking writes.",
    alert="less than 10 % of the storage was free yesterday",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html",
    settings=(Setting("free", 10, "%", "of the storage below which it is told", "storage autoscaling starts at 10 %"),),
    judge=each("rds:db", _judge),
    kinds=("rds:db",),
    asks=(FREE,),
    effort=Effort.VERY_LOW,
    status=Status.ERROR,
    fix="aws rds modify-db-instance --db-instance-identifier {id} --max-allocated-storage GIB --region {region}",
    examples=Examples(
        Example("4 of 100 GiB free", given(_db(100), measured={(FREE, "feast"): [4 * _GIB] * 3}), ("feast",)),
        Example("half free", given(_db(100), measured={(FREE, "feast"): [50 * _GIB] * 3})),
        Example("no metrics", given(_db(100)), (), ("feast",)),
    ),
)
