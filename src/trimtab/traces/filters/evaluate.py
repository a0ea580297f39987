"""A filter expression against a whole trace in memory, exactly as `plan` says it in SQL; and root causes besides."""

from collections.abc import Callable, Sequence
from typing import Any

from trimtab.traces.filters.columns import FLAGS, NUMBERS, TEXTS, TIMES, annotation_of
from trimtab.traces.filters.operators import ORDER, TEXT, number_of
from trimtab.traces.filters.plan import of_root
from trimtab.traces.filters.syntax import (
    All,
    Annotation,
    AnyOf,
    Cause,
    CauseJson,
    Compare,
    Edge,
    Expression,
    Flag,
    Node,
    Not,
    Service,
)
from trimtab.traces.model import CALLS, NS_A_S, Span, Trace
from trimtab.traces.root_causes import CauseEntity, CauseService, RootCause, root_causes

_KINDS = ("fault", "error", "responsetime")


def matches(expression: Expression | None, trace: Trace) -> bool:
    """Whether an expression without groups holds for a trace."""
    return expression is None or _trace(expression, trace)


def entry_of(trace: Trace) -> Span:
    """The span with which a trace began, as far as it is known: a segment without a parent, else the first segment."""
    return min(trace.spans, key=lambda span: (not span.segment, span.parent_id != "", span.start_ns))


def _trace(part: Expression, trace: Trace) -> bool:
    if isinstance(part, All):
        return all(_trace(one, trace) for one in part.parts)
    if isinstance(part, AnyOf):
        return any(_trace(one, trace) for one in part.parts)
    if isinstance(part, Not):
        return not _trace(part.inner, trace)
    if isinstance(part, Cause):
        return any(_cause(part, cause) for cause in root_causes(trace, part.kind))
    if isinstance(part, CauseJson):
        kinds = [part.kind] if part.kind else _KINDS
        return any(_like(part.wanted, cause) for kind in kinds for cause in root_causes(trace, kind))
    if isinstance(part, Compare) and part.name == "duration":
        return ORDER[part.operator](trace.duration_ns / NS_A_S, float(part.value))
    if of_root(part):
        return _row(part, entry_of(trace), trace)
    return any(_row(part, span, trace) for span in trace.spans)


def _row(part: Expression, span: Span, trace: Trace) -> bool:
    if isinstance(part, All):
        return all(_row(one, span, trace) for one in part.parts)
    if isinstance(part, AnyOf):
        return any(_row(one, span, trace) for one in part.parts)
    if isinstance(part, Not):
        return not _row(part.inner, span, trace)
    if isinstance(part, Flag):
        return FLAGS[part.name][1](span)
    if isinstance(part, Compare):
        return _compare(part, span)
    if isinstance(part, Annotation):
        return _annotation(part, span)
    if isinstance(part, Service | Edge):
        node = _node(part.node, span) if isinstance(part, Service) else _edge(part, span, trace)
        return node and (part.inner is None or _row(part.inner, span, trace))
    raise AssertionError(f"the parser lets no {type(part).__name__} be said of one span")


def _compare(part: Compare, span: Span) -> bool:
    if isinstance(part.value, str):
        compare = TEXT[part.operator]
        return any(compare(text, part.value) for text in TEXTS[part.name][1](span))
    if part.name in TIMES:
        return not span.partial and ORDER[part.operator](span.duration_ns, part.value * NS_A_S)
    number = NUMBERS[part.name][1](span)
    return number is not None and ORDER[part.operator](number, part.value)


def _annotation(part: Annotation, span: Span) -> bool:
    text = annotation_of(span, part.key)
    if text is None or not part.operator:
        return text is not None
    if isinstance(part.value, bool):
        return TEXT[part.operator](text.lower(), "true" if part.value else "false")
    if isinstance(part.value, str):
        return TEXT[part.operator](text, part.value)
    number = number_of(text)
    return number is not None and ORDER[part.operator](number, part.value)


