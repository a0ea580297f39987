"""Volumes whose disks are not encrypted."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="trimtab-volume-unencrypted",
    name="EBS Volumes Without Encryption",
    pillar=Pillar.SECURITY,
    about="Encryption of volumes costs nothing and protects snapshots that are shared by mistake.",
    alert="not encrypted",
    source="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    judge=attribute("ec2:volume", "Encrypted", lambda on: not on, "is not encrypted", confidence=0.6),
    kinds=("ec2:volume",),
    effort=Effort.MEDIUM,
    restart=True,
    fix="aws ec2 create-snapshot --volume-id {id} --region {region}  # then copy-snapshot --encrypted, and a "
    "volume from the copy",
    examples=Examples(
        Example("in the clear", given(thing("ec2:volume", "vol-1", Encrypted=False)), ("vol-1",)),
        Example("encrypted", given(thing("ec2:volume", "vol-2", Encrypted=True))),
        Example("not read", given(thing("ec2:volume", "vol-3")), (), ("vol-3",)),
    ),
)
