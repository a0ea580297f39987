"""Requests made of a service's model alone: texts, numbers and times that its constraints allow, the same each time.

They name nothing that there is: what an operation says of unknown ids is what they are for.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
DEPTH = 4
_TEXTS = (
    "nobody", ACCOUNT, "arn:aws:iam::123456789012:role/nobody", "arn:aws:ce::123456789012:anomalymonitor/nobody",
    "3fa85f64-5717-4562-b3fc-2c963f66afa6", "2026-01-01", "2026-01-01T00:00:00Z", "10", "1.0", "us-east-1",
    "s3://nobody/x", "nobody@example.com", "Nobody Here", "true", "application/json",
    "1-5759e988-bd862e3fe1be46a994272793",
    "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/3fa85f64-5717-4562-b3fc-2c963f66afa6", "{}",
    "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/1234abcd56ab78cd901ef1234567890ab123",
    "arn:aws:lambda:us-east-1:123456789012:function:nobody", "https://example.com/x", "rate(1 day)", "a" * 36,
    "a" * 64,
    "arn:aws:sagemaker:us-east-1:123456789012:model/nobody", "arn:aws:budgets::123456789012:budget/nobody",
    "p-12345678",
    "arn:aws:savingsplans::123456789012:savingsplan/3fa85f64-5717-4562-b3fc-2c963f66afa6", "1", "$LATEST",
    "ml.m5.large",
    "arn:aws:trustedadvisor:::check/nobody", "arn:aws:events:us-east-1:123456789012:event-bus/nobody", "00:00",
    "nobody:x",
    "arn:aws:trustedadvisor::123456789012:recommendation/3fa85f64-5717-4562-b3fc-2c963f66afa6", "arn:nobody", "-",
)  # fmt: skip
"""Texts that are tried on a pattern, the first that fits is taken."""


def example(shape: Any, *, every: bool = False, name: str = "", depth: int = 0) -> Any:
    """A value of a shape: with its required members, or with `every` one down to some depth; None where it ends."""
    match shape.type_name:
        case "structure":
            return _structure(shape, every=every, depth=depth)
        case "list":
            least = max(shape.metadata.get("min", 0), 1)
            inner = example(shape.member, every=every, name=name, depth=depth + 1)
            if inner is None and shape.metadata.get("min"):
                return [_one_of(shape.member)] * least
            return [] if inner is None else [inner] * least
        case "map":
            inner = example(shape.value, every=every, name=name, depth=depth + 1)
            return {} if inner is None else {example(shape.key): inner}
        case "timestamp":
            return dt.datetime(2026, 1, 1 if "tart" in name else 2, tzinfo=dt.UTC)
        case "boolean":
            return False
        case "blob":
            return b"{}"
        case "integer" | "long" | "float" | "double":
            return max(60 if "eriod" in name else 1, shape.metadata.get("min", 1))
    return _text(shape, name)


def _one_of(shape: Any) -> dict[str, Any]:
    """The least value of a structure: of a union one of its members."""
    if not getattr(shape, "is_tagged_union", False):
        return {}
    name, member = next(iter(shape.members.items()))
    return {name: example(member, name=name)}


def _structure(shape: Any, *, every: bool, depth: int) -> dict[str, Any] | None:
    if depth > DEPTH and not shape.required_members:
        return None
    if depth > 2 * DEPTH:
        return None
    members: Mapping[str, Any] = shape.members
    if not every or depth > DEPTH:
        members = {one: members[one] for one in shape.required_members}
    if shape.is_tagged_union:
        members = dict([next(iter(shape.members.items()))])
    values = {one: example(inner, every=every, name=one, depth=depth + 1) for one, inner in members.items()}
    needed = {one: {} if value is None else value for one, value in values.items() if one in shape.required_members}
    return {**{one: value for one, value in values.items() if value is not None}, **needed}


def _text(shape: Any, name: str) -> str:
    if shape.enum:
        return str(shape.enum[0])
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 20)
    pattern = shape.metadata.get("pattern", ".*")
    texts = (ACCOUNT, *_TEXTS) if "ccount" in name else (_TEXTS[2], *_TEXTS) if name.lower().endswith("arn") else _TEXTS
    for text in texts:
        if least <= len(text) <= most and _fits(pattern, text):
            return text
    return "nobody" + "y" * max(least - 6, 0)


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:  # Java's, which Python has not
        return True
