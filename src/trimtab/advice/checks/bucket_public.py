"""Buckets whose block of public access is off."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import attribute

CHECK = Check(
    id="Pfx0RwqBli",
    name="Amazon S3 Bucket Permissions",
    pillar=Pillar.SECURITY,
    about="With the block of public access on, no policy or list can open a bucket by mistake.",
    alert="not all four parts of the block of public access are on",
    source="https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html",
    judge=attribute(
        "s3:bucket",
        "PublicAccessBlock",
        lambda on: not on,
        "its block of public access is not complete",
        confidence=0.7,
    ),
    kinds=("s3:bucket",),
    effort=Effort.VERY_LOW,
    status=Status.WARNING,
    fix="aws s3api put-public-access-block --bucket {id} --public-access-block-configuration "
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
    examples=Examples(
        Example("off", given(thing("s3:bucket", "models", PublicAccessBlock=False)), ("models",)),
        Example("on", given(thing("s3:bucket", "models", PublicAccessBlock=True))),
        Example("could not be read", given(thing("s3:bucket", "models")), (), ("models",)),
    ),
)
