"""Alarms of visuals: on the metric itself where a visual is over one, else on what is published of the visual."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.reports.analyses.answering import Wanted
from trimtab.reports.analyses.spec import Threshold, Visual
from trimtab.reports.analyses.watches import METRIC, NAMESPACE

_EQUALS = re.compile(r"\s*(namespace|metric|label\(dimensions,\s*'([\w.]+)'\))\s*=\s*'([^'\\]+)'\s*")
_FUNCTIONS = {"avg(value)": "AVG", "max(maximum)": "MAX", "min(minimum)": "MIN", "sum(total)": "SUM",
              "sum(samples)": "COUNT"}  # fmt: skip
_SOURCE = "metrics"


def alarm_form(wanted: Wanted, analysis: str, limit: Threshold, period_s: int, actions: list[str]) -> dict[str, Any]:
    """A PutMetricAlarm-shaped form. With `Metrics` it judges the metric itself and nothing needs to be published."""
    above = limit.above is not None
    form: dict[str, Any] = {
        "AlarmDescription": (
            f"{wanted.visual.title or wanted.visual.id} of analysis {analysis} {'above' if above else 'below'} "
            f"{limit.value:g}{f' ({limit.label})' if limit.label else ''}"
        ),
        "ComparisonOperator": "GreaterThanThreshold" if above else "LessThanThreshold",
        "Threshold": limit.value,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 1,
        "TreatMissingData": "missing",
        "ActionsEnabled": True,
        **({"AlarmActions": actions} if actions else {}),
    }
    query = insights_of(wanted)
    if query:
        return {**form, "Metrics": [{"Id": "q1", "Expression": query, "Period": period_s, "ReturnData": True}]}
    dimensions = [{"Name": "Analysis", "Value": analysis}, {"Name": "Visual", "Value": wanted.visual.id}]
    return {
        **form,
        "Namespace": NAMESPACE,
        "MetricName": METRIC,
        "Dimensions": dimensions,
        "Statistic": "Maximum" if above else "Minimum",
        "Period": period_s,
    }


def insights_of(wanted: Wanted) -> str:
    """The visual as a Metrics Insights query; empty where it is over anything but one metric as it is."""
    found = _one_metric(wanted)
    function = _FUNCTIONS.get(wanted.visual.shown[0].value.replace(" ", ""))
    if found is None or function is None or wanted.visual.per or len(wanted.visual.shown) > 1:
        return ""
    namespace, name = found.pop("namespace", ""), found.pop("metric", "")
    if not namespace or not name:
        return ""
    where = " AND ".join(f"\"{key}\" = '{value}'" for key, value in found.items())
    text = f'SELECT {function}("{name}") FROM "{namespace}"'  # noqa: S608 - of Metrics Insights; parsed, never run
    return f"{text} WHERE {where}" if where else text


def _one_metric(wanted: Wanted) -> dict[str, str] | None:
    """The namespace, name and dimensions that all conditions ask for; None for anything else."""
    spec, visual = wanted.dataset, wanted.visual
    if len(spec.sources) != 1 or spec.sources[0].use != _SOURCE or spec.rows is not None or spec.filters:
        return None
    use = spec.sources[0]
    if use.take or use.by or not _only_in_time(visual):
        return None
    found: dict[str, str] = {}
    for text in (*use.where, *wanted.where, *visual.where):
        match = _EQUALS.fullmatch(text)
        if match is None or '"' in match[3]:
            return None
        found[match[2] or match[1]] = match[3]
    return found


def _only_in_time(visual: Visual) -> bool:
    return all(re.fullmatch(r"(hour|day)(@[\w-]+)?", one) for one in visual.by)


def dimensions_of(analysis: str, visual: str) -> Mapping[str, str]:
    """The dimensions that a visual is published under."""
    return {"Analysis": analysis, "Visual": visual}
