"""The part of a draft that is about logs.

query      Logs Insights, what comes before the aggregation; may be empty
lgroup     log groups, repeated or one a line
agg        count(*), avg(ms) by host …
every      minutes between two runs; span: minutes that each looks at, the same where it is not given
"""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.web.view import View

PARAMETERS = ("query", "lgroup", "agg", "every", "span")
EVERY = (1, 5, 10, 15, 30, 60, 360, 1440)
"""Minutes between two runs that the page offers."""
_ROLE = "arn:aws:iam::000000000000:role/unused"
"""CloudWatch asks for a role; trimtab reads with the rights of the alarm's account."""
_LONGEST = 43_200  # minutes: AWS's 30 days


def log_form(view: View) -> dict[str, Any]:
    """The members of PutLogAlarm but for how it is judged. Raises InvalidInput naming the field."""
    every, groups = _minutes(view, "every", 5), log_groups(view)
    span = _minutes(view, "span", every)
    return {
        "ScheduledQueryConfiguration": {
            "QueryString": view.get("query"),
            "LogGroupIdentifiers": groups,
            "ScheduledQueryRoleARN": _ROLE,
            "ScheduleConfiguration": {
                "ScheduleExpression": f"rate({every} minute{'' if every == 1 else 's'})",
                "StartTimeOffset": span * 60,
            },
            "AggregationExpression": view.get("agg") or "count(*)",
        },
    }


def log_groups(view: View) -> list[str]:
    """The groups in the URL."""
    return [line.strip() for one in view.all("lgroup") for line in one.splitlines() if line.strip()]


def log_parameters(form: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """A form as parameters of the draft; None where the page's form cannot say all of it."""
    asked = form["ScheduledQueryConfiguration"]
    schedule = asked["ScheduleConfiguration"]
    number, _, unit = schedule["ScheduleExpression"].removeprefix("rate(").removesuffix(")").partition(" ")
    scale = {"minute": 1, "hour": 60, "day": 1440}.get(unit.rstrip("s"))
    start_s = schedule["StartTimeOffset"]
    if scale is None or not number.isdecimal() or schedule.get("EndTimeOffset") or start_s % 60:
        return None
    every, span = int(number) * scale, start_s // 60
    return [
        ("kind", "log"),
        ("query", asked["QueryString"]),
        *(("lgroup", one) for one in asked.get("LogGroupIdentifiers", ())),
        ("agg", asked["AggregationExpression"]),
        ("every", str(every)),
        ("span", str(span) if span != every else ""),
        ("n", str(form["QueryResultsToEvaluate"])),
        ("m", str(form["QueryResultsToAlarm"])),
        ("missing", form.get("TreatMissingData", "")),
    ]


def _minutes(view: View, name: str, default: int) -> int:
    text = view.get(name)
    if not text:
        return default
    if not text.isdecimal() or not text.isascii() or not 0 < int(text[:9]) <= _LONGEST:
        raise InvalidInput(f"cannot read {name} {text[:20]!r}: expected minutes, 1 to {_LONGEST}", field=name)
    return int(text)
