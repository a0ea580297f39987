"""Parses Metrics Insights:

SELECT FUNCTION(metric) FROM namespace | SCHEMA(namespace, key, …)
[WHERE key = | != 'value' [AND …]] [GROUP BY key, …] [ORDER BY FUNCTION() [ASC|DESC]] [LIMIT number]

Source: CloudWatch user guide, "Metrics Insights query components and syntax".
"""

import re
from functools import lru_cache

from msgspec import Struct

from trimtab.metrics.insights.lexer import Lexeme, Token, invalid, split

MAX_SERIES = 500
"""Time series that a query may return, as documented; also the most that LIMIT takes."""
FUNCTIONS = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
"""Functions of SELECT, with the statistic that each one is."""
_SQL = re.compile(r"\s*SELECT\b", re.IGNORECASE)


class Filter(Struct, frozen=True):
    """A condition of WHERE: the key has (`equal`) or has not the value. A metric without the key passes neither."""

    key: str
    value: str
    equal: bool


class Order(Struct, frozen=True):
    """ORDER BY: the function over each result's points, and the direction."""

    function: str
    descending: bool


class Select(Struct, frozen=True):
    """A parsed query. `schema` None takes metrics of any dimensions, else those with exactly these keys."""

    function: str
    metric: str
    namespace: str
    schema: tuple[str, ...] | None
    where: tuple[Filter, ...] = ()
    group_by: tuple[str, ...] = ()
    order: Order | None = None
    limit: int = MAX_SERIES


def is_sql(text: str) -> bool:
    """Whether an expression is Metrics Insights rather than metric math."""
    return _SQL.match(text) is not None


@lru_cache(maxsize=4096)  # Alarms and dashboards evaluate the same texts every minute.
def parse(text: str) -> Select:
    """The parsed query. Raises InvalidInput ("Invalid syntax at character …")."""
    return _Parser(split(text)).whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def whole(self) -> Select:
        self._keyword("SELECT")
        function = self._function()
        self._sign("(")
        metric = self._name("a metric name")
        self._sign(")")
        self._keyword("FROM")
        namespace, schema = self._source()
        where = self._where()
        group_by = self._group_by()
        order = self._order()
        limit = self._limit()
        self._end()
        return Select(function, metric, namespace, schema, where, group_by, order, limit)

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _accept(self, lexeme: Lexeme, text: str) -> bool:
        if self._token.lexeme is lexeme and self._token.text == text:
            self._next += 1
            return True
        return False

    def _keyword(self, word: str) -> None:
        if not self._accept(Lexeme.KEYWORD, word):
            raise invalid(self._token.at, f"got {self._token}; expected {word}")

    def _sign(self, sign: str) -> None:
        if not self._accept(Lexeme.SIGN, sign):
            raise invalid(self._token.at, f"got {self._token}; expected {sign!r}")

    def _name(self, what: str) -> str:
        token = self._token
        if token.lexeme is Lexeme.KEYWORD:
            raise invalid(
                token.at, f"got the keyword {token.text}; expected {what}; a name like it needs double quotes"
            )
        if token.lexeme is not Lexeme.NAME or not token.text:
            raise invalid(token.at, f"got {token}; expected {what}")
        self._next += 1
        return token.text

    def _function(self) -> str:
        token = self._token
        name = token.text.upper()
        if token.lexeme is not Lexeme.NAME or name not in FUNCTIONS:
            raise invalid(token.at, f"got {token}; expected one of {', '.join(FUNCTIONS)}")
        self._next += 1
        return name

    def _source(self) -> tuple[str, tuple[str, ...] | None]:
        if not self._accept(Lexeme.KEYWORD, "SCHEMA"):
            return self._name("a namespace or SCHEMA(…)"), None
        self._sign("(")
        namespace = self._name("a namespace")
        keys = []
        while self._accept(Lexeme.SIGN, ","):
            keys.append(self._name("a dimension name"))
        self._sign(")")
        return namespace, tuple(keys)

    def _where(self) -> tuple[Filter, ...]:
        if not self._accept(Lexeme.KEYWORD, "WHERE"):
            return ()
        filters = [self._filter()]
        while self._accept(Lexeme.KEYWORD, "AND"):
            filters.append(self._filter())
        return tuple(filters)

    def _filter(self) -> Filter:
        key = self._name("a dimension name")
        equal = self._accept(Lexeme.SIGN, "=")
        if not equal and not self._accept(Lexeme.SIGN, "!="):
            raise invalid(self._token.at, f"got {self._token}; expected = or !=")
        token = self._token
        if token.lexeme is not Lexeme.VALUE:
            raise invalid(token.at, f"got {token}; expected a value in single quotes")
        self._next += 1
        return Filter(key, token.text, equal)

    def _group_by(self) -> tuple[str, ...]:
        if not self._accept(Lexeme.KEYWORD, "GROUP"):
            return ()
        self._keyword("BY")
        keys = [self._name("a dimension name")]
        while self._accept(Lexeme.SIGN, ","):
            keys.append(self._name("a dimension name"))
        return tuple(keys)

    def _order(self) -> Order | None:
        if not self._accept(Lexeme.KEYWORD, "ORDER"):
            return None
        self._keyword("BY")
        function = self._function()
        self._sign("(")
        self._sign(")")
        descending = self._accept(Lexeme.KEYWORD, "DESC")
        if not descending:
            self._accept(Lexeme.KEYWORD, "ASC")
        return Order(function, descending)

    def _limit(self) -> int:
        if not self._accept(Lexeme.KEYWORD, "LIMIT"):
            return MAX_SERIES
        token = self._token
        number = int(token.text) if token.text.isdigit() and token.text.isascii() and len(token.text) < 9 else 0
        if not 0 < number <= MAX_SERIES:
            raise invalid(token.at, f"got {token}; expected a number from 1 to {MAX_SERIES}")
        self._next += 1
        return number

    def _end(self) -> None:
        if self._token.lexeme is not Lexeme.END:
            raise invalid(self._token.at, f"got {self._token}; expected another clause, in its order, or the end")
