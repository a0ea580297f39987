"""What a training or processing job asks for, read from its request: an image, inputs and outputs below `/opt/ml`."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.inventory.served.model import PROCESSING, TRAINING

ROOT = "/opt/ml/"
OBJECTIVE = "_tuning_objective_metric"
"""The hyperparameter that tells a training job of a search what counts (SageMaker developer guide)."""
_LONGEST_PATTERN = 500
_DAY_S = 86_400
_PROCESSING_S = 5 * _DAY_S  # how long a job may take that does not say: the service's limits
Form = Mapping[str, Any]


class Input(Struct, frozen=True):
    """Data that a job finds at `path`, below `/opt/ml`. `source` is as InputDataConfig has it."""

    path: str
    source: Form


class Output(Struct, frozen=True):
    """What a job leaves at `path`, below `/opt/ml`, and where it goes; `packed` is the name of one file of it all."""

    path: str
    uri: str
    packed: str = ""


class Measure(Struct, frozen=True):
    """A metric that lines of the log tell: the first group of the pattern is its value."""

    name: str
    pattern: re.Pattern[str]


class Asked(Struct, frozen=True, kw_only=True):
    """A job, whichever of the two it is."""

    image: str
    entrypoint: Sequence[str]
    arguments: Sequence[str]
    environment: Mapping[str, str]
    parameters: Mapping[str, str]
    inputs: Sequence[Input]
    outputs: Sequence[Output]
    measures: Sequence[Measure]
    instance_type: str
    instances: int
    timeout_s: int


def asked_of(kind: str, name: str, form: Form) -> Asked:
    """The job that a request asks for. Raises InvalidInput for what cannot be."""
    try:
        return _READ[kind](name, form)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise InvalidInput(f"the request of {kind} {name} cannot be read: {problem!r}") from None


def _training(name: str, form: Form) -> Asked:
    algorithm, resources = form["AlgorithmSpecification"], form["ResourceConfig"]
    image = algorithm.get("TrainingImage") or algorithm.get("AlgorithmName") or ""
    if not image:
        raise InvalidInput("AlgorithmSpecification must have a TrainingImage or an AlgorithmName")
    if not resources.get("InstanceType"):
        raise InvalidInput("ResourceConfig must have an InstanceType: jobs run on the local pool, one machine each")
    target = form["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    channels = form.get("InputDataConfig") or ()
    if len({one["ChannelName"] for one in channels}) < len(channels):
        raise InvalidInput("InputDataConfig must name each channel once")
    for one in channels:
        if not one["DataSource"].get("S3DataSource"):
            raise InvalidInput(f"channel {one['ChannelName']} must have an S3DataSource")
    return Asked(
        image=image,
        entrypoint=algorithm.get("ContainerEntrypoint") or (),
        arguments=algorithm.get("ContainerArguments") or (),
        environment=form.get("Environment") or {},
        parameters=form.get("HyperParameters") or {},
        inputs=[Input(f"input/data/{one['ChannelName']}", one) for one in channels],
        outputs=[
            Output("model", f"{target}/{name}/output", "model.tar.gz"),
            Output("output/data", f"{target}/{name}/output", "output.tar.gz"),
        ],
        measures=[_measure(one) for one in algorithm.get("MetricDefinitions") or ()],
        instance_type=resources["InstanceType"],
        instances=int(resources.get("InstanceCount") or 1),
        timeout_s=int((form.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds") or _DAY_S),
    )


def _processing(name: str, form: Form) -> Asked:
    application, cluster = form["AppSpecification"], form["ProcessingResources"]["ClusterConfig"]
    inputs = [_input(one) for one in form.get("ProcessingInputs") or ()]
    outputs = [_output(one) for one in (form.get("ProcessingOutputConfig") or {}).get("Outputs") or ()]
    return Asked(
        image=application["ImageUri"],
        entrypoint=application.get("ContainerEntrypoint") or (),
        arguments=application.get("ContainerArguments") or (),
        environment=form.get("Environment") or {},
        parameters={},
        inputs=inputs,
        outputs=outputs,
        measures=(),
        instance_type=cluster["InstanceType"],
        instances=int(cluster["InstanceCount"]),
        timeout_s=int((form.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds") or _PROCESSING_S),
    )


_READ: Mapping[str, Callable[[str, Form], Asked]] = {TRAINING: _training, PROCESSING: _processing}


def _input(one: Form) -> Input:
    given = one.get("S3Input")
    if not given:
        raise InvalidInput(f"ProcessingInput {one['InputName']} must have an S3Input")
    source = {"S3DataType": given["S3DataType"], "S3Uri": given["S3Uri"]}
    packed = {"CompressionType": given["S3CompressionType"]} if given.get("S3CompressionType") else {}
    return Input(inside(given.get("LocalPath") or ""), {"DataSource": {"S3DataSource": source}, **packed})


def _output(one: Form) -> Output:
    given = one.get("S3Output")
    if not given or not given.get("LocalPath"):
        raise InvalidInput(f"ProcessingOutput {one['OutputName']} must have an S3Output with a LocalPath")
    return Output(inside(given["LocalPath"]), given["S3Uri"])


def inside(path: str) -> str:
    """A path of a container, below `/opt/ml`. Raises InvalidInput for one that leads elsewhere."""
    below = path.removeprefix(ROOT)
    if not path.startswith(ROOT) or not below or ".." in below.split("/"):
        raise InvalidInput(f"LocalPath must lie below {ROOT}, got {path!r}")
    return below.rstrip("/")


def _measure(one: Form) -> Measure:
    name, regex = one["Name"], one["Regex"]
    try:
        pattern = re.compile(regex[:_LONGEST_PATTERN])
    except re.error as problem:
        raise InvalidInput(f"the regular expression of metric {name} cannot be read: {problem}") from None
    if not pattern.groups:
        raise InvalidInput(f"the regular expression of metric {name} needs a group for the value")
    return Measure(name, pattern)
