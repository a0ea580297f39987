"""Access keys that are old, or that nobody uses."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import ago, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import age_days, said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    keys = thing.get("AccessKeys")
    if keys is None:
        return Unsure(thing, "its access keys were not read")
    ages = [
        (age_days(facts, int(one.get("CreateDate", facts.now_ms))), str(one.get("AccessKeyId")))
        for one in keys
        if one.get("Status") == "Active"
    ]
    if not ages or max(ages)[0] <= knobs["yellow"]:
        return None
    days, key = max(ages)
    status = Status.ERROR if days > knobs["red"] else Status.WARNING
    return Found(
        thing,
        f"a key of {days:.0f} days",
        (said("key", f"…{key[-4:]}"), said("age", f"{days:.0f} days")),
        1.0,
        status,
        words={"key": key},
    )


def _user(id_: str, days: float | None) -> Thing:
    if days is None:
        return thing("iam:user", id_)
    return thing(
        "iam:user", id_, AccessKeys=[{"AccessKeyId": "AKIAEXAMPLE0001", "Status": "Active", "CreateDate": ago(days)}]
    )


CHECK = Check(
    id="DqdJqYeRm5",
    name="IAM Access Key Rotation",
    pillar=Pillar.SECURITY,
    about="The longer a key lives, the more places it lies in.",
    alert="yellow: an active key is older than 90 days; red: older than two years",
    source="https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html",
    settings=(
        Setting("yellow", 90, "days", "from which a key is old", "Trusted Advisor"),
        Setting("red", 730, "days", "from which it is red", "Trusted Advisor"),
    ),
    judge=each("iam:user", _judge),
    kinds=("iam:user",),
    effort=Effort.LOW,
    fix="aws iam create-access-key --user-name {id}  # then, when nothing uses it any more: aws iam "
    "update-access-key --status Inactive --access-key-id {key} --user-name {id}",
    examples=Examples(
        Example("200 days", given(_user("ci", 200)), ("ci",)),
        Example("20 days", given(_user("ci", 20))),
        Example("not read", given(_user("ci", None)), (), ("ci",)),
    ),
)
