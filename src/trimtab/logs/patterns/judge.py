"""Which patterns of a group are new or gone, from what is known of them. Pure."""

from collections.abc import Iterable, Mapping

from trimtab.base.clock import iso
from trimtab.base.records import replace
from trimtab.logs.model import Group
from trimtab.logs.patterns.anomalies import SLOT_MS, KnownPattern, LogAnomaly, Suppression, Unusual
from trimtab.logs.patterns.vocabulary import Learnt

LEARNING_MS = 24 * 3_600_000
"""How long the lines of a group are counted before a pattern can be new (AWS's detectors train as long)."""
SILENT_SLOTS = 12
"""Slots without a line from which a pattern may be gone: an hour."""
_SURE = 20.0
"""Lines that should have come meanwhile: by chance none of them comes once in e^20 times."""
_GAPS = 3
"""A silence this many times as long as any before."""
_QUIET_MS = 3_600_000
"""A new pattern without a line for this long is not going on any more."""
NEW_FOR_MS = 3 * 86_400_000
"""How long a pattern counts as new."""
MOST_COUNTS = 576
"""Slots of an anomaly whose counts are kept: two days."""


def found(
    group: Group,
    known: Mapping[str, KnownPattern],
    learnt: Learnt,
    since_ms: int,
    until_ms: int,
    make_id: Iterable[str],
) -> list[LogAnomaly]:
    """The anomalies that began before `until_ms`: patterns that are new, and patterns that are gone.

    `since_ms` is since when lines are counted, and there may have been none for long; `make_id` gives ids.
    """
    ids = iter(make_id)
    begun_ms = max(since_ms, min((one.first_ms for one in known.values()), default=since_ms))
    alive = {id_ for id_, one in known.items() if one.last_ms >= until_ms - SILENT_SLOTS * SLOT_MS}
    made = []
    for id_ in learnt.new:
        one = known.get(id_)
        if one is not None and id_ not in learnt.variants and one.first_ms >= begun_ms + LEARNING_MS:
            made.append(_anomaly(next(ids), group, one, Unusual.NEW, learnt.counts.get(id_, {}), until_ms))
    for id_, one in known.items():
        if id_ not in alive and alive and is_gone(one, until_ms):
            made.append(_anomaly(next(ids), group, one, Unusual.GONE, {}, until_ms))
    return made


def is_gone(pattern: KnownPattern, until_ms: int) -> bool:
    """Whether its lines have stopped: a long silence for a pattern of its rate and its gaps."""
    silence_ms = until_ms - pattern.last_ms - SLOT_MS
    if pattern.slots < SILENT_SLOTS or silence_ms < max(SILENT_SLOTS * SLOT_MS, _GAPS * pattern.gap_ms):
        return False
    return usual(pattern) * silence_ms / SLOT_MS >= _SURE


def usual(pattern: KnownPattern) -> float:
    """Lines a slot, over the time in which it had any."""
    return pattern.lines / ((pattern.last_ms - pattern.first_ms) / SLOT_MS + 1)


def followed(
    anomaly: LogAnomaly, known: Mapping[str, KnownPattern], counts: Mapping[int, int], until_ms: int
) -> LogAnomaly:
    """An anomaly that was active, after more slots."""
    pattern = known.get(anomaly.pattern)
    kept = dict(sorted({**anomaly.counts, **counts}.items())[-MOST_COUNTS:])
    if anomaly.unusual is Unusual.GONE:
        return replace(anomaly, active=not any(counts.values()) and pattern is not None, last_ms=until_ms, counts=kept)
    last_ms = anomaly.last_ms if pattern is None else max(anomaly.last_ms, pattern.last_ms)
    going_on = until_ms - last_ms <= _QUIET_MS and until_ms - anomaly.first_ms < NEW_FOR_MS
    return replace(anomaly, active=going_on and pattern is not None, last_ms=last_ms, counts=kept)


def _anomaly(
    id_: str, group: Group, one: KnownPattern, unusual: Unusual, counts: Mapping[int, int], until_ms: int
) -> LogAnomaly:
    new = unusual is Unusual.NEW
    if new:
        said = f"{group.name} logs a pattern that it never had before, since {iso(one.first_ms)}: {one.template}"
    else:
        said = f"{group.name} logs a pattern no more that came {usual(one) * 12:.3g} times an hour: {one.template}"
    return LogAnomaly(
        id=id_,
        account=group.account,
        region=group.region,
        log_group=group.name,
        pattern=one.id,
        template=one.template,
        example=one.example,
        severity=one.severity,
        unusual=unusual,
        first_ms=one.first_ms if new else one.last_ms + SLOT_MS,
        last_ms=one.last_ms if new else until_ms,
        active=until_ms - one.last_ms <= _QUIET_MS if new else True,
        expected=0.0 if new else usual(one),
        description=said,
        state=Suppression.ACTIVE,
        counts=dict(counts),
    )
