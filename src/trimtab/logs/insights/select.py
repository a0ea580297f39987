"""SQL as a second language, read-only: one SELECT becomes the same commands that Logs Insights has.

SELECT [DISTINCT] * | expression [AS name], … FROM logs | `group` | logGroups(logGroupIdentifier: ['group', …])
[WHERE condition] [GROUP BY expression, …] [HAVING condition] [ORDER BY expression [ASC | DESC], …] [LIMIT number]

`logs` are the log groups of the request. Texts stand in quotes, names with other signs in backticks.
"""

from collections.abc import Callable, Sequence

from trimtab.logs.insights.aggregates import AGGREGATES
from trimtab.logs.insights.environment import normal
from trimtab.logs.insights.expressions import ExpressionParser
from trimtab.logs.insights.lexer import Lexeme, QueryProblem
from trimtab.logs.insights.parser import MAX_LENGTH, MAX_ROWS
from trimtab.logs.insights.select_expressions import SelectExpressions
from trimtab.logs.insights.syntax import (
    Call,
    Command,
    Expression,
    Field,
    Fields,
    Filter,
    Limit,
    Named,
    Number,
    Query,
    Sort,
    SortKey,
    Source,
    Stats,
    walk,
)
from trimtab.logs.insights.tokens import Tokens


def parse(text: str) -> Query:
    """The query of a SELECT. Raises QueryProblem, which names the character."""
    if len(text) > MAX_LENGTH:
        raise QueryProblem(f"the query has more than {MAX_LENGTH} characters", MAX_LENGTH, len(text))
    tokens = Tokens(text)
    query = _Select(tokens).query()
    if tokens.token.lexeme is not Lexeme.END:
        tokens.fail("expected another clause, in its order, or the end")
    return query


class _Select:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._expressions: ExpressionParser = SelectExpressions(tokens, _no_subquery(tokens))

    def query(self) -> Query:
        tokens = self._tokens
        tokens.expect_word("select")
        distinct = tokens.word("distinct") is not None
        items = None if tokens.sign("*") else self._expressions.named_list()
        tokens.expect_word("from")
        source = self._source()
        commands: list[Command] = []
        if word := tokens.word("where"):
            commands.append(Filter(self._expressions.expression(), tokens.place_from(word.start)))
        keys = self._keys() if tokens.word("group") else ()
        having = self._expressions.expression() if tokens.word("having") else None
        order = self._order() if tokens.word("order") else ()
        if items is not None:
            commands += self._shown(items, keys, having, order, distinct=distinct)
        elif keys or having or distinct:
            tokens.fail("expected names behind SELECT, not *, where rows are grouped")
        if order:
            commands.append(Sort(order, tokens.place_from(0)))
        if word := tokens.word("limit"):
            commands.append(Limit(self._count(), tokens.place_from(word.start)))
        return Query(tuple(commands), source, tokens.text)

    def _shown(
        self,
        items: tuple[Named, ...],
        keys: Sequence[Expression],
        having: Expression | None,
        order: Sequence[SortKey],
        *,
        distinct: bool,
    ) -> list[Command]:
        """`fields` of single rows, or `stats` with what HAVING and ORDER BY need besides."""
        place = self._tokens.place_from(0)
        found = [item for item in items if _aggregates(item.expression)]
        if not found and not keys and not distinct:
            if having is not None:
                raise QueryProblem("HAVING needs GROUP BY", having.place.start, having.place.end)
            return [Fields(items, True, place)]
        by = [self._key(key, items) for key in keys]
        for item in items:
            if item not in found and item.name not in {key.name for key in by}:
                if not distinct:
                    where = item.expression.place
                    why = f"{item.name} stands neither in GROUP BY nor inside a function over rows"
                    raise QueryProblem(why, where.start, where.end)
                by.append(item)
        besides = [call for one in (having, *(key.expression for key in order)) if one for call in _aggregates(one)]
        known = {normal(item.name) for item in found}
        hidden = {call.text: Named(call, call.text) for call in besides if normal(call.text) not in known}
        commands: list[Command] = [Stats((*found, *hidden.values()), tuple(by), place)]
        if having is not None:
            commands.append(Filter(having, having.place))
        shown = tuple(Named(Field(item.name, item.expression.place), item.name) for item in items)
        return [*commands, Fields(shown, True, place)]

    def _key(self, key: Expression, items: Sequence[Named]) -> Named:
        """A key of GROUP BY with the name that SELECT gives it: by its name, its place (from 1) or its text."""
        if isinstance(key, Number) and key.value.is_integer() and 1 <= key.value <= len(items):
            return items[int(key.value) - 1]
        text = self._text(key)
        for item in items:
            named = isinstance(key, Field) and key.name == item.name
            if named or normal(self._text(item.expression)) == normal(text):
                return item
        return Named(key, key.name if isinstance(key, Field) else text)

    def _text(self, expression: Expression) -> str:
        return self._tokens.text[expression.place.start : expression.place.end]

    def _keys(self) -> tuple[Expression, ...]:
        self._tokens.expect_word("by")
        keys = [self._expressions.expression()]
        while self._tokens.sign(","):
            keys.append(self._expressions.expression())
        return tuple(keys)

    def _order(self) -> tuple[SortKey, ...]:
        self._tokens.expect_word("by")
        keys = []
        while True:
            key = self._expressions.expression()
            word = self._tokens.word("asc", "desc")
            keys.append(SortKey(key, word is not None and word.text.lower() == "desc"))
            if not self._tokens.sign(","):
                return tuple(keys)

    def _count(self) -> int:
        token = self._tokens.token
        count = int(token.text) if token.lexeme is Lexeme.NUMBER and token.text.isdigit() else 0
        if not 0 < count <= MAX_ROWS:
            self._tokens.fail(f"expected a number from 1 to {MAX_ROWS}")
        self._tokens.take()
        return count

    def _source(self) -> Source | None:
        tokens = self._tokens
        start = tokens.token.start
        if tokens.word("loggroups"):
            tokens.expect_sign("(")
            tokens.expect_word("loggroupidentifier")
            tokens.expect_sign(":")
            tokens.expect_sign("[")
            names = [tokens.quoted("a log group").text]
            while tokens.sign(","):
                names.append(tokens.quoted("a log group").text)
            tokens.expect_sign("]")
            tokens.expect_sign(")")
        elif tokens.token.is_word("logs"):
            tokens.take()
            return None
        elif tokens.token.lexeme is Lexeme.TEXT:
            names = [tokens.take().text]
        else:
            names = [tokens.name("logs, a log group or logGroups(…)").text]
        return Source(tuple(names), (), (), (), None, None, tokens.place_from(start))


def _aggregates(expression: Expression) -> list[Call]:
    return [one for one in walk(expression) if isinstance(one, Call) and one.name in AGGREGATES]


def _no_subquery(tokens: Tokens) -> Callable[[], Query]:
    def refuse() -> Query:
        tokens.fail("expected a list of numbers and texts")
        raise AssertionError("bug: fail raises")

    return refuse
