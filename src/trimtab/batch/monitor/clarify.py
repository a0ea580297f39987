"""The analysis of a bias job: its configuration (`analysis_config.json`) over a table, as `analysis.json`. Pure.

Source: SageMaker developer guide, "Analysis Configuration Files" and "Analysis Results": members and their meaning.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.base.errors import InvalidInput
from trimtab.batch.monitor.bias import POST, PRE, Groups, measured, positive
from trimtab.batch.monitor.dataset import Table, Value

_REPORT = "report"  # a method that writes no metric


def analyzed(config: Mapping[str, Any], table: Table, predicted: Sequence[Value] | None) -> dict[str, Any]:
    """The analysis of every facet. `predicted` are predictions beside the table. Raises InvalidInput."""
    methods = config.get("methods") or {}
    other = sorted(name for name in methods if name not in (PRE, POST, _REPORT))
    if other:
        raise InvalidInput(f"the method {other[0]} is not available: bias is analyzed, and nothing is explained")
    if config.get("predictor") and predicted is None:
        raise InvalidInput("no model is asked here: give the dataset a predicted_label instead of a predictor")
    facets = config.get("facet") or ()
    if not facets or not any(stage in methods for stage in (PRE, POST)):
        raise InvalidInput("the analysis configuration must have a facet, and methods with pre_training_bias or "
                           "post_training_bias")  # fmt: skip
    label, chosen = column(table, config, "label"), _chosen(config)
    said = predicted
    if said is None and config.get("predicted_label") is not None:
        said = column(table, config, "predicted_label")
    strata = column(table, config, "group_variable") if config.get("group_variable") is not None else None
    found: dict[str, Any] = {"version": "1.0"}
    for stage in (PRE, POST):
        if stage not in methods:
            continue
        told: dict[str, list[dict[str, Any]]] = {}
        for facet in facets:
            name = _name(table, config, facet["name_or_index"])
            listed = told.setdefault(name, [])
            for value, groups in _groups(facet, table.columns[name], (label, said, strata), chosen):
                listed.append({"value_or_threshold": value,
                               "metrics": measured(stage, (methods[stage] or {}).get("methods"), groups)})  # fmt: skip
        found[f"{stage}_metrics"] = {
            "label": _name(table, config, config["label"]), "facets": told,
            "label_value_or_threshold": ",".join(map(str, chosen)),
        }  # fmt: skip
    return found


def column(table: Table, config: Mapping[str, Any], member: str) -> Sequence[Value]:
    """The column that a member of the configuration names. Raises InvalidInput."""
    if config.get(member) is None:
        raise InvalidInput(f"the analysis configuration must have a {member}")
    return table.columns[_name(table, config, config[member])]


def _name(table: Table, config: Mapping[str, Any], given: object) -> str:
    """The column that a name, or an index, is."""
    names = list(table.columns)
    headers = config.get("headers") or ()
    if isinstance(given, int) and 0 <= given < len(headers or names):
        given = (headers or names)[given]
    if given not in names:
        raise InvalidInput(f"the data has no column {given}; it has {', '.join(names)}")
    return str(given)


def _chosen(config: Mapping[str, Any]) -> list[Value]:
    found = config.get("label_values_or_threshold")
    if not found:
        raise InvalidInput("the analysis configuration must have label_values_or_threshold")
    return list(found)


def _groups(
    facet: Mapping[str, Any], values: Sequence[Value],
    columns: tuple[Sequence[Value], Sequence[Value] | None, Sequence[Value] | None], chosen: Sequence[Value],
) -> list[tuple[str, Groups]]:  # fmt: skip
    """The groups that a facet selects: by its values together, or by each value of the column where it names none."""
    label, said, strata = columns
    given = facet.get("value_or_threshold")
    choices = [list(given)] if given else [[one] for one in sorted({str(one) for one in values if one is not None})]
    found = []
    for choice in choices:
        of = positive(values, choice) if given else np.asarray([str(one) == choice[0] for one in values])
        if not of.any() or of.all():
            raise InvalidInput(f"the facet {facet['name_or_index']} has nobody in, or nobody beside, {choice}")
        found.append((
            ",".join(map(str, choice)),
            Groups(of, positive(label, chosen), None if said is None else positive(said, chosen),
                   None if strata is None else np.asarray([str(one) for one in strata])),
        ))  # fmt: skip
    return found
