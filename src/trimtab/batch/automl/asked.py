"""What an AutoML job asks for, read from its request of either version; its candidates, each a training job."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.batch.automl.model import ALGORITHMS
from trimtab.batch.automl.problem import METRICS, check_objective, maximized
from trimtab.batch.automl.train import ALGORITHM, PROBLEM, SHARE, TARGET
from trimtab.batch.containers.asked import OBJECTIVE
from trimtab.batch.tuning.space import CONTINUOUS, INTEGER, Ranges
from trimtab.batch.tuning.trials import Search
from trimtab.inventory.served.model import Served

IMAGE = "trimtab/sagemaker-automl:1"
"""What a definition of the settings' file is to name among its images."""
TRAINED_BY = "AutoMLJobArn"  # of a training job's request
DEFAULT_CANDIDATES, PARALLEL = 30, 4
_MACHINE = "ml.m5.4xlarge"  # as the service's own candidates have
_TUNING = "HYPERPARAMETER_TUNING"
_DAY_S = 86_400
_FIRST: Mapping[str, Mapping[str, str]] = {
    "xgboost": {"rounds": "60", "max_depth": "3", "eta": "0.15"},
    "linear-learner": {"l2": "0.001"},
    "mlp": {"units": "16", "l2": "0.0001", "rate": "0.005"},
}
"""What each algorithm is tried with first."""


def _logarithmic(name: str, least: str, most: str) -> dict[str, str]:
    return {"Name": name, "MinValue": least, "MaxValue": most, "ScalingType": "Logarithmic"}


RANGES: Mapping[str, Ranges] = {
    "xgboost": {
        INTEGER: [{"Name": "max_depth", "MinValue": "1", "MaxValue": "6"}, _logarithmic("rounds", "20", "200")],
        CONTINUOUS: [_logarithmic("eta", "0.03", "0.5")],
    },
    "linear-learner": {CONTINUOUS: [_logarithmic("l2", "0.000001", "10")]},
    "mlp": {
        INTEGER: [_logarithmic("units", "4", "64")],
        CONTINUOUS: [_logarithmic("l2", "0.000001", "0.1"), _logarithmic("rate", "0.0005", "0.03")],
    },
}


class Wish(Struct, frozen=True, kw_only=True):
    """An AutoML job's request. `problem` and `objective` are empty where the data are to say."""

    channels: Mapping[str, Mapping[str, Any]]
    target: str
    problem: str
    objective: str
    algorithms: Sequence[str]
    candidates: int
    training_s: int
    longest_s: int | None
    share: float | None
    output: str
    role: str


class Candidates(Search, frozen=True, kw_only=True):
    """The candidates of a job: each algorithm in turn, first as is usual, then by what is known of it."""

    wish: Wish
    problem: str

    def form(self, arn: str, number: int, known: Sequence[Served] = ()) -> dict[str, Any]:
        """The request of the training job of a candidate."""
        at, kind = divmod(number, len(self.wish.algorithms))
        algorithm = self.wish.algorithms[kind]
        alike = [one for one in known if one.form["HyperParameters"][ALGORITHM] == algorithm]
        tuned = _FIRST[algorithm] if not at else self.proposed(RANGES[algorithm], f"{arn}/{algorithm}", at, alike)
        fixed = {TARGET: self.wish.target, PROBLEM: self.problem, ALGORITHM: algorithm, OBJECTIVE: self.metric}
        if self.wish.share is not None:
            fixed[SHARE] = repr(self.wish.share)
        return {
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE, "TrainingInputMode": "File",
                "MetricDefinitions": [
                    {"Name": f"{set_}:{name}", "Regex": f"^{set_}:{name}=(\\S+)$"}
                    for set_ in ("train", "validation") for name in METRICS[self.problem]
                ],
            },
            "HyperParameters": {**fixed, **tuned},
            "InputDataConfig": [{"ChannelName": name, **one} for name, one in self.wish.channels.items()],
            "OutputDataConfig": {"S3OutputPath": f"{self.wish.output}/tuning"},
            "ResourceConfig": {"InstanceType": _MACHINE, "InstanceCount": 1, "VolumeSizeInGB": 50},
            "RoleArn": self.wish.role,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.wish.training_s},
            TRAINED_BY: arn,
        }  # fmt: skip

    def tuned(self, one: Served) -> dict[str, str]:
        """The settings of a candidate's algorithm."""
        fixed = (TARGET, PROBLEM, ALGORITHM, SHARE, OBJECTIVE)
        return {name: value for name, value in one.form["HyperParameters"].items() if name not in fixed}


