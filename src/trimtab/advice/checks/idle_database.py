"""Databases that nobody connects to."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import lacking, measured, newest

CONNECTIONS = Ask("AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", "Maximum", 14)
_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("DBInstanceStatus", default="available") != "available" or thing.get(
        "ReadReplicaSourceDBInstanceIdentifier"
    ):
        return None  # a stopped one costs no compute; a replica may stand by
    days = int(knobs["days"])
    unsure = lacking(facts, thing, (CONNECTIONS,), days)
    if unsure:
        return unsure
    values = newest(facts.measured(CONNECTIONS, thing), days)
    if max(values) > 0:
        return None
    return Found(
        thing, f"no connection for {days} days", (measured(CONNECTIONS, thing, values),), share=1.0, advised="stopped"
    )


_DB = thing("rds:db", "reports", type_="db.m5.large", DBInstanceStatus="available")
CHECK = Check(
    id="Ti39halfu8",
    name="Amazon RDS Idle DB Instances",
    pillar=Pillar.COST,
    about="A database that nobody connects to can be kept as a snapshot and deleted, or stopped for a week at a time.",
    alert="no connection in 7 days",
    source=_AWS,
    settings=(Setting("days", 7, "days", "without a connection", _AWS),),
    judge=each("rds:db", _judge),
    kinds=("rds:db",),
    asks=(CONNECTIONS,),
    wants=frozenset({Want.BILL}),
    action=Action.STOP,
    effort=Effort.MEDIUM,
    restart=True,
    fix="aws rds stop-db-instance --db-instance-identifier {id} --region {region}",
    examples=Examples(
        Example(
            "no connection for a fortnight",
            given(_DB, measured={(CONNECTIONS, "reports"): [0] * 14}, bills={"reports": billed("123.10")}),
            ("reports",),
        ),
        Example("somebody connects", given(_DB, measured={(CONNECTIONS, "reports"): [0] * 13 + [3]})),
        Example("three days of metrics", given(_DB, measured={(CONNECTIONS, "reports"): [0] * 3}), (), ("reports",)),
    ),
)
