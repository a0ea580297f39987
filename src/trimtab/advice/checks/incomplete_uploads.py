"""Buckets that keep parts of uploads which never ended."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import ago, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar, Status
from trimtab.advice.judging import age_days, said

_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    rules, uploads = thing.get("LifecycleRules"), thing.get("MultipartUploads")
    if rules is None:
        return Unsure(thing, "its lifecycle rules could not be read")
    if any(one.get("Status") == "Enabled" and one.get("AbortIncompleteMultipartUpload") for one in rules):
        return None
    oldest = (uploads or {}).get("OldestInitiated")
    if oldest is None or age_days(facts, int(oldest)) <= knobs["days"]:
        return None if uploads is not None else Unsure(thing, "its unfinished uploads could not be read")
    days = age_days(facts, int(oldest))
    evidence = (said("unfinished uploads", uploads.get("Count", "?")), said("oldest", f"{days:.0f} days"))
    text = f"an upload begun {days:.0f} days ago never ended, and no rule ends it"
    return Found(thing, text, evidence, status=Status.WARNING, advised="a lifecycle rule")


_RULE = [{"Status": "Enabled", "AbortIncompleteMultipartUpload": 7}]
_OLD = {"Count": 4, "OldestInitiated": ago(40), "OlderThan7Days": 4}
CHECK = Check(
    id="c1cj39rr6v",
    name="Amazon S3 Incomplete Multipart Upload Abort Configuration",
    pillar=Pillar.COST,
    about="Parts of an upload that never ended are stored, billed, and in no listing of the bucket.",
    alert="an unfinished upload is older than 7 days and no lifecycle rule ends it",
    source=_AWS,
    settings=(Setting("days", 7, "days", "after which an upload will not end any more", _AWS),),
    judge=each("s3:bucket", _judge),
    kinds=("s3:bucket",),
    action=Action.DELETE,
    effort=Effort.VERY_LOW,
    fix="aws s3api put-bucket-lifecycle-configuration --bucket {id} --lifecycle-configuration "
    '\'{{"Rules":[{{"ID":"abort","Status":"Enabled","Filter":{{}},'
    '"AbortIncompleteMultipartUpload":{{"DaysAfterInitiation":7}}}}]}}\'',
    examples=Examples(
        Example(
            "four uploads of last month",
            given(thing("s3:bucket", "models", LifecycleRules=[], MultipartUploads=_OLD)),
            ("models",),
        ),
        Example("a rule ends them", given(thing("s3:bucket", "models", LifecycleRules=_RULE, MultipartUploads=_OLD))),
        Example("its rules could not be read", given(thing("s3:bucket", "models")), (), ("models",)),
    ),
)
