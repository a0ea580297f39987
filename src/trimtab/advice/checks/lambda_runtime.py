"""Functions on runtimes that get no more patches."""

from datetime import UTC, datetime

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import DAY_MS, Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said

_ENDS = {
    "python2.7": "2021-07-15", "python3.6": "2022-07-18", "python3.7": "2023-12-04", "python3.8": "2024-10-14",
    "python3.9": "2025-12-15", "python3.10": "2026-10-31", "nodejs10.x": "2021-07-30", "nodejs12.x": "2023-03-31",
    "nodejs14.x": "2023-12-04", "nodejs16.x": "2024-06-12", "nodejs18.x": "2025-09-01", "nodejs20.x": "2026-04-30",
    "ruby2.5": "2021-07-30", "ruby2.7": "2023-12-07", "ruby3.2": "2026-03-31", "java8": "2024-01-08",
    "dotnetcore2.1": "2022-01-05", "dotnetcore3.1": "2023-04-03", "dotnet6": "2024-12-20", "dotnet7": "2024-05-14",
    "go1.x": "2024-01-08", "provided": "2024-01-08", "java8.al2": "2027-06-30", "java11": "2027-06-30",
    "java17": "2027-06-30", "provided.al2": "2026-07-31",
}  # fmt: skip
"""When AWS stops patching a runtime (deprecation), as its page of runtimes said in 2026-11."""


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("PackageType") == "Image":
        return None
    runtime = thing.get("Runtime", default=thing.type or None)
    if runtime is None:
        return Unsure(thing, "its runtime was not read")
    end = _ENDS.get(runtime)
    if end is None:
        return None
    days = (_ms(end) - facts.now_ms) / DAY_MS
    if days > knobs["days"]:
        return None
    status = Status.ERROR if days <= 0 else Status.WARNING
    when = f"since {end}" if days <= 0 else f"from {end} on"
    return Found(
        thing,
        f"{runtime} gets no patches {when}",
        (said("runtime", runtime), said("end", end)),
        status=status,
        current=runtime,
    )


def _ms(day: str) -> int:
    year, month, date = map(int, day.split("-"))
    return int(datetime(year, month, date, tzinfo=UTC).timestamp() * 1000)


_KIND = "lambda:function"
CHECK = Check(
    id="L4dfs2Q4C5",
    name="AWS Lambda Functions Using Deprecated Runtimes",
    pillar=Pillar.SECURITY,
    about="A deprecated runtime gets no security patches, and after a while functions on it can no longer be changed.",
    alert="red from the runtime's end on, yellow from 120 days before",
    source="https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
    settings=(Setting("days", 120, "days", "before the end from which it is told", "Trusted Advisor"),),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.MEDIUM,
    status=Status.ERROR,
    fix="aws lambda update-function-configuration --function-name {id} --runtime NEWER --region {region}  # "
    "after its tests pass",
    examples=Examples(
        Example("Python 3.7", given(thing(_KIND, "old", Runtime="python3.7")), ("old",)),
        Example("Python 3.13", given(thing(_KIND, "new", Runtime="python3.13"))),
        Example("its runtime was not read", given(thing(_KIND, "x")), (), ("x",)),
    ),
)
