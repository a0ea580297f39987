"""Metrics of bias, by hand; what a configuration asks for; and what is further from equal treatment than before."""

import math
from typing import Any

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.batch.monitor.bias import POST, PRE, Groups, check, measured, positive, values_of
from trimtab.batch.monitor.clarify import analyzed
from trimtab.batch.monitor.dataset import Table

# Of the group 4 rows, of all others 6. (label, prediction): the group has TP 1, FN 1, FP 0, TN 2; others TP 3, FN 1,
# FP 1, TN 1.
GROUP = [(1, 1), (1, 0), (0, 0), (0, 0)]
OTHERS = [(1, 1), (1, 1), (1, 1), (1, 0), (0, 1), (0, 0)]
ROWS = [*GROUP, *OTHERS]
WHO = [*["f"] * 4, *["m"] * 6]
TABLE = Table({"who": WHO, "label": [one for one, _ in ROWS], "said": [one for _, one in ROWS],
               "city": ["x", "x", "x", "y", "x", "x", "y", "y", "y", "y"]})  # fmt: skip
CONFIG: dict[str, Any] = {
    "label": "label", "label_values_or_threshold": [1], "predicted_label": "said",
    "facet": [{"name_or_index": "who", "value_or_threshold": ["f"]}],
    "methods": {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": "all"}, "report": {}},
}  # fmt: skip


def groups(strata: bool = False) -> Groups:
    label, said = (np.array([bool(one[at]) for one in ROWS]) for at in (0, 1))
    return Groups(
        np.array([one == "f" for one in WHO]), label, said, np.array(TABLE.columns["city"]) if strata else None
    )


def told(stage: str, strata: bool = False) -> dict[str, float]:
    return {one["name"]: one["value"] for one in measured(stage, "all", groups(strata))}


def test_labels_of_a_group_are_measured_as_clarify_does() -> None:
    a, d = (1 / 3, 2 / 3), (1 / 2, 1 / 2)
    middle = [(p + q) / 2 for p, q in zip(a, d, strict=True)]

    def kl(left: Any, right: Any) -> float:
        return sum(p * math.log(p / q) for p, q in zip(left, right, strict=True))

    expected = {
        "CI": 0.2, "DPL": 4 / 6 - 2 / 4, "KL": kl(a, d), "JS": (kl(a, middle) + kl(d, middle)) / 2,
        "LP": math.sqrt(2) / 6, "TVD": 1 / 6, "KS": 1 / 6,
    }  # fmt: skip
    assert told(PRE) == pytest.approx(expected)


def test_predictions_of_a_group_are_measured_as_clarify_does() -> None:
    expected = {
        "DPPL": 4 / 6 - 1 / 4, "DI": (1 / 4) / (4 / 6), "DCA": 4 / 4 - 2 / 1, "DCR": 2 / 3 - 2 / 2,
        "SD": 2 / 2 - 1 / 2, "RD": 3 / 4 - 1 / 2, "DAR": 3 / 4 - 1 / 1, "DRR": 2 / 3 - 1 / 2, "AD": 4 / 6 - 3 / 4,
        "GE": _entropy([1, 0, 1, 1, 1, 1, 1, 0, 2, 1]),
    }  # fmt: skip
    found = told(POST)
    assert found.pop("TE") is None  # of the group nothing is a false positive
    assert found == pytest.approx(expected)


def _entropy(benefit: list[int]) -> float:
    mean = sum(benefit) / len(benefit)
    return sum((one / mean) ** 2 - 1 for one in benefit) / (2 * len(benefit))


def test_conditional_metrics_are_of_strata_by_their_size() -> None:
    # x: refused f 1 of 1 and granted f 2 of 4; y: refused f 1 of 3 and granted f 0 of 2.
    assert told(PRE, strata=True)["CDDL"] == pytest.approx((5 * (1 - 2 / 4) + 5 * (1 / 3 - 0)) / 10)
    # x: predicted 0 are f, f; predicted 1 are f, m, m. y: predicted 0 are f, m, m; predicted 1 are m, m.
    assert told(POST, strata=True)["CDDPL"] == pytest.approx((5 * (1 - 1 / 3) + 5 * (1 / 3 - 0)) / 10)
    with pytest.raises(InvalidInput, match="CDDL needs a group_variable"):
        measured(PRE, ["CDDL"], groups())
    with pytest.raises(InvalidInput, match="FT of post_training_bias is not available"):
        measured(POST, ["FT"], groups())


def test_a_configuration_becomes_an_analysis() -> None:
    found = analyzed(CONFIG, TABLE, None)
    part = found["post_training_bias_metrics"]
    assert (part["label"], part["label_value_or_threshold"]) == ("label", "1")
    [listed] = part["facets"]["who"]
    assert listed["value_or_threshold"] == "f"
    assert {"name": "DI", "description": "Disparate Impact (DI)", "value": 0.375} in listed["metrics"]
    assert ("bias_metric_DI", 0.375, {"BiasStage": "Post-Training", "Label": "label", "LabelValue": "1",
                                      "Facet": "who", "FacetValue": "f"}) in values_of(found)  # fmt: skip
    every = analyzed({**CONFIG, "facet": [{"name_or_index": "who"}]}, TABLE, None)
    assert [one["value_or_threshold"] for one in every["pre_training_bias_metrics"]["facets"]["who"]] == ["f", "m"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"methods": {"shap": {}}}, "method shap is not available"),
        ({"predicted_label": None, "predictor": {"model_name": "m"}}, "no model is asked here"),
        ({"facet": []}, "must have a facet"),
        ({"facet": [{"name_or_index": "none"}]}, "no column none"),
        ({"facet": [{"name_or_index": "who", "value_or_threshold": ["q"]}]}, "nobody in"),
        ({"label_values_or_threshold": []}, "label_values_or_threshold"),
        ({"predicted_label": None}, "needs predictions"),
    ],
)
def test_a_configuration_that_cannot_be_analyzed_says_why(more: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        analyzed({**CONFIG, **more}, TABLE, None)


def test_a_threshold_is_of_measures_and_a_value_of_classes() -> None:
    assert positive([1, 0, 1.0, None], [1]).tolist() == [True, False, True, False]
    assert positive([18, 40, 41, 70], [40]).tolist() == [False, False, True, True]
    assert positive([0.5, 1.0, 2.0], [1]).tolist() == [False, False, True]
    assert positive(["a", "b"], ["a", "c"]).tolist() == [True, False]


def test_what_is_further_from_equal_treatment_violates() -> None:
    def of(**values: float) -> dict[str, Any]:
        metrics = [{"name": name, "value": value} for name, value in values.items()]
        facets = {"who": [{"value_or_threshold": "f", "metrics": metrics}]}
        return {"post_training_bias_metrics": {"label": "l", "label_value_or_threshold": "1", "facets": facets}}

    before = of(DPPL=0.1, DI=0.5, RD=-0.2)
    assert check(of(DPPL=-0.1, DI=2.0, RD=0.1, AD=9.0), before) == []  # as far on the other side is as far
    found = check(of(DPPL=-0.11, DI=0.4, RD=-0.3), before)
    assert [(one["facet"], one["facet_value"], one["metric_name"], one["constraint_check_type"]) for one in found] == [
        ("who", "f", name, "bias_drift_check") for name in ("DPPL", "DI", "RD")
    ]
    assert found[0]["description"] == "Value -0.11 does not meet the constraint requirement"
