"""Functions that run into their time limit."""

from trimtab.advice import links
from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Effort, Evidence, Pillar
from trimtab.advice.judging import lacking, said

LONGEST = Ask("AWS/Lambda", "Duration", "FunctionName", "Maximum", 7)
HIGH = Ask("AWS/Lambda", "Duration", "FunctionName", "p90", 7)
_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    limit_s = thing.get("Timeout")
    if limit_s is None:
        return Unsure(thing, "Timeout of it was not read")
    unsure = lacking(facts, thing, (LONGEST, HIGH), 1)
    if unsure:
        return unsure
    edge = float(limit_s) * 1000 * knobs["edge"] / 100
    days = [day for day in facts.measured(HIGH, thing) if day >= edge]
    if not days:
        return None
    evidence = (
        Evidence("time of the slowest tenth", f"{max(days):,.0f} ms", links.metric(HIGH, thing)),
        said("limit", f"{limit_s} s"),
    )
    text = f"at least a tenth of a day's calls ran into the limit of {limit_s} s"
    return Found(thing, text, evidence, 0.8, share=0.1, advised="a longer limit or less work a call")


_FN = thing("lambda:function", "embed", type_="python3.12", Timeout=3)
CHECK = Check(
    id="L4dfs2Q3C3",
    name="AWS Lambda Functions with Excessive Timeouts",
    pillar=Pillar.COST,
    about="A call that runs into its limit is paid in full and gives nothing; the caller tries again.",
    alert="on any of the last 7 days 10 % of the calls or more took (nearly) as long as the function may",
    source=_AWS,
    settings=(
        Setting(
            "edge",
            99,
            "% of the limit",
            "from which a call counts as timed out: durations are reported just below it",
            "Lambda reports at most the limit",
        ),
    ),
    judge=each("lambda:function", _judge),
    kinds=("lambda:function",),
    asks=(LONGEST, HIGH),
    wants=frozenset({Want.BILL}),
    effort=Effort.MEDIUM,
    fix="aws lambda update-function-configuration --function-name {id} --timeout SECONDS --region {region}",
    examples=Examples(
        Example(
            "a tenth takes all of 3 s",
            given(
                _FN,
                measured={(LONGEST, "embed"): [3000] * 7, (HIGH, "embed"): [3000] * 7},
                bills={"embed": billed("30")},
            ),
            ("embed",),
        ),
        Example(
            "one call took all of it", given(_FN, measured={(LONGEST, "embed"): [3000] * 7, (HIGH, "embed"): [800] * 7})
        ),
        Example("no metrics", given(_FN), (), ("embed",)),
    ),
)
