"""Suspects in order: what each kind of signal says of a component, added up.

Everything is in octaves, so that kinds can be added: a wait that is eight times as long weighs like a CPU that is
eight times as far from normal as it ever is. Within a kind only the strongest counts, for one fault shows in many
metrics of one kind. Nothing is learnt from incidents, and no name of a service or a metric counts but by the families
of `weights.py`.
"""

from collections import defaultdict
from collections.abc import Iterable

from trimtab.bottlenecks.rootcause.calls import calls, changed_calls, edges, failures, operations, silences
from trimtab.bottlenecks.rootcause.edge_metrics import with_waits
from trimtab.bottlenecks.rootcause.graph import charge, exclusive, strongest
from trimtab.bottlenecks.rootcause.lines import patterns, read
from trimtab.bottlenecks.rootcause.metrics import deviations, silent_edges
from trimtab.bottlenecks.rootcause.paths import path_changes
from trimtab.bottlenecks.rootcause.signals import Evidence, Kind, Signals, Suspect
from trimtab.bottlenecks.rootcause.visits import visits
from trimtab.bottlenecks.rootcause.weights import weight

_SHOWN = 8
"""Evidence that is told of a suspect."""
_WORTH = 0.25
"""Octaves from which evidence is told: a fifth more than normal."""


SIGNIFICANT = 1.0
"""The score from which a component is suspected: it deviates twice as far as it does in normal times. Of what is below,
one is as good as another."""


def significant(ranked: Iterable[Suspect]) -> list[Suspect]:
    """Those that deviate enough to be suspected: none at all where nothing happened that signals show."""
    return [suspect for suspect in ranked if suspect.score >= SIGNIFICANT]


def rank(normal: Signals, now: Signals) -> list[Suspect]:
    """Every component that any signal knows, the most suspect first; ties by name."""
    found = evidence(normal, now)
    scores: dict[str, float] = defaultdict(float)
    for component, octaves in _waits(found).items():
        scores[component] += octaves
    for (component, _), octaves in _own(found).items():
        scores[component] += octaves
    told = _told(found)
    return sorted(
        (Suspect(name, round(scores[name], 4), told.get(name, ())) for name in _components(found, normal, now)),
        key=lambda suspect: (-suspect.score, suspect.component),
    )


def evidence(normal: Signals, now: Signals) -> list[Evidence]:
    """All that deviates, and all edges, in no particular order."""
    found: list[Evidence] = []
    written_before, written = read(normal, now)
    if len(normal.spans) and len(now.spans):
        before, after = calls(normal.spans), calls(now.spans)
        for look in (edges, operations, failures, changed_calls, silences):
            found += look(before, after)
        found += path_changes(visits(before, written_before), visits(after, written))
    series_before, series_now = with_waits(normal.series), with_waits(now.series)
    found += deviations(series_before, series_now)
    found += silent_edges(series_before, series_now)
    found += patterns(written_before, written)
    return found


def _waits(found: Iterable[Evidence]) -> dict[str, float]:
    """What edges say, of spans and of metrics."""
    spans = strongest(((one.component, one.peer), one.octaves) for one in found if one.kind is Kind.EDGE)
    metrics = strongest(
        ((one.component, one.peer), one.octaves if one.now > one.normal else 0.0)
        for one in found
        if one.kind is Kind.METRIC and one.peer
    )
    both = [*spans.items(), *exclusive(metrics).items()]
    return charge(strongest(both))


def _own(found: Iterable[Evidence]) -> dict[tuple[str, str], float]:
    """The strongest of each kind of evidence of a component itself, weighed."""
    strongest_of: dict[tuple[str, str], float] = defaultdict(float)
    for one in found:
        if one.kind is Kind.EDGE or (one.kind is Kind.METRIC and one.peer):
            continue
        family, worth = weight(one)
        key = (one.component, family)
        strongest_of[key] = max(strongest_of[key], worth * one.octaves)
    return strongest_of


def _told(found: Iterable[Evidence]) -> dict[str, tuple[Evidence, ...]]:
    of: dict[str, list[Evidence]] = defaultdict(list)
    for one in found:
        if one.octaves < _WORTH:
            continue
        of[one.component].append(one)
        if one.peer:
            of[one.peer].append(one)
    return {name: tuple(sorted(all_of, key=_strongest_first)[:_SHOWN]) for name, all_of in of.items()}


def _strongest_first(one: Evidence) -> tuple[float, str, str, str]:
    return (-one.octaves, one.kind, one.subject, one.peer)


def _components(found: Iterable[Evidence], normal: Signals, now: Signals) -> list[str]:
    names = {one.component for one in found} | {one.peer for one in found if one.peer}
    for signals in (normal, now):
        names |= {signals.spans.services[code] for code in set(signals.spans.service.tolist())}
        names |= {item.component for item in signals.series} | {line.component for line in signals.lines}
    return sorted(names)
