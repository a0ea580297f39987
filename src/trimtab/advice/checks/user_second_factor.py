"""People who sign in with a password alone."""

from trimtab.advice.check import Check, Example, Examples
from trimtab.advice.examples import ago, given, thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import attribute

CHECK = Check(
    id="trimtab-user-without-mfa",
    name="IAM Users Without a Second Factor",
    pillar=Pillar.SECURITY,
    about="A password that was used elsewhere is known elsewhere.",
    alert="a user who has signed in with a password has no MFA device",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html",
    judge=attribute(
        "iam:user",
        "MFADevices",
        lambda count: not count,
        "signs in with a password alone",
        only=lambda one: one.get("PasswordLastUsed") is not None or not one.attributes,
    ),
    kinds=("iam:user",),
    effort=Effort.VERY_LOW,
    fix="aws iam enable-mfa-device --user-name {id} --serial-number ARN --authentication-code1 CODE "
    "--authentication-code2 CODE",
    examples=Examples(
        Example("no device", given(thing("iam:user", "ada", MFADevices=0, PasswordLastUsed=ago(3))), ("ada",)),
        Example(
            "a device, and a machine's user",
            given(
                thing("iam:user", "ada", MFADevices=1, PasswordLastUsed=ago(3)), thing("iam:user", "ci", MFADevices=0)
            ),
        ),
        Example("not read", given(thing("iam:user", "bob")), (), ("bob",)),
    ),
)
