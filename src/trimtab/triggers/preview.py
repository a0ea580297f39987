"""A rule tried before it is put: what its pattern says of an event, and when its schedule would fire."""

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.jobs.schedule import parse
from trimtab.triggers.patterns.numerals import decode
from trimtab.triggers.patterns.pattern import checked_pattern


class Tried(Struct, frozen=True):
    """What came of trying a pattern on an event. `matches` is None where there is nothing to try, or it is wrong."""

    matches: bool | None = None
    reason: str = ""


def next_times(now_ms: int, schedule: str, zone: str, count: int) -> list[int]:
    """The next times of a schedule whose rate would count from now. Raises InvalidInput."""
    parsed = parse(schedule, zone or "UTC", anchor_ms=now_ms)
    times: list[int] = []
    at = parsed.next_after(now_ms)
    while at is not None and len(times) < count:
        times.append(at)
        at = parsed.next_after(at)
    return times


def try_pattern(pattern: str, event: str) -> Tried:
    """Whether a pattern matches an event; with the reason where either cannot be read."""
    if not pattern.strip():
        return Tried()
    try:
        compiled = checked_pattern(pattern)
        if not event.strip():
            return Tried()
        document = decode(event)
    except InvalidInput as problem:
        return Tried(reason=str(problem))
    if not isinstance(document, dict):
        return Tried(reason="cannot try the pattern: the event is no JSON object")
    return Tried(compiled.matches(document))
