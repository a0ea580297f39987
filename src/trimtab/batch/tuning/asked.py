"""What a tuning job asks for, read from its request; its training jobs, and how good each was."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.batch.containers.asked import asked_of
from trimtab.batch.tuning.search import Ranges, trial, trials_of
from trimtab.inventory.served.model import TRAINING, Served

OBJECTIVE = "_tuning_objective_metric"
"""The hyperparameter that tells a training job what counts (SageMaker developer guide)."""
_CARRIED = (
    "AlgorithmSpecification", "RoleArn", "InputDataConfig", "VpcConfig", "OutputDataConfig", "ResourceConfig",
    "StoppingCondition", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining", "CheckpointConfig", "RetryStrategy", "Environment",
)  # fmt: skip


class Tuning(Struct, frozen=True):
    """A tuning job: its request read."""

    definition: Mapping[str, Any]
    ranges: Ranges
    strategy: str
    seed: int | str
    trials: int
    parallel: int
    longest_s: int | None
    metric: str
    maximize: bool
    target: float | None
    patience: int | None

    def better(self, value: float, than: float | None) -> bool:
        """Whether a value is better than another."""
        return than is None or (value > than if self.maximize else value < than)

    def form(self, arn: str, number: int) -> dict[str, Any]:
        """The request of the training job of a trial."""
        tuned = trial(self.strategy, self.ranges, self.seed, number)
        form = {name: self.definition[name] for name in _CARRIED if name in self.definition}
        fixed = self.definition.get("StaticHyperParameters") or {}
        return form | {"HyperParameters": {**fixed, **tuned, OBJECTIVE: self.metric}, "TuningJobArn": arn}

    def tuned(self, one: Served) -> dict[str, str]:
        """The parameters of a training job that are searched."""
        fixed = {*(self.definition.get("StaticHyperParameters") or {}), OBJECTIVE}
        return {name: value for name, value in one.form["HyperParameters"].items() if name not in fixed}

    def value(self, one: Served) -> float | None:
        """What a training job said of the objective last; None where it said nothing."""
        return next(
            (metric["value"] for metric in one.state.get("metrics") or () if metric["name"] == self.metric), None
        )

    def best(self, some: Sequence[Served]) -> Served | None:
        """The completed training job with the best objective, the first of equals."""
        found, least = None, None
        for one in some:
            value = self.value(one) if one.status == "Completed" else None
            if value is not None and self.better(value, least):
                found, least = one, value
        return found


def tuning_of(name: str, arn: str, form: Mapping[str, Any]) -> Tuning:
    """The tuning job that a request asks for. Raises InvalidInput for what cannot be."""
    config = form["HyperParameterTuningJobConfig"]
    for unknown in ("WarmStartConfig", "Autotune", "TrainingJobDefinitions"):
        if form.get(unknown):
            raise InvalidInput(f"{unknown} is not available.")
    definition = form.get("TrainingJobDefinition")
    if not definition:
        raise InvalidInput("TrainingJobDefinition must be given.")
    objective = config.get("HyperParameterTuningJobObjective") or definition.get("TuningObjective")
    if not objective:
        raise InvalidInput("HyperParameterTuningJobObjective must be given.")
    limits, criteria = config["ResourceLimits"], config.get("TuningJobCompletionCriteria") or {}
    ranges = config.get("ParameterRanges") or definition.get("HyperParameterRanges") or {}
    found = Tuning(
        definition,
        ranges,
        config["Strategy"],
        config.get("RandomSeed", arn),
        trials_of(config["Strategy"], ranges, limits.get("MaxNumberOfTrainingJobs")),
        limits["MaxParallelTrainingJobs"],
        limits.get("MaxRuntimeInSeconds"),
        objective["MetricName"],
        objective["Type"] == "Maximize",
        criteria.get("TargetObjectiveMetricValue"),
        (criteria.get("BestObjectiveNotImproving") or {}).get("MaxNumberOfTrainingJobsNotImproving"),
    )
    metrics = definition["AlgorithmSpecification"].get("MetricDefinitions") or ()
    if found.metric not in [one["Name"] for one in metrics]:
        raise InvalidInput(f"MetricDefinitions must define {found.metric}, the objective metric.")
    asked_of(TRAINING, trial_name(name, arn, 0), found.form(arn, 0))
    return found


def trial_name(name: str, arn: str, number: int) -> str:
    """The name of a trial's training job."""
    return f"{name}-{number + 1:03d}-{hash64(f'{arn}/{number}'):016x}"[: len(name) + 13]
