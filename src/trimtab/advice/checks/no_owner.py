"""Resources that nobody owns."""

from collections.abc import Iterator

from trimtab.advice import links
from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Unsure, Want
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Facts
from trimtab.advice.finding import Effort, Evidence, Pillar
from trimtab.advice.judging import said
from trimtab.base.coins import money
from trimtab.inventory.owners import owner_of

KINDS = (
    "ec2:instance", "ec2:volume", "rds:db", "sagemaker:endpoint", "sagemaker:notebook-instance", "s3:bucket",
    "lambda:function", "elasticloadbalancing:loadbalancer", "redshift:cluster", "eks:cluster", "ecs:service",
)  # fmt: skip


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    del knobs
    for kind in KINDS:
        for one in facts.of(kind):
            if one.owner or owner_of(one.tags, facts.rules):
                yield Fine(one)
                continue
            if not one.tags and not one.attributes:
                yield Unsure(one, "neither tags nor attributes of it were read")
                continue
            bill = facts.bill(one)
            cost = (
                Evidence("cost in 30 days", money(bill.total, bill.currency), links.bill(one))
                if bill
                else said("tags", len(one.tags))
            )
            yield Found(one, "no tag and no allocation rule says whose it is", (cost,), advised="tagged")


_BARE = thing("s3:bucket", "b", owner="", tags={})
CHECK = Check(
    id="trimtab-no-owner",
    name="Resources Without an Owner",
    pillar=Pillar.OPERATIONS,
    about="What nobody owns nobody switches off, and its cost is on no team's statement.",
    alert="no allocation rule gives it to anybody, and it has no tag team, owner, project, cost center or department",
    source="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
    judge=_judge,
    kinds=KINDS,
    wants=frozenset({Want.BILL}),
    effort=Effort.VERY_LOW,
    fix="aws resourcegroupstaggingapi tag-resources --region {region} --tags team=TEAM --resource-arn-list ARN-OF-{id}",
    examples=Examples(
        Example(
            "no tag but Name",
            given(
                thing("ec2:instance", "i-1", owner="", tags={"Name": "x"}, State="running"), bills={"i-1": billed("70")}
            ),
            ("i-1",),
        ),
        Example("tagged", given(thing("ec2:instance", "i-2", owner="", tags={"team": "search"}, State="running"))),
        Example("nothing of it was read", given(_BARE), (), ("b",)),
    ),
)
