"""Tags as most services of AWS write them: a list of keys with values."""

from collections.abc import Mapping

from trimtab.doors.aws.service import Request


def tags_of(request: Request, member: str = "Tags") -> dict[str, str]:
    """The tags of a request as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in request.get(member) or ()}


def listed_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as an answer lists them, by key."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
