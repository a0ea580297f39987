"""Evidence in logs: patterns of a component that are new, or come much more often, the serious ones above all."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from trimtab.bottlenecks.rootcause.signals import Evidence, Kind, Line, Signals
from trimtab.bottlenecks.rootcause.visits import Written
from trimtab.logs.patterns.compare import Change, change_of
from trimtab.logs.patterns.mine import mine
from trimtab.logs.patterns.severity import guess, level_of

_SERIOUS = {"error": 1.0, "warn": 0.5}
_OTHER = 0.1
"""What an octave of a pattern is worth by its severity: most new lines of a component mean nothing."""


def read(normal: Signals, now: Signals) -> tuple[Written, Written]:
    """The lines of both windows with their patterns, which are mined together."""
    lines = (*normal.lines, *now.lines)
    templates = mine([line.text for line in lines])
    serious: dict[str, bool] = {}
    for line, template in zip(lines, templates, strict=True):
        serious[template] = serious.get(template, False) or severity_of(line) in _SERIOUS
    split = len(normal.lines)
    return (
        Written(normal.lines, templates[:split], serious, normal.lines_since_ns),
        Written(now.lines, templates[split:], serious, now.lines_since_ns),
    )


def severity_of(line: Line) -> str:
    """How serious a line is, as its sender says or its words tell."""
    return level_of(line.severity) or guess(line.text)


def patterns(normal: Written, now: Written) -> Iterator[Evidence]:
    """Patterns that came more often, by component. A component without a line in the normal window has none new."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    example: dict[tuple[str, str], Line] = {}
    for after, written in enumerate((normal, now)):
        for line, template in zip(written.lines, written.templates, strict=True):
            key = (line.component, template)
            counts[key][after] += 1
            example.setdefault(key, line)
    lines_before = Counter(line.component for line in normal.lines)
    share = len(now.lines) / len(normal.lines) if normal.lines else 1.0
    for key, (before, after) in sorted(counts.items()):
        component, template = key
        if not lines_before[component] or change_of(before, after) not in (Change.NEW, Change.MORE):
            continue
        expected = before * share
        severity = severity_of(example[key])
        octaves = float(np.log2((after + 1) / (expected + 1))) * _SERIOUS.get(severity, _OTHER)
        yield Evidence(component, Kind.LOG, template, expected, float(after), max(octaves, 0.0), "lines")
