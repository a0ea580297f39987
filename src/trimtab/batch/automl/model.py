"""A model of a table: fitted by an algorithm, judged on records that it did not see, and kept as two plain files."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.batch.automl import linear, perceptron, trees
from trimtab.batch.automl.encoding import Encoder, encoder_from, encoder_of
from trimtab.batch.automl.linear import Arrays
from trimtab.batch.automl.losses import LOSSES, Floats, probabilities, targets
from trimtab.batch.automl.problem import measured
from trimtab.batch.monitor.dataset import Table, Value
from trimtab.batch.monitor.model_quality import BINARY, REGRESSION

ALGORITHMS: Mapping[str, ModuleType] = {"xgboost": trees, "linear-learner": linear, "mlp": perceptron}
"""By AWS's names of them: gradient-boosted trees, linear or logistic regression, and a perceptron."""
FOLDS = 5
_ABOUT, _ARRAYS = "model.json", "arrays.npz"
Labels = npt.NDArray[Any]


class Recipe(Struct, frozen=True):
    """What is fitted: the kind of problem, the target's column, the algorithm and its settings."""

    problem: str
    target: str
    algorithm: str
    settings: Mapping[str, float]


class Model(Struct, frozen=True):
    """A fitted model. `classes` are the target's values in their order; of numbers `scale` is (mean, spread)."""

    recipe: Recipe
    encoder: Encoder
    classes: Sequence[str]
    scale: tuple[float, float]
    arrays: Arrays

    def outputs(self, table: Table) -> Floats:
        """Probabilities of the classes, or a number, of each record."""
        found: Floats = ALGORITHMS[self.recipe.algorithm].outputs(self.arrays, self.encoder.encoded(table))
        if self.recipe.problem == REGRESSION:
            return found * self.scale[1] + self.scale[0]
        return probabilities(self.recipe.problem, found)

    def measured(self, table: Table) -> dict[str, float]:
        """The metrics of a table that has the target."""
        found, truth = self.outputs(table), _numbered(self.recipe, table.columns[self.recipe.target], self.classes)
        if self.recipe.problem == REGRESSION:
            return measured(REGRESSION, truth, found[:, 0], None)
        return measured(self.recipe.problem, truth, found.argmax(axis=1), found)

    def save(self, folder: Path) -> None:
        """Write its files."""
        about = {
            "problem": self.recipe.problem, "target": self.recipe.target, "algorithm": self.recipe.algorithm,
            "settings": dict(self.recipe.settings), "columns": self.encoder.shape(), "classes": list(self.classes),
            "scale": list(self.scale),
        }  # fmt: skip
        (folder / _ABOUT).write_text(json.dumps(about, indent=2), encoding="utf-8")
        np.savez(folder / _ARRAYS, **self.arrays)  # type: ignore[arg-type]  # names are never `allow_pickle`


def load(folder: Path) -> Model:
    """The model of a folder. Raises InvalidInput for files that are none."""
    try:
        about = typed.loads((folder / _ABOUT).read_bytes())
        with np.load(folder / _ARRAYS, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        recipe = Recipe(about["problem"], about["target"], about["algorithm"], about["settings"])
        return Model(recipe, encoder_from(about["columns"]), about["classes"], tuple(about["scale"]), arrays)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as problem:
        raise InvalidInput(f"cannot read the model in {folder}: {problem!r}") from None


def fitted(recipe: Recipe, table: Table) -> Model:
    """A model of a table. Raises InvalidInput."""
    values = _target(recipe, table)
    encoder = encoder_of(table, recipe.target)
    classes = [] if recipe.problem == REGRESSION else classes_of(values)
    if recipe.problem == BINARY and len(classes) != 2:
        raise InvalidInput(f"the target must have two values for {BINARY}; it has {len(classes)}")
    numbers, scale = _numbered(recipe, values, classes), (0.0, 1.0)
    if recipe.problem == REGRESSION:
        scale = float(numbers.mean()), float(numbers.std()) or 1.0
        numbers = (numbers - scale[0]) / scale[1]
    wanted = targets(recipe.problem, numbers, len(classes))
    arrays = ALGORITHMS[recipe.algorithm].fit(encoder.encoded(table), wanted, LOSSES[recipe.problem], recipe.settings)
    return Model(recipe, encoder, classes, scale, arrays)


def validated(
    recipe: Recipe, table: Table, validation: Table | None, share: float | None
) -> tuple[Model, dict[str, float]]:
    """A model, and the metrics of records that it was not fitted to.

    These are the validation table's where there is one, else those of a `share` of the records that is held out, else
    the means over five parts, each judged by a model of the other four; then the model is fitted to all.
    """
    _target(recipe, table)
    if validation is None and share is None:
        parts = _folds(recipe, table)
        judged = [fitted(recipe, rows(table, parts != one)).measured(rows(table, parts == one)) for one in range(FOLDS)]
        return fitted(recipe, table), {name: float(np.mean([one[name] for one in judged])) for name in judged[0]}
    if validation is None:
        held = _folds(recipe, table, share) == 0
        table, validation = rows(table, ~held), rows(table, held)
    model = fitted(recipe, table)
    return model, model.measured(validation)


def rows(table: Table, chosen: npt.NDArray[np.bool_]) -> Table:
    """Some rows of a table."""
    at = np.flatnonzero(chosen)
    return Table({name: [values[one] for one in at.tolist()] for name, values in table.columns.items()}, table.named)


def known_rows(table: Table, target: str) -> Table:
    """The rows whose target is known. Raises InvalidInput without its column."""
    if target not in table.columns:
        raise InvalidInput(f"the data has no column {target}; it has {', '.join(table.columns) or 'none'}")
    return rows(table, np.array([one is not None for one in table.columns[target]], dtype=bool))


def classes_of(values: Sequence[Value]) -> list[str]:
    """The values of a target as texts, in the order of numbers where they are numbers."""
    different = {one for one in values if one is not None}
    return [label(one) for one in sorted(different, key=lambda one: (isinstance(one, str), one))]


def label(one: Value) -> str:
    """A class as text; 1 and 1.0 are the same."""
    return str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)


def _target(recipe: Recipe, table: Table) -> Sequence[Value]:
    values = table.columns[recipe.target]
    if len(values) < 2 * FOLDS:
        raise InvalidInput(f"the data has {len(values)} rows with a target; at least {2 * FOLDS} are needed")
    return values


def _numbered(recipe: Recipe, values: Sequence[Value], classes: Sequence[str]) -> Labels:
    """The target as numbers, classes by their place; a class that the model does not know is none of its own."""
    if recipe.problem != REGRESSION:
        places = {one: at for at, one in enumerate(classes)}
        return np.array([places.get(label(one), -1) for one in values])
    try:
        return np.array([float(one) for one in values if one is not None])
    except ValueError as problem:
        raise InvalidInput(f"the target {recipe.target} must hold numbers for {REGRESSION}: {problem}") from None


def _folds(recipe: Recipe, table: Table, share: float | None = None) -> npt.NDArray[np.int64]:
    """The part of each row: equal parts, or part 0 of a share and part 1; each class is spread evenly over them."""
    values = table.columns[recipe.target]
    order = np.random.default_rng(0).permutation(len(values))
    if recipe.problem != REGRESSION:
        places = {one: at for at, one in enumerate(classes_of(values))}
        order = order[np.argsort([places[label(values[one])] for one in order], kind="stable")]
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.arange(len(values))
    if share is None:
        return np.asarray(place % FOLDS)
    return np.asarray((np.floor((place + 1) * share) == np.floor(place * share)).astype(np.int64))
