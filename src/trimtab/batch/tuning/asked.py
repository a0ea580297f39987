"""What a tuning job asks for, read from its request; its training jobs, and how good each was."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.batch.containers.asked import OBJECTIVE, asked_of
from trimtab.batch.tuning.halving import Halving, below_median, halving_of
from trimtab.batch.tuning.search import BAYESIAN, HYPERBAND, trial, trials_of
from trimtab.batch.tuning.space import Ranges
from trimtab.batch.tuning.trials import ENDED_EARLY, Search, trial_name
from trimtab.inventory.served.model import TRAINING, Served

TUNED_BY = "TuningJobArn"  # of a training job's request
_CARRIED = (
    "AlgorithmSpecification", "RoleArn", "InputDataConfig", "VpcConfig", "OutputDataConfig", "ResourceConfig",
    "StoppingCondition", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining", "CheckpointConfig", "RetryStrategy", "Environment",
)  # fmt: skip


class Tuning(Search, frozen=True, kw_only=True):
    """A tuning job: its request read."""

    definition: Mapping[str, Any]
    ranges: Ranges
    strategy: str
    seed: int | str
    halving: Halving | None = None
    early: bool = False

    def form(self, arn: str, number: int, known: Sequence[Served] = ()) -> dict[str, Any]:
        """The request of the training job of a trial, by what earlier ones said of the objective."""
        if self.strategy == BAYESIAN:
            tuned = self.proposed(self.ranges, self.seed, number, known)
        else:
            tuned = trial(self.strategy, self.ranges, self.seed, number)
        form = {name: self.definition[name] for name in _CARRIED if name in self.definition}
        form |= _resources(self.definition)
        fixed = self.definition.get("StaticHyperParameters") or {}
        return form | {"HyperParameters": {**fixed, **tuned, OBJECTIVE: self.metric}, TUNED_BY: arn}

    def tuned(self, one: Served) -> dict[str, str]:
        """The parameters of a training job that are searched."""
        fixed = {*(self.definition.get("StaticHyperParameters") or {}), OBJECTIVE}
        return {name: value for name, value in one.form["HyperParameters"].items() if name not in fixed}

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
    strategy = config["Strategy"]
    found = Tuning(
        definition=definition,
        ranges=ranges,
        strategy=strategy,
        seed=config.get("RandomSeed", arn),
        trials=trials_of(strategy, ranges, limits.get("MaxNumberOfTrainingJobs")),
        parallel=limits["MaxParallelTrainingJobs"],
        longest_s=limits.get("MaxRuntimeInSeconds"),
        metric=objective["MetricName"],
        maximize=objective["Type"] == "Maximize",
        target=criteria.get("TargetObjectiveMetricValue"),
        patience=(criteria.get("BestObjectiveNotImproving") or {}).get("MaxNumberOfTrainingJobsNotImproving"),
        halving=halving_of(config, definition.get("StaticHyperParameters") or {}) if strategy == HYPERBAND else None,
        early=config.get("TrainingJobEarlyStoppingType") == "Auto",
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
