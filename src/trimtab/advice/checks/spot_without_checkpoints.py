"""Training on spot that starts from nothing after each interruption."""

from typing import Any

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import ago, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import age_days, said

_KIND = "sagemaker:training-job"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    spot, made = thing.get("EnableManagedSpotTraining"), thing.get("CreationTime")
    if spot is None or made is None:
        return Unsure(thing, "whether it ran on spot was not read")
    if not spot or thing.get("CheckpointConfig") or age_days(facts, int(made)) > knobs["days"]:
        return None
    hours = float(thing.get("TrainingTimeInSeconds", default=0)) / 3600
    running = thing.get("TrainingJobStatus") == "InProgress"
    if not running and hours < knobs["hours"]:
        return None
    what = f"{thing.get('InstanceCount', default=1)} × {thing.get('InstanceType', default='?')}"
    text = (
        f"ran on spot without checkpoints for {hours:.1f} hours" if not running else "runs on spot without checkpoints"
    )
    return Found(thing, text, (said("machines", what), said("training time", f"{hours:.1f} h")), 0.9)


def _job(id_: str, **more: Any) -> Thing:
    return thing(_KIND, id_, CreationTime=ago(3), TrainingTimeInSeconds=18_000, TrainingJobStatus="Completed", **more)


CHECK = Check(
    id="trimtab-spot-without-checkpoints",
    name="Spot Training Without Checkpoints",
    pillar=Pillar.FAULT_TOLERANCE,
    about="Spot machines are taken back with two minutes' notice; a job without checkpoints then begins again, and its "
    "GPU-hours are lost.",
    alert="managed spot training of an hour or more without a checkpoint place, in the last 30 days",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html",
    settings=(
        Setting(
            "hours",
            1,
            "hours",
            "of training from which a loss matters",
            "managed spot limits jobs without checkpoints to 60 minutes",
        ),
        Setting("days", 30, "days", "back in which jobs are looked at", "what the connector reads"),
    ),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.MEDIUM,
    status=Status.WARNING,
    fix="in the training job of {id}: CheckpointConfig={{S3Uri: s3://BUCKET/checkpoints/{id}, LocalPath: "
    "/opt/ml/checkpoints}}, and save there every few minutes",
    examples=Examples(
        Example("five hours on spot, no checkpoints", given(_job("bert", EnableManagedSpotTraining=True)), ("bert",)),
        Example(
            "with checkpoints, and one on demand",
            given(
                _job("a", EnableManagedSpotTraining=True, CheckpointConfig={"S3Uri": "s3://b/c"}),
                _job("b", EnableManagedSpotTraining=False),
            ),
        ),
        Example("not known whether on spot", given(_job("c")), (), ("c",)),
    ),
)
