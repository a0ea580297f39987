"""The words of PromQL: token kinds, operators with their precedence, keywords."""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    DURATION = "duration"
    STRING = "string"
    NAME = "identifier"
    SYMBOL = "symbol"
    END = "end of input"


class Token(Struct, frozen=True):
    """`text` as written (names of operators and keywords in lower case), and its offset in the query."""

    kind: Kind
    text: str
    start: int
    end: int

    def shown(self) -> str:
        """The token as messages name it."""
        return self.kind if self.kind is Kind.END else f"{self.text!r}"


SYMBOLS = ("=~", "!~", "==", "!=", "<=", ">=", "</", ">/", *"+-*/%^=<>(){}[],:@")
"""Longest first: the first that fits is taken."""

PRECEDENCE = {
    "or": 1,
    "and": 2,
    "unless": 2,
    **dict.fromkeys(("==", "!=", "<=", "<", ">=", ">", "</", ">/"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
"""How tightly binary operators bind; `^` to the right, the others to the left."""
UNARY = 5
"""A sign binds as multiplication does: -a^b is -(a^b), -a*b is (-a)*b."""

COMPARISONS = frozenset(("==", "!=", "<=", "<", ">=", ">"))
SET_OPERATORS = frozenset(("and", "or", "unless"))
TRIMS = frozenset(("</", ">/"))
"""Cut a native histogram at a value: `</` keeps what is below, `>/` what is above."""

AGGREGATIONS = frozenset(
    (
        "avg",
        "bottomk",
        "count",
        "count_values",
        "group",
        "limit_ratio",
        "limitk",
        "max",
        "min",
        "quantile",
        "stddev",
        "stdvar",
        "sum",
        "topk",
    )
)
PARAMETRISED = frozenset(("bottomk", "count_values", "limit_ratio", "limitk", "quantile", "topk"))
"""Aggregations with a parameter before the expression."""
