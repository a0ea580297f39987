"""Evidence in logs: patterns of a component that are new, or come much more often, the serious ones above all."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from trimtab.bottlenecks.rootcause.signals import Evidence, Kind, Line
from trimtab.logs.patterns.compare import Change, change_of
from trimtab.logs.patterns.mine import mine
from trimtab.logs.patterns.severity import guess, level_of

_SERIOUS = {"error": 1.0, "warn": 0.5}
_OTHER = 0.1
"""What an octave of a pattern is worth by its severity: most new lines of a component mean nothing."""


def patterns(normal: Sequence[Line], now: Sequence[Line]) -> Iterator[Evidence]:
    """Patterns that came more often, by component. A component without a line in the normal window has none new."""
    templates = mine([line.text for line in (*normal, *now)])
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    example: dict[tuple[str, str], Line] = {}
    for at, (line, template) in enumerate(zip((*normal, *now), templates, strict=True)):
        key = (line.component, template)
        counts[key][at >= len(normal)] += 1
        example.setdefault(key, line)
    lines_before = Counter(line.component for line in normal)
    share = len(now) / len(normal) if normal else 1.0
    for key, (before, after) in sorted(counts.items()):
        component, template = key
        if not lines_before[component] or change_of(before, after) not in (Change.NEW, Change.MORE):
            continue
        expected = before * share
        severity = level_of(example[key].severity) or guess(example[key].text)
        octaves = float(np.log2((after + 1) / (expected + 1))) * _SERIOUS.get(severity, _OTHER)
        yield Evidence(component, Kind.LOG, template, expected, float(after), max(octaves, 0.0), "lines")
