"""Data quality: statistics of columns, constraints that they suggest, and what of later data violates them. Pure.

Source: SageMaker developer guide, "Schema for Statistics", "Schema for Constraints" and "Schema for Violations".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.batch.monitor import sketch
from trimtab.batch.monitor.dataset import Table, Value

INTEGRAL, FRACTIONAL, STRING, UNKNOWN = "Integral", "Fractional", "String", "Unknown"
_NUMBERS = (INTEGRAL, FRACTIONAL)
_MOST_DOMAINS = 20  # distinct values up to which a column of text has a domain
_MOST_SHOWN = 100
DEFAULTS: Mapping[str, Any] = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}
"""What the service's own baseline jobs write."""


def statistics(table: Table) -> dict[str, Any]:
    """`statistics.json` of a table."""
    features = [_feature(name, values) for name, values in table.columns.items()]
    return {"version": 0.0, "dataset": {"item_count": table.rows}, "features": features}


def _feature(name: str, values: Sequence[Value]) -> dict[str, Any]:
    present = [one for one in values if one is not None]
    common = {"num_present": len(present), "num_missing": len(values) - len(present)}
    type_ = _type(present)
    feature: dict[str, Any] = {"name": name, "inferred_type": type_}
    if type_ in _NUMBERS:
        numbers = np.asarray(present, dtype=np.float64)
        feature["numerical_statistics"] = {
            "common": common,
            "mean": float(numbers.mean()),
            "sum": float(numbers.sum()),
            "std_dev": float(numbers.std()),
            "min": float(numbers.min()),
            "max": float(numbers.max()),
            "distribution": {"kll": sketch.sketch(numbers)},
        }
    else:
        counts = Counter(str(one) for one in present)
        buckets = [{"value": value, "count": count} for value, count in counts.most_common(_MOST_SHOWN)]
        kept: dict[str, Any] = {"common": common, "distinct_count": float(len(counts))}
        feature["string_statistics"] = kept | {"distribution": {"categorical": {"buckets": buckets}}}
    return feature


def _type(present: Sequence[Value]) -> str:
    if not present:
        return UNKNOWN
    if any(isinstance(one, str) or not np.isfinite(one) for one in present if one is not None):
        return STRING
    return FRACTIONAL if any(isinstance(one, float) for one in present) else INTEGRAL


def constraints(found: Mapping[str, Any]) -> dict[str, Any]:
    """`constraints.json` that statistics suggest."""
    features = []
    for one in found["features"]:
        kept = one.get("numerical_statistics") or one["string_statistics"]
        common = kept["common"]
        whole = common["num_present"] + common["num_missing"]
        feature: dict[str, Any] = {
            "name": one["name"],
            "inferred_type": one["inferred_type"],
            "completeness": common["num_present"] / whole if whole else 0.0,
        }
        if one["inferred_type"] in _NUMBERS:
            feature["num_constraints"] = {"is_non_negative": kept["min"] >= 0}
        elif 0 < kept["distinct_count"] <= _MOST_DOMAINS:
            domains = [bucket["value"] for bucket in kept["distribution"]["categorical"]["buckets"]]
            feature["string_constraints"] = {"domains": sorted(domains)}
        features.append(feature)
    return {"version": 0.0, "features": features, "monitoring_config": DEFAULTS}


class Verdict:
    """What a check of data found: violations in the service's shape, and the drift of each feature compared."""

    def __init__(self) -> None:
        self.violations: list[dict[str, str]] = []
        self.drift: dict[str, float] = {}

    def add(self, name: str, check: str, description: str) -> None:
        """A violation."""
        self.violations.append({"feature_name": name, "constraint_check_type": check, "description": description})


