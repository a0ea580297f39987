"""How much of each prompt a cache could have had, by what calls tell: their session, order and size. Pure.

A conversation, and an agent's run, sends its whole past again with each call: the prompt of a call begins with that of
the call before it. So much of it could have been read, where the call before was not longer ago than caches keep what
was not read. No prompt is looked at; it is the most that the prompts allow, as a prompt may have been changed in front.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from trimtab.base.records import replace
from trimtab.genai.call import Call
from trimtab.genai.tokens import Tokens

KEPT_MS = 300_000
"""How long a vendor's cache keeps a prompt that nobody reads: five minutes at Anthropic, five to ten at OpenAI."""
LEAST_TOKENS = 1024
"""The shortest prompt that OpenAI's and Anthropic's caches take."""


def with_caches(calls: Sequence[Call]) -> list[Call]:
    """The calls with the cached tokens that their prompts allow, in their order.

    A call reads at least what it was told to have read. What it does not read is written where a later call reads it.
    """
    found = list(calls)
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, call in enumerate(calls):
        if call.tokens.known and not call.failed and (call.session or call.trace_id):
            groups[call.account, call.tenant, call.session or call.trace_id, call.agent].append(at)
    for places in groups.values():
        places.sort(key=lambda at: (calls[at].at_ms, at))
        reads = [_read(calls[before], calls[at]) for before, at in pairwise(places)]
        for number, at in enumerate(places):
            read = reads[number - 1] if number else 0
            goes_on = number < len(reads) and reads[number] > 0
            found[at] = replace(calls[at], tokens=_cached(calls[at].tokens, read, goes_on=goes_on))
    return found


def _read(before: Call, call: Call) -> int:
    """Tokens of a call's prompt that the one before it had, and a cache still."""
    first, then = before.tokens.input or 0, call.tokens.input or 0
    fits = LEAST_TOKENS <= first <= then and call.at_ms - before.at_ms <= KEPT_MS
    return first if fits else 0


def _cached(tokens: Tokens, read: int, *, goes_on: bool) -> Tokens:
    whole = tokens.input or 0
    had = max(read, tokens.cache_read or 0)
    written = whole - had if goes_on else 0
    return replace(tokens, cache_read=had, cache_write=written, cache_write_5m=written, cache_write_1h=0)
