"""Facets of the traces that are shown: services that they go through, and in which they failed, with links to those."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.spans import Rows, Spans
from trimtab.web.view import View

_MOST_VALUES = 12
_QUOTE = '"'


class Facet(Struct, frozen=True):
    """Values that traces have, the most frequent first: each with how many traces have it, and the link to those."""

    title: str
    values: Sequence[tuple[str, int, str]]


def facets_of(view: View, spans: Spans) -> list[Facet]:
    """The facets of a population; those that nothing has are left out."""
    failed = np.flatnonzero(spans.failed)
    found = (
        ("Service", _counted(spans, np.arange(len(spans))), ""),
        ("Failed in", _counted(spans, failed), " { fault OR error OR throttle }"),
    )
    return [
        Facet(title, [(name, number, _narrowed(view, f'service("{name}"){what}')) for name, number in counted])
        for title, counted, what in found
        if counted
    ]


def _counted(spans: Spans, rows: Rows) -> list[tuple[str, int]]:
    """In how many traces each service has one of these spans; one whose name an expression cannot have is left out."""
    if not len(rows):
        return []
    pairs = np.unique(np.stack((spans.service[rows], spans.trace[rows])), axis=1)
    services, numbers = np.unique(pairs[0], return_counts=True)
    named = [(spans.services[code], number) for code, number in zip(services.tolist(), numbers.tolist(), strict=True)]
    return sorted((one for one in named if _QUOTE not in one[0]), key=lambda one: (-one[1], one[0]))[:_MOST_VALUES]


def _narrowed(view: View, condition: str) -> str:
    text = view.get("q")
    return view.url(q=f"({text}) AND {condition}" if text else condition, page=None)
