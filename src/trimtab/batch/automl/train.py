"""The command of an AutoML job's image: looks at the data, or trains a candidate, in the folder of a job.

    python -m trimtab.batch.automl.train FOLDER

A processing job writes what it finds as `analysis.json`; a training job writes the model, and says the metrics of the
records that it was fitted to, and of those that it was not.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.batch.automl.encoding import encoder_of
from trimtab.batch.automl.model import Recipe, known_rows, validated
from trimtab.batch.automl.problem import problem_of
from trimtab.batch.monitor.dataset import Table, read_table
from trimtab.batch.monitor.model_quality import REGRESSION

TARGET, PROBLEM, ALGORITHM, SHARE = "target", "problem_type", "algorithm", "validation_fraction"
"""Hyperparameters of training jobs; the first two are of what a processing job's request has as `ASKED` too."""
ASKED = "AutoML"
ANALYSIS = "analysis.json"
_CSV = {"csv": {"header": True}}


def main(folder: Path) -> int:
    """Do the job of a folder; the exit code. Why it failed is in the file for that."""
    try:
        if (folder / "config/processingjobconfig.json").exists():
            _analyze(folder)
        else:
            _train(folder)
    except InvalidInput as problem:
        (folder / "output").mkdir(parents=True, exist_ok=True)
        (folder / "output/failure").write_text(str(problem), encoding="utf-8")
        return 1
    return 0


def _analyze(folder: Path) -> None:
    asked = typed.loads((folder / "config/processingjobconfig.json").read_bytes())[ASKED]
    table = _table(folder / "processing/input/train", asked[TARGET])
    found = analyzed(table, asked[TARGET], asked.get(PROBLEM) or "")
    validation = folder / "processing/input/validation"
    if validation.exists():
        _table(validation, asked[TARGET])
    (folder / "processing/output" / ANALYSIS).write_text(json.dumps(found, indent=2), encoding="utf-8")
    _say([f"{found['problem_type']} of {asked[TARGET]}: {found['rows']} rows, {len(found['features'])} features"])


def analyzed(table: Table, target: str, problem: str) -> dict[str, Any]:
    """What is to be known of a table before candidates are chosen. Raises InvalidInput."""
    found = problem_of(table.columns[target])
    if problem and problem != REGRESSION and found == REGRESSION and len(set(table.columns[target])) > table.rows / 2:
        raise InvalidInput(f"the target {target} has a value of its own in most rows: it cannot be a class")
    return {
        "problem_type": problem or found,
        "rows": table.rows,
        "features": encoder_of(table, target).names,
        "classes": len(set(table.columns[target])) if (problem or found) != REGRESSION else 0,
    }


def _train(folder: Path) -> None:
    asked: Mapping[str, str] = typed.loads((folder / "input/config/hyperparameters.json").read_bytes())
    own = (TARGET, PROBLEM, ALGORITHM, SHARE)
    settings = {name: float(value) for name, value in asked.items() if name not in own and not name.startswith("_")}
    recipe = Recipe(asked[PROBLEM], asked[TARGET], asked[ALGORITHM], settings)
    table, other = _table(folder / "input/data/train", recipe.target), folder / "input/data/validation"
    validation = _table(other, recipe.target) if other.exists() else None
    model, judged = validated(recipe, table, validation, float(asked[SHARE]) if asked.get(SHARE) else None)
    model.save(folder / "model")
    sets = {"train": model.measured(table), "validation": judged}
    _say([f"{set_}:{name}={value!r}" for set_, metrics in sets.items() for name, value in metrics.items()])


def _table(folder: Path, target: str) -> Table:
    return known_rows(read_table(folder, _CSV), target)


def _say(lines: Sequence[str]) -> None:
    sys.stdout.writelines(f"{one}\n" for one in lines)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
