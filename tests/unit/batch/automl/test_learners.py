"""Learners of AutoML candidates: what they learn of tables that were made here, against what is known of them."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.batch.automl import serve
from trimtab.batch.automl.encoding import encoder_of
from trimtab.batch.automl.losses import LOSSES
from trimtab.batch.automl.model import Model, Recipe, fitted, known_rows, load, rows, validated
from trimtab.batch.automl.problem import measured, problem_of
from trimtab.batch.automl.trees import fit as fit_trees
from trimtab.batch.automl.trees import outputs as of_trees
from trimtab.batch.monitor.dataset import Table
from trimtab.batch.monitor.model_quality import BINARY, MULTICLASS, REGRESSION

SETTINGS: dict[str, dict[str, float]] = {
    "xgboost": {"rounds": 40, "max_depth": 3, "eta": 0.2},
    "linear-learner": {"l2": 1e-4},
    "mlp": {"units": 16, "l2": 1e-4, "rate": 0.01},
}
LEVELS = {"x": 0.0, "y": 5.0, "z": -5.0}


def made(rows_: int = 300) -> Table:
    """A table whose target is 100 + 3a + 5 (y) or - 5 (z), with a little noise."""
    draw = np.random.default_rng(3)
    a, words = draw.normal(size=rows_), [list(LEVELS)[one] for one in draw.integers(0, 3, rows_)]
    target = 100 + 3 * a + np.array([LEVELS[one] for one in words]) + draw.normal(0, 0.1, rows_)
    return Table({"a": a.tolist(), "word": words, "same": [7] * rows_, "target": target.tolist()})


def changed(table: Table, target: list[Any]) -> Table:
    return Table({**table.columns, "target": target})


@pytest.mark.parametrize("algorithm", SETTINGS)
def test_amounts_are_learned(algorithm: str) -> None:
    _, found = validated(Recipe(REGRESSION, "target", algorithm, SETTINGS[algorithm]), made(), None, None)
    assert 0.95 < found["R2"] <= 1


@pytest.mark.parametrize("algorithm", SETTINGS)
@pytest.mark.parametrize("problem", [BINARY, MULTICLASS])
def test_classes_are_learned(algorithm: str, problem: str) -> None:
    table = made()
    names = ["low", "high"] if problem == BINARY else ["low", "middle", "high"]
    limits = [100.0] if problem == BINARY else [97.0, 103.0]
    table = changed(table, [names[int(np.searchsorted(limits, one))] for one in table.columns["target"]])  # type: ignore[arg-type]
    model, found = validated(Recipe(problem, "target", algorithm, SETTINGS[algorithm]), table, None, None)
    most = max(table.columns["target"].count(one) for one in names) / 300
    assert found["Accuracy"] > max(0.9, most + 0.2)
    shares = model.outputs(table)
    assert (300, len(names)) == shares.shape
    assert np.allclose(shares.sum(axis=1), 1)


def test_a_linear_model_has_the_weights_that_made_the_data() -> None:
    table = Table({"a": [float(one) for one in range(20)], "target": [2.0 * one + 1 for one in range(20)]})
    model = fitted(Recipe(REGRESSION, "target", "linear-learner", {"l2": 0.0}), table)
    asked = Table({"a": [100.0, -3.0]})
    assert np.allclose([[201.0], [-5.0]], model.outputs(asked), atol=1e-3)


def test_a_tree_parts_where_the_target_steps() -> None:
    features = np.arange(40.0)[:, None]
    wanted = np.where(features < 25, 1.0, 9.0)
    arrays = fit_trees(features, wanted, LOSSES[REGRESSION], {"rounds": 1, "max_depth": 1, "eta": 1.0})
    assert [0.0] == arrays["features"][0].tolist()
    assert 24 <= arrays["limits"][0][0] < 25
    mean = float(wanted.mean())
    held = [mean + (1 - mean) * 25 / 26, mean + (9 - mean) * 15 / 16]  # the sums of second derivatives are 25 and 15
    assert np.allclose(of_trees(arrays, np.array([[24.0], [25.0]])), np.array(held)[:, None])


def test_what_is_missing_and_what_is_new_is_taken() -> None:
    table = Table({"a": [1.0, None, 3.0] * 10, "word": ["x", "y", None] * 10, "target": [1, 2, 3] * 10})
    encoder = encoder_of(table, "target")
    found = encoder.encoded(Table({"a": [None, 2.0], "word": ["new", "y"]}))
    assert [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]] == found.tolist()
    with pytest.raises(InvalidInput, match="no column word"):
        encoder.encoded(Table({"a": [1.0]}))
    with pytest.raises(InvalidInput, match="column a must hold numbers"):
        encoder.encoded(Table({"a": ["many"], "word": ["x"]}))


def test_metrics_are_those_of_hand() -> None:
    truth, said = np.array([1, 1, 1, 0, 0]), np.array([1, 1, 0, 1, 0])
    shares = np.array([[0.1, 0.9], [0.3, 0.7], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1]])
    found = measured(BINARY, truth, said, shares)
    # 2 of 3 that are 1 were found, 2 of 3 that were said are; of 6 pairs 4 are in order (0.9>0.8, 0.9, 0.7, 0.4>0.1)
    assert {"Accuracy": 0.6, "Precision": 2 / 3, "Recall": 2 / 3, "F1": 2 / 3, "AUC": 4 / 6,
            "BalancedAccuracy": (2 / 3 + 1 / 2) / 2} == pytest.approx(found)  # fmt: skip
    amounts = measured(REGRESSION, np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]), None)
    assert {"MSE": 4 / 3, "RMSE": (4 / 3) ** 0.5, "MAE": 2 / 3, "R2": -1.0} == pytest.approx(amounts)
    several = measured(MULTICLASS, np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2]), None)
    # classes 0, 1, 2: precision 1, 1/2, 1 and recall 1/2, 1, 1, so F1 of 2/3, 2/3, 1
    assert {"Accuracy": 3 / 4, "BalancedAccuracy": 5 / 6, "PrecisionMacro": 5 / 6, "RecallMacro": 5 / 6,
            "F1macro": 7 / 9} == pytest.approx(several)  # fmt: skip


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([0, 1] * 9, BINARY),
        (["yes", "no", None], BINARY),
        (["a", "b", "c"], MULTICLASS),
        ([1, 2, 3] * 10, MULTICLASS),
        ([1, 2, 3], REGRESSION),
        ([1.5, 2.0, 3.0] * 10, REGRESSION),
        (list(range(100)), REGRESSION),
    ],
)
def test_the_target_says_which_problem_it_is(values: list[Any], problem: str) -> None:
    assert problem == problem_of(values)


def test_a_target_that_is_always_the_same_is_refused() -> None:
    with pytest.raises(InvalidInput, match="two different values"):
        problem_of([1, 1, None])


def test_validation_judges_by_rows_that_the_model_did_not_see() -> None:
    draw = np.random.default_rng(0)
    noise = {name: draw.normal(size=200).tolist() for name in "abcd"}
    table = Table({**noise, "target": draw.integers(0, 2, 200).tolist()})  # mere chance
    recipe = Recipe(BINARY, "target", "xgboost", {"rounds": 200, "max_depth": 6, "eta": 0.5})
    for share in (None, 0.3):
        model, found = validated(recipe, table, None, share)
        assert model.measured(table)["Accuracy"] > 0.75
        assert 0.35 < found["Accuracy"] < 0.65
    other = rows(table, np.arange(200) < 50)
    model, found = validated(recipe, table, other, None)
    assert model.measured(other) == found


def test_a_share_is_held_out_of_each_class() -> None:
    table = Table({"a": list(range(100)), "target": ["x"] * 80 + ["y"] * 20})
    seen: list[Table] = []

    class Seen(Model, frozen=True):
        def measured(self, table: Table) -> dict[str, float]:
            seen.append(table)
            return {}

    recipe = Recipe(BINARY, "target", "linear-learner", {"l2": 1.0})
    made_ = fitted(recipe, table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trimtab.batch.automl.model.fitted", lambda _, table: Seen(*_fields(made_)))
        validated(recipe, table, None, 0.25)
        validated(recipe, table, None, None)
    assert [(20, 5)] == [(one.columns["target"].count("x"), one.columns["target"].count("y")) for one in seen[:1]]
    assert [(16, 4)] * 5 == [(one.columns["target"].count("x"), one.columns["target"].count("y")) for one in seen[1:]]
    assert set(range(100)) == {value for one in seen[1:] for value in one.columns["a"]}


def _fields(one: Model) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in Model.__struct_fields__)


@pytest.mark.parametrize("algorithm", SETTINGS)
def test_a_model_is_the_same_after_it_was_kept(algorithm: str, tmp_path: Path) -> None:
    table = made(60)
    model = fitted(Recipe(REGRESSION, "target", algorithm, SETTINGS[algorithm]), table)
    model.save(tmp_path)
    assert np.array_equal(model.outputs(table), load(tmp_path).outputs(table))
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(InvalidInput, match="cannot read the model"):
        load(tmp_path)


def test_a_server_answers_what_it_is_asked_for() -> None:
    table = Table({"a": [float(one) for one in range(40)], "target": ["no"] * 20 + ["yes"] * 20})
    model = fitted(Recipe(BINARY, "target", "linear-learner", {"l2": 1e-4}), table)
    assert "no\nyes\n" == serve.answered(model, "2\n38\n")
    assert "yes\n" == serve.answered(model, "b,a\n1,38\n")
    [[label, share, shares, labels]] = csv.reader([serve.answered(model, "38", serve.ANSWERS)])
    assert ("yes", ["no", "yes"]) == (label, json.loads(labels))
    assert 0.5 < float(share) == json.loads(shares)[1] < 1
    with pytest.raises(InvalidInput, match="no record"):
        serve.answered(model, "a\n")


def test_rows_without_a_target_are_left_out() -> None:
    table = Table({"a": [1, 2, 3], "target": [1, None, 3]})
    assert [1, 3] == known_rows(table, "target").columns["a"]
    with pytest.raises(InvalidInput, match="no column other"):
        known_rows(table, "other")


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least 10"):
        validated(
            Recipe(BINARY, "target", "mlp", SETTINGS["mlp"]), Table({"a": [1] * 9, "target": [1] * 9}), None, None
        )
