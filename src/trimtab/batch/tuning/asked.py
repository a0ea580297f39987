"""What a tuning job asks for, read from its request; its training jobs, and how good each was."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.base.records import replace
from trimtab.batch.containers.asked import OBJECTIVE, asked_of
from trimtab.batch.tuning.bayes import Tried, proposed
from trimtab.batch.tuning.halving import Halving, below_median, halving_of
from trimtab.batch.tuning.search import BAYESIAN, HYPERBAND, trial, trials_of
from trimtab.batch.tuning.space import Ranges, Space
from trimtab.inventory.served.model import TRAINING, Served

ENDED_EARLY = "ended_early"  # of a tuning job's state: the names of those training jobs
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
    halving: Halving | None = None
    early: bool = False
    ended_early: frozenset[str] = frozenset()

    def better(self, value: float, than: float | None) -> bool:
        """Whether a value is better than another."""
        return than is None or (value > than if self.maximize else value < than)

    def form(self, arn: str, number: int, known: Sequence[Served] = ()) -> dict[str, Any]:
        """The request of the training job of a trial, by what earlier ones said of the objective."""
        if self.strategy == BAYESIAN:
            tried = [Tried(self.tuned(one), self._loss(one)) for one in known]
            tuned = proposed(Space(self.ranges), self.seed, number, tried)
        else:
            tuned = trial(self.strategy, self.ranges, self.seed, number)
        form = {name: self.definition[name] for name in _CARRIED if name in self.definition}
        form |= _resources(self.definition)
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

    def counts(self, one: Served) -> bool:
        """Whether what a training job said counts: it came to its end, or to that which the search gave it."""
        return one.status == "Completed" or (one.status == "Stopped" and one.name in self.ended_early)

    def loses(self, number: int, one: Served, known: Sequence[Served]) -> bool:
        """Whether a training job that runs is to be stopped."""
        course = one.state.get("course") or ()
        others = [other for other in known if other.name != one.name]
        if self.halving is not None:
            rungs = self.halving.rungs(self.seed, number)
            courses = [other.state.get("course") or () for other in others]
            return self.halving.ends(rungs, course, courses, maximize=self.maximize)
        over = [other.state.get("course") or () for other in others if self.counts(other)]
        return self.early and below_median(course, over, maximize=self.maximize)

    def _loss(self, one: Served) -> float | None:
        """The objective of a trial, of which less is better; None while it runs."""
        if one.status in ("InProgress", "Stopping"):
            return None
        value = self.value(one) if self.counts(one) else None
        return math.inf if value is None else -value if self.maximize else value

    def best(self, some: Sequence[Served]) -> Served | None:
        """The training job with the best objective of those that count, the first of equals."""
        found, least = None, None
        for one in some:
            value = self.value(one) if self.counts(one) else None
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
        halving_of(config, definition.get("StaticHyperParameters") or {}) if config["Strategy"] == HYPERBAND else None,
        config.get("TrainingJobEarlyStoppingType") == "Auto",
    )
    metrics = definition["AlgorithmSpecification"].get("MetricDefinitions") or ()
    if found.metric not in [one["Name"] for one in metrics]:
        raise InvalidInput(f"MetricDefinitions must define {found.metric}, the objective metric.")
    asked_of(TRAINING, trial_name(name, arn, 0), found.form(arn, 0))
    return found


def tuning_for(job: Served) -> Tuning:
    """The tuning job that is kept, with the training jobs that it ended early. Raises InvalidInput, as above."""
    return replace(tuning_of(job.name, job.arn, job.form), ended_early=frozenset(job.state.get(ENDED_EARLY) or ()))


def _resources(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The ResourceConfig of training jobs, where a definition says it as the SDK does, by kinds of machine in order."""
    given = definition.get("HyperParameterTuningResourceConfig")
    if not given:
        return {}
    first: Mapping[str, Any] = next(iter(given.get("InstanceConfigs") or ()), {})
    names = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
    return {
        "ResourceConfig": {name: value for name in names if (value := given.get(name, first.get(name))) is not None}
    }


def trial_name(name: str, arn: str, number: int) -> str:
    """The name of a trial's training job."""
    return f"{name}-{number + 1:03d}-{hash64(f'{arn}/{number}'):016x}"[: len(name) + 13]
