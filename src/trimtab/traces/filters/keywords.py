"""The keywords of filter expressions: what each compares with, and where it may stand.

Source: AWS X-Ray Developer Guide, "Using filter expressions".
"""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.traces.filters.syntax import Context

_SPANS = frozenset((Context.TRACE, Context.SERVICE, Context.EDGE))
_CAUSE = frozenset((Context.CAUSE,))
_NODES = frozenset((Context.SERVICE, Context.EDGE, Context.CAUSE))
EQUALITY = ("=", "!=")
ORDER = (*EQUALITY, "<", "<=", ">", ">=")
TEXT = (*EQUALITY, "CONTAINS", "BEGINSWITH", "ENDSWITH")


class Keyword(Struct, frozen=True):
    """A keyword. `of_root`: about a trace it speaks of its entry only, else of any span."""

    kind: str  # boolean, number or text
    contexts: frozenset[Context]
    of_root: bool = False

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators that it may stand before."""
        return {"boolean": EQUALITY, "number": ORDER, "text": TEXT}[self.kind]


KEYWORDS: Mapping[str, Keyword] = {
    "ok": Keyword("boolean", _SPANS, of_root=True),
    "error": Keyword("boolean", _SPANS, of_root=True),
    "throttle": Keyword("boolean", _SPANS, of_root=True),
    "fault": Keyword("boolean", _SPANS, of_root=True),
    "partial": Keyword("boolean", _SPANS),
    "inferred": Keyword("boolean", _SPANS | _CAUSE),
    "root": Keyword("boolean", _SPANS | _CAUSE, of_root=True),
    "first": Keyword("boolean", _CAUSE),
    "last": Keyword("boolean", _CAUSE),
    "remote": Keyword("boolean", _NODES),
    "responsetime": Keyword("number", _SPANS, of_root=True),
    "duration": Keyword("number", _SPANS),
    "http.status": Keyword("number", _SPANS, of_root=True),
    "index": Keyword("number", _CAUSE),
    "coverage": Keyword("number", _CAUSE),
    "http.url": Keyword("text", _SPANS, of_root=True),
    "http.method": Keyword("text", _SPANS, of_root=True),
    "http.useragent": Keyword("text", _SPANS, of_root=True),
    "http.clientip": Keyword("text", _SPANS, of_root=True),
    "user": Keyword("text", _SPANS),
    "name": Keyword("text", _SPANS | _CAUSE),
    "type": Keyword("text", _SPANS | _CAUSE),
    "message": Keyword("text", _SPANS | _CAUSE),
    "availabilityzone": Keyword("text", _SPANS),
    "instance.id": Keyword("text", _SPANS),
    "resource.arn": Keyword("text", _SPANS),
}
CAUSE_KINDS = ("fault", "error", "responsetime")
CAUSE_PARTS = ("service", "entity", "exception")
