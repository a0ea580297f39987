"""Buckets of which nobody could tell who read what."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="BueAdJ7NrP",
    name="Amazon S3 Bucket Logging",
    pillar=Pillar.OPERATIONS,
    about="Without access logs (or data events of CloudTrail) nobody can tell who read or deleted what.",
    alert="server access logging is off",
    source="https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html",
    judge=attribute("s3:bucket", "Logging", lambda on: not on, "its accesses are not logged", confidence=0.5),
    kinds=("s3:bucket",),
    effort=Effort.VERY_LOW,
    fix="aws s3api put-bucket-logging --bucket {id} --bucket-logging-status "
    '\'{{"LoggingEnabled":{{"TargetBucket":"LOGS","TargetPrefix":"{id}/"}}}}\'',
    examples=Examples(
        Example("off", given(thing("s3:bucket", "models", Logging=False)), ("models",)),
        Example("on", given(thing("s3:bucket", "models", Logging=True))),
        Example("could not be read", given(thing("s3:bucket", "models")), (), ("models",)),
    ),
)