def _node(node: Node, span: Span) -> bool:
    own = span.segment and (not node.name or span.service == node.name)
    called = span.kind in CALLS and span.peer != "" and (not node.name or span.peer == node.name)
    placed = (not node.type or span.origin == node.type) and (not node.account or span.account == node.account)
    return (own or called) and placed


def _edge(part: Edge, span: Span, trace: Trace) -> bool:
    destination = part.destination
    typed = not destination.type or span.origin == destination.type
    called = span.kind in CALLS and _from(part.source, span) and typed
    if called and (not destination.name or span.peer == destination.name):
        return True
    above = trace.by_id.get(span.parent_id)
    if not span.segment or above is None or not _from(part.source, above) or not typed:
        return False
    return not destination.name or span.service == destination.name


def _from(node: Node, span: Span) -> bool:
    return (not node.name or span.service == node.name) and (not node.account or span.account == node.account)


def _cause(part: Cause, cause: RootCause) -> bool:
    if part.inner is None:
        return True
    found: list[tuple[Sequence[Any], Any]] = [(cause.services, one) for one in cause.services]
    if part.part != "service":
        found = [(service.entities, entity) for service in cause.services for entity in service.entities]
    if part.part == "exception":
        found = [(entity.exceptions, one) for _, entity in found for one in entity.exceptions]
    return any(_of_cause(part.inner, all_, one) for all_, one in found)


def _of_cause(part: Expression, all_: Sequence[Any], one: Any) -> bool:
    if isinstance(part, All):
        return all(_of_cause(inner, all_, one) for inner in part.parts)
    if isinstance(part, AnyOf):
        return any(_of_cause(inner, all_, one) for inner in part.parts)
    if isinstance(part, Not):
        return not _of_cause(part.inner, all_, one)
    place = next(number for number, other in enumerate(all_) if other is one)
    if isinstance(part, Flag):
        return _CAUSE_FLAGS[part.name](all_, one, place)
    if isinstance(part, Compare) and isinstance(part.value, str):
        return any(TEXT[part.operator](text, part.value) for text in _cause_texts(part.name, one))
    if isinstance(part, Compare) and isinstance(part.value, float):
        number = float(place) if part.name == "index" else getattr(one, "coverage", None)
        return number is not None and ORDER[part.operator](number, part.value)
    raise AssertionError(f"the parser lets no {type(part).__name__} be said of a root cause")


_CAUSE_FLAGS: dict[str, Callable[[Sequence[Any], Any, int], bool]] = {
    "first": lambda _, __, place: place == 0,
    "last": lambda all_, _, place: place == len(all_) - 1,
    "root": lambda _, __, place: place == 0,
    "remote": lambda _, one, __: bool(getattr(one, "remote", False)),
    "inferred": lambda _, one, __: bool(getattr(one, "inferred", False)),
}


def _cause_texts(name: str, one: Any) -> list[str]:
    if name == "message" and isinstance(one, CauseEntity):
        return [exception.message for exception in one.exceptions]
    value = getattr(one, name, "")
    return [value] if value else []


def _like(wanted: Any, cause: RootCause) -> bool:
    """Whether the services of a cause are those of a JSON root cause, by name, with their entities."""
    asked = wanted[0] if isinstance(wanted, list) and wanted else wanted
    services = asked.get("Services", []) if isinstance(asked, dict) else []
    if len(services) != len(cause.services):
        return False
    return all(_like_service(one, service) for one, service in zip(services, cause.services, strict=True))


def _like_service(wanted: Any, service: CauseService) -> bool:
    if not isinstance(wanted, dict) or wanted.get("Name") != service.name:
        return False
    if wanted.get("Type") not in (None, service.type):
        return False
    path = [one.get("Name") for one in wanted.get("EntityPath") or [] if isinstance(one, dict)]
    return not path or path == [entity.name for entity in service.entities]
