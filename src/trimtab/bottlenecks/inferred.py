"""Components that send no spans themselves: databases, queues, services of others, as their callers see them.

A client's span that names its peer and has no child elsewhere gets a server's span of the peer, as long as itself: so
that what it waited is the peer's, on the service map, in comparisons and among suspects.
"""

from collections.abc import Sequence

import numpy as np

from trimtab.base.records import replace
from trimtab.bottlenecks.forest import NONE, parents
from trimtab.bottlenecks.spans import CLIENT, PRODUCER, SERVER, Spans


def with_inferred(spans: Spans, peers: Sequence[str]) -> Spans:
    """`spans` and a span for each call of a peer; `peers` (n,) names it, "" where a span calls none."""
    parent = parents(spans.trace, spans.span, spans.parent)
    calls = np.isin(spans.kind, (CLIENT, PRODUCER))
    named = np.array([bool(name) for name in peers], bool)
    answered = np.zeros(len(spans), bool)
    has = np.flatnonzero(parent != NONE)
    crossing = has[spans.service[has] != spans.service[parent[has]]]
    answered[parent[crossing]] = True
    rows = np.flatnonzero(calls & named & ~answered)
    rows = rows[[peers[row] != spans.services[spans.service[row]] for row in rows.tolist()]] if len(rows) else rows
    if not len(rows):
        return spans
    services = {name: code for code, name in enumerate(spans.services)}
    places = {name: code for code, name in enumerate(spans.places)}
    wanted = [peers[row] for row in rows.tolist()]
    service = np.array([services.setdefault(name, len(services)) for name in wanted], np.int64)
    place = np.array([places.setdefault(name, len(places)) for name in wanted], np.int64)
    free = np.uint64(spans.span.max()) + np.arange(1, len(rows) + 1, dtype=np.uint64)
    return replace(
        spans,
        trace=np.concatenate((spans.trace, spans.trace[rows])),
        span=np.concatenate((spans.span, free)),
        parent=np.concatenate((spans.parent, spans.span[rows])),
        start_ns=np.concatenate((spans.start_ns, spans.start_ns[rows])),
        duration_ns=np.concatenate((spans.duration_ns, spans.duration_ns[rows])),
        service=np.concatenate((spans.service, service)),
        operation=np.concatenate((spans.operation, spans.operation[rows])),
        place=np.concatenate((spans.place, place)),
        kind=np.concatenate((spans.kind, np.full(len(rows), SERVER))),
        failed=np.concatenate((spans.failed, spans.failed[rows])),
        services=tuple(services),
        places=tuple(places),
        attributes=(*spans.attributes, *({} for _ in rows)) if spans.attributes else (),
    )
