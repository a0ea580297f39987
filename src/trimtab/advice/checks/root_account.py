"""Accounts whose root has no second factor, or has keys."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    factor, keys = thing.get("AccountMFAEnabled"), thing.get("AccountAccessKeysPresent", default=0)
    if factor is None:
        return Unsure(thing, "the account's summary was not read")
    if factor and not keys:
        return None
    text = "the root user has no second factor" if not factor else "the root user has access keys"
    return Found(thing, text, (said("second factor", bool(factor)), said("keys", keys)))


CHECK = Check(
    id="7DAFEmoDos",
    name="MFA on Root Account",
    pillar=Pillar.SECURITY,
    about="The root user may do everything, and no policy stops it.",
    alert="no second factor, or access keys of the root user",
    source="https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html",
    judge=each("iam:account", _judge),
    kinds=("iam:account",),
    effort=Effort.VERY_LOW,
    status=Status.ERROR,
    fix="sign in as root of {account}, Security credentials, Assign MFA device; delete access keys there",
    examples=Examples(
        Example("no second factor", given(thing("iam:account", "summary", AccountMFAEnabled=0)), ("summary",)),
        Example(
            "a second factor and no keys",
            given(thing("iam:account", "summary", AccountMFAEnabled=1, AccountAccessKeysPresent=0)),
        ),
        Example("not read", given(thing("iam:account", "summary")), (), ("summary",)),
    ),
)
