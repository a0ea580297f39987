"""What serves: models, endpoint configurations, endpoints and their jobs, as SageMaker's API names them.

A model is where something listens already: its container's environment names the URL that
takes POST of an invocation, `TRIMTAB_URL`; a model of another machine type has `TRIMTAB_URL_ml_g5_xlarge` and the like.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from trimtab.base.partitions import partition_of

URL_KEY = "TRIMTAB_URL"
BODY_KEY = "TRIMTAB_BODY"
MODEL, CONFIG, ENDPOINT, PACKAGE = "model", "endpoint-config", "endpoint", "model-package"
RECOMMENDATION, TRANSFORM, MONITORING = "inference-recommendations-job", "transform-job", "monitoring-schedule"
TRAINING, PROCESSING, TRAINING_PLAN = "training-job", "processing-job", "training-plan"
TUNING, AUTOML = "hyper-parameter-tuning-job", "automl-job"
DEFINITIONS = {
    "DataQuality": "data-quality-job-definition",
    "ModelQuality": "model-quality-job-definition",
    "ModelBias": "model-bias-job-definition",
}
"""Kinds of what is monitored, by MonitoringType."""
GROUP, PIPELINE, EXECUTION = "model-package-group", "pipeline", "pipeline-execution"
RESERVATION = "capacity-reservation"  # of EC2
EXPERIMENT, TRIAL, COMPONENT = "experiment", "experiment-trial", "experiment-trial-component"
KINDS = (
    MODEL, CONFIG, ENDPOINT, PACKAGE, GROUP, RECOMMENDATION, TRANSFORM, MONITORING, TRAINING, PROCESSING,
    TRAINING_PLAN, TUNING, AUTOML, PIPELINE, EXPERIMENT, TRIAL, COMPONENT, *DEFINITIONS.values(),
)  # fmt: skip


class Served(Struct, frozen=True):
    """One resource: `form` is the request that made it (times in ms), `state` what became of it since."""

    account: str
    region: str
    kind: str
    name: str
    status: str
    form: Mapping[str, Any]
    state: Mapping[str, Any] = field(default_factory=dict)
    created_ms: int = 0
    updated_ms: int = 0

    @property
    def arn(self) -> str:
        """Its ARN; SageMaker writes names in small letters there."""
        return arn_of(self.account, self.region, self.kind, self.name)


def arn_of(account: str, region: str, kind: str, name: str) -> str:
    """The ARN of a resource."""
    service = "ec2" if kind == RESERVATION else "sagemaker"
    return f"arn:{partition_of(region)}:{service}:{region}:{account}:{kind}/{name.lower()}"


def containers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers of a model's form."""
    primary = model.get("PrimaryContainer")
    return [primary] if primary else list(model.get("Containers") or ())


def url_of(model: Mapping[str, Any], instance_type: str = "") -> str:
    """Where a model listens, for a machine type where it has one of its own; empty where it says nowhere."""
    key = f"{URL_KEY}_{instance_type.replace('.', '_').replace('-', '_')}"
    for one in containers(model):
        environment = one.get("Environment") or {}
        found = environment.get(key) or environment.get(URL_KEY)
        if found:
            return str(found)
    return ""


def body_of(model: Mapping[str, Any]) -> str:
    """The body of an invocation by which a model is tested: `TRIMTAB_BODY` of its environment, else an empty object."""
    found = [(one.get("Environment") or {}).get(BODY_KEY) for one in containers(model)]
    return str(next((one for one in found if one), "{}"))
