"""What a record is about: the resources it names, and further names in its request and answer."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_NAMES = 50
"""Names kept of one record: a call on a thousand instances is found by the first of them."""
_NAMES = re.compile(r"(?:name|names|id|ids|identifier|resource|arn|arns)$", re.IGNORECASE)
_NOT_NAMES = re.compile(r"(?:request|token|session|client|key|marker|event|account|owner|x-amz)", re.IGNORECASE)
_LONGEST = 200
_DEEPEST = 5


def resources_of(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(type, ARN) of each entry of `resources`; either may be empty."""
    found = record.get("resources")
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    pairs = []
    for one in found:
        if isinstance(one, Mapping):
            arn = one.get("ARN") or one.get("arn") or one.get("ARNPrefix") or ""
            pairs.append((str(one.get("type") or ""), str(arn)))
    return [pair for pair in pairs if pair[1] or pair[0]]


def touched_by(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of things in the request and the answer: values of members called …Name, …Id, …Arn and the like."""
    found: dict[str, None] = {}
    for part in ("requestParameters", "responseElements"):
        for name in _walk(record.get(part), "", 0):
            found.setdefault(name)
            if len(found) >= MAX_NAMES:
                return tuple(found)
    return tuple(found)


def _walk(value: Any, key: str, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if 0 < len(value) <= _LONGEST and _NAMES.search(key) and not _NOT_NAMES.search(key):
            yield value
            if value.startswith("arn:"):
                yield value.rpartition(":")[2].rpartition("/")[2]
    elif depth < _DEEPEST and isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(item, str(name), depth + 1)
    elif depth < _DEEPEST and isinstance(value, list):
        for item in value:
            yield from _walk(item, key, depth + 1)
