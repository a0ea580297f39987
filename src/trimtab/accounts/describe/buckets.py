"""S3 buckets: their rules, and uploads that were begun and never completed."""

from collections.abc import Iterator
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, picked, tags_of
from trimtab.base.clock import to_datetime, to_ms
from trimtab.base.errors import AccessDenied

_WEEK_MS = 7 * 86_400_000
_MOST_UPLOADS = 5000
"""Incomplete uploads that are looked at in one bucket: the oldest counts, and S3 lists them by key."""


def _buckets(place: Place) -> Iterator[Found]:
    for item in place.call("s3", "ListBuckets").get("Buckets", ()):
        name = item["Name"]
        answer = place.maybe("s3", "GetBucketLocation", Bucket=name)
        if "LocationConstraint" not in answer:
            continue  # deleted while it was read
        where = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(
            answer["LocationConstraint"], answer["LocationConstraint"]
        )
        there = Place(place.calls, place.account, place.region, place.now_ms, place.partition, asked=where)
        facts = picked(item, "CreationDate") | _facts(there, name)
        tags = tags_of(_ask(there, "GetBucketTagging", name).get("TagSet"))
        yield Found(f"arn:{place.partition}:s3:::{name}", name, "", tags, facts, where)


def _facts(place: Place, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if versioning := _ask(place, "GetBucketVersioning", name):
        facts["Versioning"] = versioning.get("Status", "")
    rules = _ask(place, "GetBucketLifecycleConfiguration", name, absent={"Rules": []})
    if "Rules" in rules:
        facts["LifecycleRules"] = [_rule(one) for one in rules["Rules"]]
    uploads = _uploads(place, name)
    if uploads is not None:
        facts["MultipartUploads"] = uploads
    off: dict[str, Any] = {"PublicAccessBlockConfiguration": {}}
    blocked = _ask(place, "GetPublicAccessBlock", name, absent=off).get("PublicAccessBlockConfiguration")
    if blocked is not None:
        facts["PublicAccessBlock"] = bool(blocked) and all(blocked.values())
    encryption = _ask(place, "GetBucketEncryption", name).get("ServerSideEncryptionConfiguration", {})
    for rule in encryption.get("Rules", ()):
        facts["Encryption"] = rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "")
    logging = _ask(place, "GetBucketLogging", name, absent={"": {}})
    if logging:
        facts["Logging"] = "LoggingEnabled" in logging
    return facts


def _ask(place: Place, operation: str, bucket: str, absent: dict[str, Any] | None = None) -> dict[str, Any]:
    """An answer about a bucket; {} where its own policy forbids it, `absent` where it is not set."""
    try:
        return place.maybe("s3", operation, Bucket=bucket) or absent or {}
    except AccessDenied:
        return {}


def _rule(item: Item) -> dict[str, Any]:
    facts = picked(item, "ID", "Status")
    if days := item.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"):
        facts["AbortIncompleteMultipartUpload"] = days
    if days := item.get("Expiration", {}).get("Days"):
        facts["Expiration"] = days
    if days := item.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"):
        facts["NoncurrentVersionExpiration"] = days
    facts["Transitions"] = [one.get("StorageClass", "") for one in item.get("Transitions", ())]
    return facts


def _uploads(place: Place, name: str) -> dict[str, Any] | None:
    """How many uploads are incomplete, and how old; None where that may not be seen."""
    count = older = 0
    oldest: int | None = None
    limit = to_datetime(place.now_ms - _WEEK_MS)
    try:
        for one in place.pages("s3", "ListMultipartUploads", "Uploads", Bucket=name):
            count += 1
            begun = one["Initiated"]
            older += begun < limit
            oldest = min(to_ms(begun), to_ms(begun) if oldest is None else oldest)
            if count == _MOST_UPLOADS:
                break
    except AccessDenied:
        return None
    return {"Count": count, "OldestInitiated": oldest, "OlderThan7Days": older}


SOURCES = (
    Source(
        "S3 buckets",
        ("s3:bucket",),
        tuple(
            ("s3", one)
            for one in (
                *("ListBuckets", "GetBucketLocation", "GetBucketTagging", "GetBucketVersioning"),
                *("GetBucketLifecycleConfiguration", "ListMultipartUploads", "GetPublicAccessBlock"),
                *("GetBucketEncryption", "GetBucketLogging"),
            )
        ),
        _buckets,
        is_global=True,
    ),
)
