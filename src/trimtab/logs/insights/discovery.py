"""Fields that events have, found by looking: columns, attributes, and paths of JSON messages."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from trimtab.base import typed
from trimtab.logs.model import Event

SAMPLE = 1000
"""Events that are looked at for the fields of a group."""
MAX_FIELDS = 1000
"""Fields that are discovered of an event, as documented for JSON logs (200 are shown first)."""
_ALWAYS = ("@ingestionTime", "@log", "@logStream", "@message", "@timestamp")


def fields_of(event: Event, account: str) -> dict[str, str]:
    """Everything that an event has, by field, as texts; times are in milliseconds."""
    found = {
        "@timestamp": str(event.time_ms),
        "@ingestionTime": str(event.ingested_ms),
        "@message": event.message,
        "@logStream": event.stream,
        "@log": f"{account}:{event.log_group}",
    }
    linked = {"@severity": event.severity, "@traceId": event.trace_id, "@spanId": event.span_id}
    found |= {name: value for name, value in linked.items() if value}
    for name, value in paths(event.message):
        found.setdefault(name, value)
    found.update(event.attributes)
    return found


def discovered(events: Sequence[Event]) -> list[tuple[str, int]]:
    """Names of fields with the percent of `events` that have each, by name."""
    counts: Counter[str] = Counter()
    for event in events:
        counts.update(fields_of(event, "").keys())
    if not events:
        return [(name, 100) for name in _ALWAYS]
    return [(name, max(1, round(100 * count / len(events)))) for name, count in sorted(counts.items())]


def paths(message: str) -> Iterator[tuple[str, str]]:
    """The leaves of a JSON object by path (`items.0.id`), as texts; nothing of another message."""
    if not message.lstrip().startswith("{"):
        return
    try:
        document = typed.loads(message)
    except ValueError:
        return
    for count, leaf in enumerate(_leaves(document, "")):
        if count == MAX_FIELDS:
            return
        yield leaf


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, inside in value.items():
                yield from _leaves(inside, f"{path}.{key}" if path else key)
        case list():
            for place, inside in enumerate(value):
                yield from _leaves(inside, f"{path}.{place}")
        case None:
            return
        case bool():
            yield path, "true" if value else "false"
        case str():
            yield path, value
        case _:
            yield path, json.dumps(value)
