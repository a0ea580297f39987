"""Calls that several spans tell of, each counted once.

Clients and instrumentations both emit spans: one inside the other, or side by side in traces of their own, with the
same usage. An agent's span holds the sum of its calls. So of spans inside each other the innermost is the call; and of
those that name the same answer (its id is the vendor's) the one that knows most. What only the others know is added.
"""

from collections.abc import Iterable, Mapping

from trimtab.base.records import replace
from trimtab.genai import attributes as names
from trimtab.genai.call import Call
from trimtab.genai.spans import CallSpan, call_of_span, is_holder
from trimtab.genai.tokens import KINDS, merged

_FILLED = (
    "vendor", "model", "asked_model", "endpoint", "status", "tier", "first_token_ms", "prefill_ms", "decode_ms",
    "id", "cost", "currency", "stream", *names.IDENTITY,
)  # fmt: skip
"""What a call may have from another span of the same call."""
_OF_TRACES = frozenset(("tenant", "user", "session"))
_Key = tuple[str, str, str]


def calls_of(spans: Iterable[CallSpan]) -> list[Call]:
    """The calls that spans tell of, each once, by their start. Whole traces: what is above a call says whose it is."""
    by_id: dict[_Key, CallSpan] = {(span.account, span.trace_id, span.span_id): span for span in spans}
    calls: dict[_Key, Call] = {}
    for key, span in by_id.items():
        call = call_of_span(span)
        if call is not None:
            calls[key] = call
    _into_their_spans(calls, by_id)
    inner = _without_outer(calls, by_id)
    who = {key: said for key, span in by_id.items() if (said := names.who(span.attributes))}
    told = _told_in_traces(who)
    return counted_once(_with_identity(call, by_id, who, told) for call in inner)


def counted_once(calls: Iterable[Call]) -> list[Call]:
    """Of calls that name the same answer of the same vendor one, with what the others know; by their start."""
    kept: dict[tuple[str, str, str, str], Call] = {}
    others: list[Call] = []
    for call in calls:
        if not call.id:
            others.append(call)
            continue
        key = (call.account, call.vendor, call.id, "")
        known = kept.get(key)
        kept[key] = call if known is None else filled(*sorted((known, call), key=_knows, reverse=True))
    return sorted([*kept.values(), *others], key=lambda call: (call.at_ms, call.trace_id, call.span_id))


def filled(call: Call, other: Call) -> Call:
    """`call`, with what only `other` knows of it."""
    changes = {name: getattr(other, name) for name in _FILLED if getattr(call, name) in ("", None, 0)}
    return replace(call, tokens=merged(call.tokens, other.tokens), **changes)


def _knows(call: Call) -> tuple[bool, int, bool]:
    """Who tells most kinds of tokens, then who is nearest to the wire."""
    return call.tokens.known, sum(getattr(call.tokens, kind) is not None for kind in KINDS), call.status > 0


def _into_their_spans(calls: dict[_Key, Call], by_id: Mapping[_Key, CallSpan]) -> None:
    """Of an event that was logged in the span of its call: the span is the call, and has what only the event says."""
    for key in [key for key in calls if names.TOLD_BY_EVENT in by_id[key].attributes]:
        above = (key[0], key[1], by_id[key].parent_id)
        if above in calls and not is_holder(by_id[above].attributes):
            calls[above] = filled(calls[above], calls.pop(key))


def _without_outer(calls: Mapping[_Key, Call], by_id: Mapping[_Key, CallSpan]) -> list[Call]:
    """The innermost calls; each that stands alone in a span of the same call gets what that one knows."""
    inside: dict[_Key, list[_Key]] = {}
    for key in calls:
        for above in _above(key, by_id):
            if above in calls:
                inside.setdefault(above, []).append(key)
    found: dict[_Key, Call] = {key: call for key, call in calls.items() if key not in inside}
    for outer, keys in inside.items():
        leaves = [key for key in keys if key in found]
        if len(leaves) == 1 and not is_holder(by_id[outer].attributes):
            found[leaves[0]] = filled(found[leaves[0]], calls[outer])
    return list(found.values())


def _above(key: _Key, by_id: Mapping[_Key, CallSpan]) -> list[_Key]:
    """The spans above one, the nearest first."""
    found: list[_Key] = []
    span = by_id.get(key)
    while span is not None and span.parent_id:
        above = (span.account, span.trace_id, span.parent_id)
        if above in found or above == key:
            break
        span = by_id.get(above)
        if span is not None:
            found.append(above)
    return found


def _told_in_traces(who: Mapping[_Key, Mapping[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    """By trace who it was for, where its spans name one alone: a tenant that the request's span names is its calls'."""
    sets: dict[tuple[str, str], dict[str, set[str]]] = {}
    for (account, trace, _), said in who.items():
        for field in _OF_TRACES & said.keys():
            sets.setdefault((account, trace), {}).setdefault(field, set()).add(said[field])
    return {
        trace: {field: next(iter(values)) for field, values in fields.items() if len(values) == 1}
        for trace, fields in sets.items()
    }


def _with_identity(
    call: Call,
    by_id: Mapping[_Key, CallSpan],
    who: Mapping[_Key, Mapping[str, str]],
    told: Mapping[tuple[str, str], Mapping[str, str]],
) -> Call:
    """The call with what it does not say itself of whom it was for: of spans above it the nearest counts."""
    missing = [field for field in names.IDENTITY if not getattr(call, field)]
    if not missing:
        return call
    said = dict(told.get((call.account, call.trace_id), {}))
    for key in reversed(_above((call.account, call.trace_id, call.span_id), by_id)):
        said |= who.get(key, {})
    changes = {field: said[field] for field in missing if field in said}
    return replace(call, **changes) if changes else call
