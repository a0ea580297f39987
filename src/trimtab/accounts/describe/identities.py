"""IAM: users with the age of their keys, and the account's own summary."""

from collections.abc import Iterator
from typing import Any

from trimtab.accounts.describe.contract import Found, Place, Source, picked, plain, tags_of


def _users(place: Place) -> Iterator[Found]:
    for item in place.pages("iam", "ListUsers", "Users"):
        name = item["UserName"]
        facts = picked(item, "CreateDate", "PasswordLastUsed")
        facts["AccessKeys"] = list(_keys(place, name))
        devices = place.maybe("iam", "ListMFADevices", UserName=name).get("MFADevices", ())
        facts["MFADevices"] = len(devices)
        tags = tags_of(place.maybe("iam", "ListUserTags", UserName=name).get("Tags"))
        yield Found(item["Arn"], name, "", tags, facts)


def _keys(place: Place, user: str) -> Iterator[dict[str, Any]]:
    for one in place.maybe("iam", "ListAccessKeys", UserName=user).get("AccessKeyMetadata", ()):
        facts = picked(one, "AccessKeyId", "Status", "CreateDate")
        used = place.maybe("iam", "GetAccessKeyLastUsed", AccessKeyId=one["AccessKeyId"])
        yield facts | picked(used.get("AccessKeyLastUsed", {}), "LastUsedDate", "ServiceName")


def _account(place: Place) -> Iterator[Found]:
    summary = place.call("iam", "GetAccountSummary").get("SummaryMap", {})
    yield Found(f"arn:{place.partition}:iam::{place.account}:account/summary", "summary", "", {}, plain(summary))


SOURCES = (
    Source(
        "IAM users",
        ("iam:user",),
        tuple(
            ("iam", one)
            for one in ("ListUsers", "ListAccessKeys", "GetAccessKeyLastUsed", "ListMFADevices", "ListUserTags")
        ),
        _users,
        is_global=True,
    ),
    Source("the account's summary", ("iam:account",), (("iam", "GetAccountSummary"),), _account, is_global=True),
)
