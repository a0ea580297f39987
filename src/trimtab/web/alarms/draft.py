"""An alarm in a URL: every field of the form is a parameter, so that a draft with its replay is a link.

kind       metric · band · math · promql · log · slo · composite
name, description, action (repeated), off (actions disabled)
namespace, metric, dimension (name=value, repeated), stat, period     of metric and band
e, inputs (m1=Namespace|Metric|Stat|name=value, one a line), period   of math: metric math or Metrics Insights
op, threshold, width, n, m, missing                                   how it is judged
promql, pending, recovery, interval · objective, bad, total · rule    of the other kinds; of logs: log_draft.py
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.alarms.model import AlarmKind, Operator
from trimtab.base.errors import InvalidInput
from trimtab.web.alarms.inputs import input_line, metric_of, queries_of, stat_member
from trimtab.web.alarms.log_draft import PARAMETERS as LOG_PARAMETERS
from trimtab.web.alarms.log_draft import log_form, log_parameters
from trimtab.web.view import View

KINDS = (
    ("metric", "A metric against a threshold"),
    ("band", "A metric against what is normal for it"),
    ("math", "Metric math, or a Metrics Insights query"),
    ("promql", "A PromQL query"),
    ("log", "What logs say"),
    ("slo", "An error budget that burns too fast"),
    ("composite", "Other alarms"),
)
OPERATORS = {
    "gt": (Operator.GREATER, "above"),
    "ge": (Operator.GREATER_OR_EQUAL, "at or above"),
    "lt": (Operator.LESS, "below"),
    "le": (Operator.LESS_OR_EQUAL, "at or below"),
}
BAND_OPERATORS = {
    "out": (Operator.OUTSIDE, "outside the band"),
    "up": (Operator.ABOVE_UPPER, "above the band"),
    "down": (Operator.BELOW_LOWER, "below the band"),
}
_MISSING = ("missing", "notBreaching", "breaching", "ignore")
_BAND = "ANOMALY_DETECTION_BAND"
PARAMETERS = (
    "kind", "name", "description", "action", "off", "namespace", "metric", "dimension", "stat", "period", "e", "inputs",
    "op", "threshold", "width", "n", "m", "missing", "promql", "pending", "recovery", "interval", "objective", "bad",
    "total", "rule", "edit", *LOG_PARAMETERS,
)  # fmt: skip


def is_started(view: View) -> bool:
    """Whether a URL has enough of a draft to try it."""
    needed = {
        "metric": ("namespace", "metric", "threshold"), "band": ("namespace", "metric"), "math": ("e", "threshold"),
        "promql": ("promql",), "log": ("lgroup", "threshold"), "slo": ("objective", "bad", "total"),
        "composite": ("rule",),
    }  # fmt: skip
    return all(view.get(name) for name in needed.get(view.get("kind", "metric"), ("kind",)))


def read_draft(view: View) -> tuple[AlarmKind, dict[str, Any]]:
    """The kind and the form of the draft in a URL. Raises InvalidInput naming the field."""
    kind = view.get("kind", "metric")
    form: dict[str, Any] = {}
    if view.get("description"):
        form["AlarmDescription"] = view.get("description")
    if view.all("action"):
        form["AlarmActions"] = [one for one in view.all("action") if one]
    if view.get("off"):
        form["ActionsEnabled"] = False
    if kind == "composite":
        return AlarmKind.COMPOSITE, {**form, "AlarmRule": view.get("rule")}
    if kind == "promql":
        return AlarmKind.PROMQL, {**form, **_promql(view)}
    if kind == "log":
        n = _whole(view, "n", 1)
        judged = {"QueryResultsToEvaluate": n, "QueryResultsToAlarm": _whole(view, "m", n)}
        return AlarmKind.LOG, {**form, **log_form(view), **judged, **_threshold(view), **_treated(view)}
    if kind == "slo":
        return AlarmKind.BURN_RATE, {**form, **_slo(view), **_treated(view)}
    readers = {"metric": _metric, "band": _band, "math": _math}
    if kind not in readers:
        raise InvalidInput(f"cannot read kind {kind!r}: expected one of {', '.join(one for one, _ in KINDS)}")
    return AlarmKind.METRIC, {**form, **readers[kind](view), **_judged(view), **_treated(view)}


def _metric(view: View) -> dict[str, Any]:
    stat = view.get("stat", "Average")
    return {**metric_of(view), **stat_member(stat), "Period": _whole(view, "period", 60), **_threshold(view)}


def _band(view: View) -> dict[str, Any]:
    op = view.get("op", "out")
    if op not in BAND_OPERATORS:
        op = "out"
    period = _whole(view, "period", 300)
    stat = {"Metric": metric_of(view), "Period": period, "Stat": view.get("stat", "Average")}
    width = _number(view, "width", 2.0)
    return {
        "Metrics": [
            {"Id": "m1", "MetricStat": stat, "ReturnData": True},
            {"Id": "band", "Expression": f"{_BAND}(m1, {width:g})", "ReturnData": True},
        ],
        "ThresholdMetricId": "band",
        "ComparisonOperator": BAND_OPERATORS[op][0].value,
    }


def _math(view: View) -> dict[str, Any]:
    period = _whole(view, "period", 60)
    queries = queries_of(view.get("inputs"), period)
    return {
        "Metrics": [*queries, {"Id": "e1", "Expression": view.get("e"), "Period": period, "ReturnData": True}],
        **_threshold(view),
    }


def _promql(view: View) -> dict[str, Any]:
    criteria: dict[str, Any] = {"Query": view.get("promql")}
    criteria |= {
        member: _whole(view, name, 0)
        for member, name in (("PendingPeriod", "pending"), ("RecoveryPeriod", "recovery"))
        if view.get(name)
    }
    return {"EvaluationCriteria": {"PromQLCriteria": criteria}, "EvaluationInterval": _whole(view, "interval", 60)}


def _slo(view: View) -> dict[str, Any]:
    parts = {}
    for member in ("Bad", "Total"):
        [query] = queries_of(f"x={view.get(member.lower())}", 60)
        found = query["MetricStat"]
        parts[member] = {"Metric": found["Metric"], "Stat": found["Stat"]}
    return {"Objective": float(f"{_number(view, 'objective', 99.9) / 100:.12g}"), **parts}


def _judged(view: View) -> dict[str, Any]:
    n = _whole(view, "n", 1)
    return {"EvaluationPeriods": n, "DatapointsToAlarm": _whole(view, "m", n)}


def _threshold(view: View) -> dict[str, Any]:
    op = view.get("op", "gt")
    if op not in OPERATORS:
        op = "gt"
    return {"Threshold": _number(view, "threshold", 0.0), "ComparisonOperator": OPERATORS[op][0].value}


def _treated(view: View) -> dict[str, Any]:
    given = view.get("missing", "missing")
    return {} if given == "missing" else {"TreatMissingData": given}


def _whole(view: View, name: str, default: int) -> int:
    text = view.get(name)
    if not text:
        return default
    if not text.isdecimal() or not text.isascii() or len(text) > 9 or (int(text) == 0 and default):
        raise InvalidInput(f"cannot read {name} {text[:20]!r}: expected a whole number", field=name)
    return int(text)


def _number(view: View, name: str, default: float) -> float:
    text = view.get(name)
    if not text:
        return default
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not abs(found) < 1e300:
        raise InvalidInput(f"cannot read {name} {text[:20]!r}: expected a number", field=name)
    return found


def parameters_of(name: str, kind: AlarmKind, form: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """A form as parameters of the draft; None where the page's form cannot say all of it."""
    common = [("name", name), ("description", form.get("AlarmDescription", ""))]
    common += [("action", one) for one in form.get("AlarmActions", ())]
    common += [("off", "1")] if form.get("ActionsEnabled", True) is False else []
    known = _own(kind, form)
    if known is None or set(form) - _SAID:
        return None
    return [pair for pair in [*common, *known] if pair[1] != ""]


