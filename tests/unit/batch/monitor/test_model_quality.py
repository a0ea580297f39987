"""Predictions against ground truth: the metrics of three kinds of problem, and what is worse than a baseline."""

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.batch.monitor.model_quality import check, constraints, statistics, values_of


def test_a_binary_problem_has_its_rates_and_confusion() -> None:
    truth, predicted = [1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0]
    scores = [0.9, 0.8, 0.4, 0.6, 0.3, 0.2, 0.1, 0.1]
    found = statistics("BinaryClassification", truth, predicted, scores)
    values = values_of(found)
    assert (0.75, 2 / 3, 2 / 3) == (values["accuracy"], values["precision"], values["recall"])
    assert (0.8, 0.2, 1 / 3) == pytest.approx(
        (values["true_negative_rate"], values["false_positive_rate"], values["false_negative_rate"])
    )
    assert 2 / 3 == pytest.approx(values["f1"])
    assert 14 / 15 == pytest.approx(values["auc"])
    assert {"0": {"0": 4, "1": 1}, "1": {"0": 1, "1": 2}} == found["binary_classification_metrics"]["confusion_matrix"]


def test_an_f_score_weighs_recall_by_its_beta_and_samples_tell_how_sure_it_is() -> None:
    found = statistics("BinaryClassification", [1, 1, 1, 1, 0], [1, 0, 0, 0, 0])
    values = values_of(found)
    assert (1.0, 0.25) == (values["precision"], values["recall"])
    assert (0.625, 0.4, 1.25 / 4.25) == pytest.approx((values["f0_5"], values["f1"], values["f2"]))
    assert found["binary_classification_metrics"]["recall"]["standard_deviation"] > 0


def test_regression_and_several_classes() -> None:
    values = values_of(statistics("Regression", [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 6.0]))
    assert {"mae": 0.5, "mse": 1.0, "rmse": 1.0, "r2": 0.2} == pytest.approx(values)
    several = values_of(statistics("MulticlassClassification", ["a", "a", "b", "c"], ["a", "b", "b", "c"]))
    assert (0.75, 0.75, 0.875) == (several["accuracy"], several["weighted_recall"], several["weighted_precision"])


def test_what_is_worse_than_the_baseline_violates_it() -> None:
    good = statistics("BinaryClassification", [1, 1, 0, 0, 1.0], [1, 1, 0, 0, "0"])
    limits = constraints(good)
    kept = limits["binary_classification_constraints"]
    assert "LessThanThreshold" == kept["recall"]["comparison_operator"]
    assert "GreaterThanThreshold" == kept["false_negative_rate"]["comparison_operator"]
    assert [] == check(good, limits)
    worse = check(statistics("BinaryClassification", [1, 1, 0, 0, 1], [0, 1, 0, 0, 0]), limits)
    found = {one["metric_name"]: one["constraint_check_type"] for one in worse}
    assert ("LessThanThreshold", "GreaterThanThreshold") == (found["recall"], found["false_negative_rate"])
    assert "precision" not in found
    [said] = [one["description"] for one in worse if one["metric_name"] == "recall"]
    assert said.startswith("Metric recall with 0.3333333333333333 +/- ") and said.endswith(
        "was LessThanThreshold '0.6666666666666666'"
    )


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(InvalidInput, match="problem_type must be Regression"):
        statistics("Ranking", [1], [1])
    with pytest.raises(InvalidInput, match="no prediction has ground truth"):
        statistics("Regression", [], [])
    with pytest.raises(InvalidInput, match="must be numbers"):
        statistics("Regression", ["much"], [1])
    with pytest.raises(InvalidInput, match="has no value"):
        statistics("Regression", [1.0], [None])
