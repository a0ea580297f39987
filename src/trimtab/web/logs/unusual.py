"""What is unusual about log patterns, as pages show it: marks beside patterns, and rows of a list."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.base.errors import QueryAborted
from trimtab.logs.patterns.anomalies import LogAnomaly, Priority, Suppression, Unusual
from trimtab.logs.patterns.compare import Pattern
from trimtab.logs.patterns.merge import tokens_of
from trimtab.logs.patterns.rules import SHOWN, VARIABLE
from trimtab.logs.patterns.vocabulary import covers
from trimtab.web.site import Site
from trimtab.web.view import View, link

_TTL_S = 15.0
_WORDS = {Unusual.NEW: "first seen", Unusual.GONE: "gone since", Unusual.RATE: "unusual rate since"}
_LEVELS = {Priority.HIGH: "bad", Priority.MEDIUM: "warn", Priority.LOW: "quiet"}


class Unusualness(Struct, frozen=True):
    """An anomaly with how it is marked, in words, and where it leads: its own page, or its lines."""

    one: LogAnomaly
    level: str
    words: str
    href: str


async def unusual_patterns(site: Site, view: View) -> list[Unusualness]:
    """The anomalies of log patterns in the range, suppressed ones left out; none where the server watches none."""
    found = site.state.log_anomalies
    if found is None:
        return []
    window = view.window
    grain = int(_TTL_S * 1000)
    key = ("unusual patterns", view.scope, window.start_ms // grain, window.end_ms // grain)

    async def read() -> list[LogAnomaly]:
        return await found.listed(view.scope, window.start_ms, window.end_ms)

    try:
        listed = await site.cache.get(key, _TTL_S, read)
    except QueryAborted:  # the page has more to show than this
        return []
    return [_shown(view, one) for one in listed if one.state is Suppression.ACTIVE]


def marks_of(found: Sequence[Unusualness], patterns: Sequence[Pattern]) -> Mapping[str, Unusualness]:
    """Which of a page's patterns are unusual, by template. What was mined of other lines may be as general or less."""
    known = [(tokens_of(one.one.template.replace(SHOWN, VARIABLE)), one) for one in reversed(found)]
    marks = {}
    for pattern in patterns:
        tokens = tokens_of(pattern.template.replace(SHOWN, VARIABLE))
        for own, one in known:
            if covers(own, tokens) or covers(tokens, own):
                marks[pattern.template] = one
    return marks


def _shown(view: View, one: LogAnomaly) -> Unusualness:
    if one.unusual is Unusual.RATE:
        href = f"/anomalies/{one.id}"
    else:
        pairs = [(name, value) for name, value in view.parameters if name in ("range", "from", "to")]
        href = link("/logs", [*pairs, ("tab", "patterns"), ("group", one.log_group)])
    return Unusualness(one, _LEVELS[one.priority], _WORDS[one.unusual], href)
