"""What is still to be read, cut into windows, and windows into queries of a bounded size. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

Span = tuple[int, int]
"""`[start, end)` in ms."""
MOST_NAMES = 200
"""Metric names of one query: what fits into a request line that proxies still pass."""


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time without overlaps, in order."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def missing(whole: Span, covered: Iterable[Span]) -> list[Span]:
    """What of `whole` no span covers, in order."""
    found, at = [], whole[0]
    for start, end in merged(covered):
        if start > at:
            found.append((at, min(start, whole[1])))
        at = max(at, end)
    found.append((at, whole[1]))
    return [(start, end) for start, end in found if start < end]


def windows(whole: Span, covered: Iterable[Span], length_ms: int) -> Iterator[Span]:
    """What is missing in windows that start at multiples of `length_ms`, the newest first."""
    for start, end in reversed(missing(whole, covered)):
        while end > start:
            begin = max(start, (end - 1) // length_ms * length_ms)
            yield begin, end
            end = begin


def groups(counts: Mapping[str, int], most: int) -> list[tuple[list[str], int]]:
    """Names put together so that each group has about `most` samples; with how many it has.

    A name that has more alone is a group by itself: its reader cuts the time.
    """
    found: list[tuple[list[str], int]] = []
    names: list[str] = []
    total = 0
    for name, count in sorted(counts.items()):
        if names and (total + count > most or len(names) == MOST_NAMES):
            found.append((names, total))
            names, total = [], 0
        names.append(name)
        total += count
    if names:
        found.append((names, total))
    return found


def pieces(window: Span, samples: int, most: int) -> list[Span]:
    """A window cut so that each piece has about `most` of its `samples`."""
    start, end = window
    number = min(max(1, -(-samples // most)), end - start)
    edges = [start + (end - start) * part // number for part in range(number + 1)]
    return list(pairwise(edges))
