"""Buckets without encryption by default."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="trimtab-bucket-unencrypted",
    name="S3 Buckets Without Default Encryption",
    pillar=Pillar.SECURITY,
    about="Old buckets, and those of compatible stores, may have no encryption by default.",
    alert="no default encryption",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html",
    judge=attribute("s3:bucket", "Encryption", lambda algorithm: not algorithm, "has no default encryption"),
    kinds=("s3:bucket",),
    effort=Effort.VERY_LOW,
    fix="aws s3api put-bucket-encryption --bucket {id} --server-side-encryption-configuration "
    '\'{{"Rules":[{{"ApplyServerSideEncryptionByDefault":{{"SSEAlgorithm":"AES256"}}}}]}}\'',
    examples=Examples(
        Example("none", given(thing("s3:bucket", "b", Encryption="")), ("b",)),
        Example("AES256", given(thing("s3:bucket", "b", Encryption="AES256"))),
        Example("could not be read", given(thing("s3:bucket", "b")), (), ("b",)),
    ),
)