def check(
    table: Table, now: Mapping[str, Any], limits: Mapping[str, Any], baseline: Mapping[str, Any] | None
) -> Verdict:
    """What of a table and its statistics violates constraints; drift is judged where a baseline's statistics are."""
    verdict, config = Verdict(), {**DEFAULTS, **(limits.get("monitoring_config") or {})}
    known = [one["name"] for one in limits["features"]]
    columns = len(table.columns)
    for name, less in (("Missing", columns < len(known)), ("Extra", columns > len(known))):
        if less:
            said = f"There are {name.lower()} columns in current dataset. "
            said += f"Number of columns in current dataset: {columns}, "
            verdict.add(
                f"{name} columns", f"{name.lower()}_column_check",
                f"{said}Number of columns in baseline constraints: {len(known)}",
            )  # fmt: skip
    for one in limits["features"]:
        values = table.columns.get(one["name"])
        own = {**config, **(one.get("monitoringConfigOverrides") or {})}
        if values is not None and own["evaluate_constraints"] == "Enabled":
            _check_feature(verdict, one, values, own)
    if baseline is not None:
        _check_drift(verdict, now, baseline, config)
    return verdict


def _check_feature(
    verdict: Verdict, one: Mapping[str, Any], values: Sequence[Value], config: Mapping[str, Any]
) -> None:
    name, present = one["name"], [value for value in values if value is not None]
    complete, least = len(present) / len(values) if values else 0.0, float(one.get("completeness", 0.0))
    if complete < least:
        said = f"Expected completeness: {least:.1%}. Observed: {complete:.1%} of the values are there."
        verdict.add(name, "completeness_check", said)
    expected = one["inferred_type"]
    if present and expected in _NUMBERS:
        share = sum(_is(value, expected) for value in present) / len(present)
        if share < config["datatype_check_threshold"]:
            said = (
                f"Data type match requirement is not met. Expected data type: {expected}, Expected match: "
                f"{config['datatype_check_threshold']:.1%}. Observed: Only {share:.1%} of data is {expected}."
            )
            verdict.add(name, "data_type_check", said)
        if (one.get("num_constraints") or {}).get("is_non_negative") and any(
            isinstance(value, (int, float)) and value < 0 for value in present
        ):
            verdict.add(name, "data_type_check", "Numerical values must not be negative, and some are.")
    domains = (one.get("string_constraints") or {}).get("domains")
    if present and domains:
        share = sum(str(value) in domains for value in present) / len(present)
        if share < config["domain_content_threshold"]:
            said = f"Expected values of the domain: {config['domain_content_threshold']:.1%}. Observed: {share:.1%}."
            verdict.add(name, "categorical_values_check", said)


def _is(value: Value, expected: str) -> bool:
    if isinstance(value, str):
        return False
    return expected == FRACTIONAL or isinstance(value, int) or float(value or 0).is_integer()


def _check_drift(
    verdict: Verdict, now: Mapping[str, Any], baseline: Mapping[str, Any], config: Mapping[str, Any]
) -> None:
    rules = {**DEFAULTS["distribution_constraints"], **(config.get("distribution_constraints") or {})}
    if rules["perform_comparison"] != "Enabled":
        return
    robust = rules["comparison_method"] == "Robust"
    before = {one["name"]: one for one in baseline["features"]}
    for one in now["features"]:
        compared = _distance(before.get(one["name"]), one, robust=robust)
        if compared is None:
            continue
        gap, name = compared
        verdict.drift[one["name"]] = gap
        if gap > float(rules[name]):
            said = f"Baseline drift distance: {gap} exceeds threshold: {rules[name]}"
            verdict.add(one["name"], "baseline_drift_check", said)


def _distance(before: Mapping[str, Any] | None, now: Mapping[str, Any], *, robust: bool) -> tuple[float, str] | None:
    """How far a feature is from its baseline and the name of its limit; None where the two cannot be compared."""
    if before is None:
        return None
    first, second = before.get("numerical_statistics"), now.get("numerical_statistics")
    if first and second:
        kept = first["distribution"]["kll"], second["distribution"]["kll"]
        return sketch.distance(*kept, robust=robust), "comparison_threshold"
    counts = [
        {
            bucket["value"]: float(bucket["count"])
            for bucket in one["string_statistics"]["distribution"]["categorical"]["buckets"]
        }
        for one in (before, now)
        if one.get("string_statistics")
    ]
    if len(counts) < 2 or not all(counts):
        return None
    return sketch.categorical_distance(*counts, robust=robust), "categorical_comparison_threshold"
