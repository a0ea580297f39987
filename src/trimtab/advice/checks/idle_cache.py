"""Caches that nobody connects to."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import lacking, measured, newest

CONNECTIONS = Ask("AWS/ElastiCache", "CurrConnections", "CacheClusterId", "Maximum", 7)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("CacheClusterStatus", default="available") != "available":
        return None
    days = int(knobs["days"])
    unsure = lacking(facts, thing, (CONNECTIONS,), days)
    if unsure:
        return unsure
    values = newest(facts.measured(CONNECTIONS, thing), days)
    if max(values) > knobs["own"]:
        return None
    return Found(
        thing, f"no client for {days} days", (measured(CONNECTIONS, thing, values),), 0.8, share=1.0, advised="deleted"
    )


_CACHE = thing("elasticache:cluster", "sessions", type_="cache.r6g.large", CacheClusterStatus="available")
CHECK = Check(
    id="trimtab-idle-cache",
    name="Idle Caches",
    pillar=Pillar.COST,
    about="A cache that nobody connects to is paid by node and hour.",
    alert="in 7 days no more connections than ElastiCache itself keeps",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html",
    settings=(
        Setting("days", 7, "days", "without a client", "as Trusted Advisor's idle databases"),
        Setting("own", 6, "connections", "that ElastiCache keeps to watch a node: 4 to 6", "its page of metrics"),
    ),
    judge=each("elasticache:cluster", _judge),
    kinds=("elasticache:cluster",),
    asks=(CONNECTIONS,),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.LOW,
    rollback=False,
    fix="aws elasticache delete-cache-cluster --cache-cluster-id {id} --final-snapshot-identifier {id}-last "
    "--region {region}",
    examples=Examples(
        Example(
            "4 connections of its own",
            given(_CACHE, measured={(CONNECTIONS, "sessions"): [4] * 7}, bills={"sessions": billed("148")}),
            ("sessions",),
        ),
        Example("60 connections", given(_CACHE, measured={(CONNECTIONS, "sessions"): [60] * 7})),
        Example("no metrics", given(_CACHE), (), ("sessions",)),
    ),
)
