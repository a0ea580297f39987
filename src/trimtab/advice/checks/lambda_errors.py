"""Functions that fail often: what they did is paid, and often done again."""

from trimtab.advice import links
from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Effort, Evidence, Pillar
from trimtab.advice.judging import lacking

ERRORS = Ask("AWS/Lambda", "Errors", "FunctionName", "Sum", 7)
CALLS = Ask("AWS/Lambda", "Invocations", "FunctionName", "Sum", 7)
_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    unsure = lacking(facts, thing, (CALLS,), 1)
    if unsure:
        return unsure
    calls, failed = facts.measured(CALLS, thing), facts.measured(ERRORS, thing)
    errors = dict(zip(failed.times, failed, strict=True))
    rates = [errors.get(day, 0.0) / number for day, number in zip(calls.times, calls, strict=True) if number > 0]
    if not rates or max(rates) <= knobs["rate"] / 100:
        return None
    share = sum(failed) / sum(calls)
    evidence = (
        Evidence("highest error rate of a day", f"{max(rates):.1%}", links.metric(ERRORS, thing)),
        Evidence("calls", f"{sum(calls):,.0f}", links.metric(CALLS, thing)),
    )
    return Found(thing, f"{max(rates):.0%} of a day's calls failed", evidence, 0.8, share=share, advised="fixed")


_FN = thing("lambda:function", "embed", type_="python3.12")
CHECK = Check(
    id="L4dfs2Q3C2",
    name="AWS Lambda Functions with High Error Rates",
    pillar=Pillar.COST,
    about="A call that fails is paid like one that works, and retries pay it again.",
    alert="more than 10 % of the calls failed on any of the last 7 days",
    source=_AWS,
    settings=(Setting("rate", 10, "%", "errors of a day's calls from which it is told", _AWS),),
    judge=each("lambda:function", _judge),
    kinds=("lambda:function",),
    asks=(ERRORS, CALLS),
    wants=frozenset({Want.BILL}),
    effort=Effort.HIGH,
    fix="trimtab logs query --group /aws/lambda/{id} 'filter @message like /ERROR/ | stats count() by bin(1h)'",
    examples=Examples(
        Example(
            "a fifth fails",
            given(
                _FN,
                measured={(ERRORS, "embed"): [200] * 7, (CALLS, "embed"): [1000] * 7},
                bills={"embed": billed("30")},
            ),
            ("embed",),
        ),
        Example(
            "one in a thousand fails", given(_FN, measured={(ERRORS, "embed"): [1] * 7, (CALLS, "embed"): [1000] * 7})
        ),
        Example("no metrics", given(_FN), (), ("embed",)),
    ),
)
