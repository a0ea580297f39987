"""Buckets that keep no earlier versions."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="R365s2Qddf",
    name="Amazon S3 Bucket Versioning",
    pillar=Pillar.FAULT_TOLERANCE,
    about="Without versions an overwritten or deleted object, such as a checkpoint, is gone.",
    alert="versioning is not enabled",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    judge=attribute(
        "s3:bucket", "Versioning", lambda state: state != "Enabled", "keeps no earlier versions", confidence=0.6
    ),
    kinds=("s3:bucket",),
    effort=Effort.VERY_LOW,
    fix="aws s3api put-bucket-versioning --bucket {id} --versioning-configuration Status=Enabled  # with a "
    "rule that expires old versions",
    examples=Examples(
        Example("never enabled", given(thing("s3:bucket", "models", Versioning="")), ("models",)),
        Example("enabled", given(thing("s3:bucket", "models", Versioning="Enabled"))),
        Example("could not be read", given(thing("s3:bucket", "models")), (), ("models",)),
    ),
)
