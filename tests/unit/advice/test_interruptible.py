"""Work that may be interrupted and runs on demand: what marks it, and what spot costs it beside its price."""

from decimal import Decimal as D

import pytest

from trimtab.advice.catalogue import check
from trimtab.advice.checks.interruptible_on_demand import lost_of
from trimtab.advice.complete import judgement
from trimtab.advice.examples import ago, billed, given, thing

SPOT = check("trimtab-interruptible-on-demand")


def test_what_is_lost_is_young_s_share_and_the_starts_after_interruptions() -> None:
    assert lost_of(SPOT.defaults) == pytest.approx((2 / 60 / 50) ** 0.5 + 10 / 60 / 50)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ({"Interruptible": "TRUE"}, 1),
        ({"interruptible": "no"}, 0),
        ({"aws:elasticmapreduce:instance-group-role": "TASK"}, 1),
        ({"aws:elasticmapreduce:instance-group-role": "CORE"}, 0),
        ({"AWSBatchServiceTag": "batch"}, 1),
        ({}, 0),
    ],
)
def test_a_tag_says_what_may_be_interrupted(tags: dict[str, str], found: int) -> None:
    box = thing("ec2:instance", "i-1", type_="g5.xlarge", tags=tags, State="running", InstanceType="g5.xlarge")
    told = judgement(SPOT, given(box, bills={"i-1": billed("720.00")})).findings
    assert len(told) == found
    for one in told:
        assert (one.takes, one.lost, one.current, one.hours) == (1.0, 0.0292, "g5.xlarge", ())
        assert one.estimate == D("429.47")  # 720 × 730 ÷ 720 h × (1 − 0.4 × 1.0292)


def test_training_with_checkpoints_on_demand_is_told_and_nothing_else() -> None:
    said = {"CreationTime": ago(3), "TrainingTimeInSeconds": 18_000, "InstanceType": "ml.g5.xlarge"}
    jobs = [
        thing(
            "sagemaker:training-job", "a", **said, EnableManagedSpotTraining=False, CheckpointConfig={"S3Uri": "s3:"}
        ),
        thing("sagemaker:training-job", "b", **said, EnableManagedSpotTraining=False),
        thing("sagemaker:training-job", "c", **said, EnableManagedSpotTraining=True, CheckpointConfig={"S3Uri": "s3:"}),
    ]
    assert [one.name for one in judgement(SPOT, given(*jobs)).findings] == ["a"]