_SAID = {
    "AlarmDescription", "AlarmActions", "ActionsEnabled", "Namespace", "MetricName", "Dimensions", "Statistic",
    "ExtendedStatistic", "Period", "Threshold", "ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm",
    "TreatMissingData", "Metrics", "ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "AlarmRule",
    "Objective", "Bad", "Total", "ScheduledQueryConfiguration", "QueryResultsToEvaluate", "QueryResultsToAlarm",
}  # fmt: skip
"""Members that the page's form has fields for."""


def _own(kind: AlarmKind, form: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    if kind is AlarmKind.COMPOSITE:
        return [("kind", "composite"), ("rule", form["AlarmRule"])]
    if kind is AlarmKind.PROMQL:
        criteria = form["EvaluationCriteria"]["PromQLCriteria"]
        found = [("kind", "promql"), ("promql", criteria["Query"]), ("interval", str(form["EvaluationInterval"]))]
        found += [("pending", str(criteria["PendingPeriod"]))] if "PendingPeriod" in criteria else []
        return found + ([("recovery", str(criteria["RecoveryPeriod"]))] if "RecoveryPeriod" in criteria else [])
    if kind is AlarmKind.BURN_RATE:
        if "ServiceLevelObjective" in form:
            return None
        bad, total = (input_line("x", {"MetricStat": form[member]})[2:] for member in ("Bad", "Total"))
        return [("kind", "slo"), ("objective", f"{form['Objective'] * 100:.10g}"), ("bad", bad), ("total", total)]
    if kind is AlarmKind.LOG:
        said = log_parameters(form)
        return None if said is None else [*said, *_limit(form)]
    judged = [("n", str(form["EvaluationPeriods"]))]
    judged += [("m", str(form["DatapointsToAlarm"]))] if "DatapointsToAlarm" in form else []
    judged += [("missing", form.get("TreatMissingData", ""))]
    if "MetricName" in form:
        stat = form.get("Statistic") or form.get("ExtendedStatistic", "")
        return [("kind", "metric"), *_metric_parameters(form), ("stat", stat), ("period", str(form["Period"])),
                *_limit(form), *judged]  # fmt: skip
    own = _of_metrics(form)
    return None if own is None else [*own, *judged]


def _of_metrics(form: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    queries: Sequence[Mapping[str, Any]] = form["Metrics"]
    expressions = [one for one in queries if "Expression" in one]
    stats = [one for one in queries if "MetricStat" in one]
    if len(expressions) != 1 or any(set(one) & {"Label", "AccountId"} for one in queries):
        return None
    [expression] = expressions
    if "ThresholdMetricId" in form:
        text = expression["Expression"].replace(" ", "")
        if len(stats) != 1 or not text.startswith(f"{_BAND}({stats[0]['Id']}"):
            return None
        stat, width = stats[0]["MetricStat"], text.removesuffix(")").partition(",")[2]
        op = next(name for name, (one, _) in BAND_OPERATORS.items() if one.value == form["ComparisonOperator"])
        return [("kind", "band"), *_metric_parameters(stat["Metric"]), ("stat", stat["Stat"]),
                ("period", str(stat["Period"])), ("op", op), ("width", width)]  # fmt: skip
    if not expression.get("ReturnData", True) or any(one.get("ReturnData", True) for one in stats):
        return None
    periods = {one["MetricStat"]["Period"] for one in stats} | (
        {expression["Period"]} if "Period" in expression else set()
    )
    if len(periods) != 1:
        return None
    lines = "\n".join(input_line(one["Id"], one) for one in stats)
    return [("kind", "math"), ("e", expression["Expression"]), ("inputs", lines), ("period", str(periods.pop())),
            *_limit(form)]  # fmt: skip


def _metric_parameters(metric: Mapping[str, Any]) -> list[tuple[str, str]]:
    dimensions = [("dimension", f"{one['Name']}={one['Value']}") for one in metric.get("Dimensions", ())]
    return [("namespace", metric["Namespace"]), ("metric", metric["MetricName"]), *dimensions]


def _limit(form: Mapping[str, Any]) -> list[tuple[str, str]]:
    op = next(name for name, (one, _) in OPERATORS.items() if one.value == form["ComparisonOperator"])
    return [("op", op), ("threshold", f"{form['Threshold']:.12g}")]


MISSING = dict(zip(_MISSING, ("is not judged", "is fine", "breaches", "keeps the state"), strict=True))
"""What a period without data counts as, in words."""
