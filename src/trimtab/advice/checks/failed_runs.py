"""Training jobs that fail again and again."""

from collections.abc import Iterator

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure
from trimtab.advice.examples import ago, given, known, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.gpu_types import gpus_of
from trimtab.advice.judging import said

_KIND = "sagemaker:training-job"


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    owners: dict[str, list[Thing]] = {}
    for one in facts.of(_KIND):
        if one.get("TrainingJobStatus") is None:
            yield Unsure(one, "how it ended was not read")
            continue
        owners.setdefault(one.owner or "nobody", []).append(one)
    for owner, jobs in sorted(owners.items()):
        subject = max(jobs, key=lambda one: int(one.get("CreationTime", default=0)))
        ended = [one for one in jobs if one.get("TrainingJobStatus") in ("Completed", "Failed", "Stopped")]
        failed = [one for one in ended if one.get("TrainingJobStatus") == "Failed"]
        if len(ended) < knobs["jobs"] or len(failed) / len(ended) < knobs["share"] / 100:
            yield Fine(subject)
            continue
        hours = sum(
            float(one.get("BillableTimeInSeconds", default=0))
            / 3600
            * gpus_of(one.get("InstanceType", default=""))
            * int(one.get("InstanceCount", default=1))
            for one in failed
        )
        reasons = sorted({str(one.get("FailureReason", default=""))[:60] for one in failed})
        evidence = (said("failed", f"{len(failed)} of {len(ended)}"), said("reasons", "; ".join(reasons[:3])))
        text = f"{len(failed)} of {len(ended)} training jobs of {owner} failed"
        yield Found(subject, text, evidence, 0.7, gpu_hours=hours, part=owner, words={"owner": owner})


def _job(number: int, state: str | None) -> Thing:
    return thing(
        _KIND,
        f"job-{number}",
        CreationTime=ago(10 - number),
        InstanceType="ml.g5.xlarge",
        BillableTimeInSeconds=7200,
        **known(TrainingJobStatus=state),
    )


CHECK = Check(
    id="trimtab-failed-training",
    name="Training Jobs That Keep Failing",
    pillar=Pillar.OPERATIONS,
    about="What a failed job computed is paid and lost, unless it wrote checkpoints.",
    alert="of an owner's training jobs of 30 days, five at least, 30 % or more failed",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/train-debug-and-improve-model-performance.html",
    settings=(
        Setting("jobs", 5, "jobs", "that must have ended", "fewer say nothing"),
        Setting("share", 30, "%", "that failed", "public traces of clusters have about a third failing at worst"),
    ),
    judge=_judge,
    kinds=(_KIND,),
    effort=Effort.MEDIUM,
    fix="trimtab runs list --state failed --team {owner}",
    examples=Examples(
        Example(
            "three of six failed",
            given(*(_job(at, "Failed" if at % 2 else "Completed") for at in range(6))),
            ("job-5",),
        ),
        Example("one of six failed", given(*(_job(at, "Completed" if at else "Failed") for at in range(6)))),
        Example("how it ended is not known", given(_job(1, None)), (), ("job-1",)),
    ),
)