def wish_of(name: str, form: Mapping[str, Any]) -> Wish:
    """What a request of either version asks for. Raises InvalidInput for what cannot be."""
    config = form.get("AutoMLProblemTypeConfig")
    if config is not None and "TabularJobConfig" not in config:
        raise InvalidInput(f"{next(iter(config), 'AutoMLProblemTypeConfig')} is not available: data must be tabular.")
    second = config is not None
    table = config["TabularJobConfig"] if config is not None else _of_first(form)
    for unknown in ("SampleWeightAttributeName", "FeatureSpecificationS3Uri", "GenerateCandidateDefinitionsOnly"):
        if table.get(unknown):
            raise InvalidInput(f"{unknown} is not available.")
    if form.get("ModelDeployConfig"):
        raise InvalidInput("ModelDeployConfig is not available: make an endpoint of the best candidate.")
    if table.get("Mode") == "ENSEMBLING":
        raise InvalidInput(f"The ENSEMBLING mode is not available: expected {_TUNING} or AUTO.")
    problem, objective = table.get("ProblemType") or "", (form.get("AutoMLJobObjective") or {}).get("MetricName") or ""
    if bool(problem) != bool(objective):
        raise InvalidInput("You must either provide both the AutoMLJobObjective and the ProblemType, or none at all.")
    if problem:
        check_objective(problem, objective)
    given = form["AutoMLJobInputDataConfig" if second else "InputDataConfig"]
    generation, limits = table.get("CandidateGenerationConfig") or {}, table.get("CompletionCriteria") or {}
    split = form if second else form.get("AutoMLJobConfig") or {}
    return Wish(
        channels=_channels(given),
        target=table["TargetAttributeName"],
        problem=problem,
        objective=objective,
        algorithms=_algorithms(generation.get("AlgorithmsConfig") or ()),
        candidates=limits.get("MaxCandidates") or DEFAULT_CANDIDATES,
        training_s=limits.get("MaxRuntimePerTrainingJobInSeconds") or _DAY_S,
        longest_s=limits.get("MaxAutoMLJobRuntimeInSeconds"),
        share=_share((split.get("DataSplitConfig") or {}).get("ValidationFraction")),
        output=f"{form['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}",
        role=form["RoleArn"],
    )


def candidates_of(wish: Wish, problem: str) -> Candidates:
    """The candidates of a wish, once the kind of problem is known."""
    objective = wish.objective or METRICS[problem][0]
    return Candidates(
        trials=wish.candidates,
        parallel=PARALLEL,
        longest_s=wish.longest_s,
        metric=f"validation:{objective}",
        maximize=maximized(objective),
        wish=wish,
        problem=problem,
    )


def _of_first(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """A request of the first version, with the members of TabularJobConfig."""
    config, inputs = form.get("AutoMLJobConfig") or {}, form["InputDataConfig"]
    targets = {one["TargetAttributeName"] for one in inputs}
    if len(targets) > 1:
        raise InvalidInput("The channels of InputDataConfig must have the same TargetAttributeName.")
    generation = config.get("CandidateGenerationConfig") or {}
    return {
        **{
            name: config[name] for name in ("CompletionCriteria", "Mode", "CandidateGenerationConfig") if name in config
        },
        "FeatureSpecificationS3Uri": generation.get("FeatureSpecificationS3Uri"),
        "GenerateCandidateDefinitionsOnly": form.get("GenerateCandidateDefinitionsOnly"),
        "SampleWeightAttributeName": next((one.get("SampleWeightAttributeName") for one in inputs), None),
        "ProblemType": form.get("ProblemType"),
        "TargetAttributeName": inputs[0]["TargetAttributeName"],
    }


def _channels(given: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Channels by the name of a training job's: train, and validation where there is one."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in given:
        name = "validation" if one.get("ChannelType") == "validation" else "train"
        source = (one.get("DataSource") or {}).get("S3DataSource")
        if name in found or not source:
            raise InvalidInput("The input data must be one channel of each ChannelType, with an S3DataSource.")
        if source["S3DataType"] == "AugmentedManifestFile":
            raise InvalidInput("S3DataType AugmentedManifestFile is not supported for tabular data.")
        content = (one.get("ContentType") or "text/csv;header=present").replace(" ", "").lower()
        if content not in ("text/csv", "text/csv;header=present"):
            raise InvalidInput(f"ContentType must be text/csv;header=present, got {one['ContentType']}.")
        packed = {"CompressionType": one["CompressionType"]} if one.get("CompressionType") else {}
        found[name] = {"DataSource": {"S3DataSource": source}, **packed, "ContentType": "text/csv"}
    if "train" not in found:
        raise InvalidInput("The input data must have a channel of the ChannelType training.")
    return found


def _algorithms(given: Sequence[Mapping[str, Any]]) -> list[str]:
    asked = [name for one in given for name in one.get("AutoMLAlgorithms") or ()]
    unknown = sorted(set(asked) - set(ALGORITHMS))
    if unknown:
        raise InvalidInput(
            f"The algorithm {unknown[0]} is not available in the {_TUNING} mode: {', '.join(ALGORITHMS)}."
        )
    return [name for name in ALGORITHMS if not asked or name in asked]


def _share(given: float | None) -> float | None:
    if given is not None and not 0 < given < 1:
        raise InvalidInput(f"ValidationFraction must be greater than 0 and less than 1, got {given}.")
    return given
