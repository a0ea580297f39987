"""Parses Logs Insights: `[SOURCE …] | command | command …`.

Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax".
"""

from collections.abc import Callable

from trimtab.logs.insights.expressions import ExpressionParser
from trimtab.logs.insights.lexer import Lexeme, QueryProblem
from trimtab.logs.insights.regex import checked
from trimtab.logs.insights.sources import source_of
from trimtab.logs.insights.syntax import (
    Anomaly,
    Command,
    Dedup,
    Diff,
    Expression,
    Field,
    Fields,
    Filter,
    Join,
    Limit,
    Lookup,
    Named,
    Parse,
    Pattern,
    Place,
    Query,
    Sort,
    SortKey,
    Stats,
    Unmask,
    Unnest,
)
from trimtab.logs.insights.tokens import Tokens

MAX_LENGTH = 10_000
"""Characters of a query, as documented."""
MAX_ROWS = 100_000
"""Rows that a query may return, as documented."""
MAX_COMMANDS = 50  # each is a level of the engine's statement, of which it takes 100
MAX_QUERIES = 4  # a query with what is inside it


def parse(text: str) -> Query:
    """The parsed query. Raises QueryProblem, which names the character."""
    if len(text) > MAX_LENGTH:
        raise QueryProblem(f"the query has more than {MAX_LENGTH} characters", MAX_LENGTH, len(text))
    tokens = Tokens(text)
    query = _Parser(tokens).query()
    if tokens.token.lexeme is not Lexeme.END:
        tokens.fail("expected | and another command, or the end")
    return query


class _Parser:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._expressions = ExpressionParser(tokens, self.query)
        self._queries = 0
        self._commands: dict[str, Callable[[int], Command]] = {
            "fields": lambda start: Fields(self._items(), False, tokens.place_from(start)),
            "display": lambda start: Fields(self._items(), True, tokens.place_from(start)),
            "unmask": lambda start: Unmask(self._items(), tokens.place_from(start)),
            "filter": self._filter,
            "where": self._filter,
            "filterindex": self._filter,
            "stats": self._stats,
            "sort": self._sort,
            "order": self._sort,
            "limit": self._limit,
            "head": self._limit,
            "parse": self._parse,
            "dedup": self._dedup,
            "unnest": self._unnest,
            "pattern": lambda start: Pattern(self._expression(), tokens.place_from(start)),
            "diff": self._diff,
            "anomaly": lambda start: Anomaly(tokens.place_from(start)),
            "join": self._join,
            "lookup": self._lookup,
        }

    def query(self) -> Query:
        """A query up to its end, or to the `)` behind a query inside another."""
        tokens = self._tokens
        self._queries += 1
        if self._queries > MAX_QUERIES:
            tokens.fail(f"expected at most {MAX_QUERIES - 1} queries inside a query")
        start = tokens.token.start
        source = source_of(tokens) if tokens.token.is_word("source") else None
        commands: list[Command] = []
        if source is None:
            commands.append(self._command())
        while tokens.sign("|"):
            commands.append(self._command())
            if len(commands) > MAX_COMMANDS:
                raise QueryProblem(f"the query has more than {MAX_COMMANDS} commands", start, tokens.passed)
        return Query(tuple(commands), source, tokens.text[start : tokens.passed])

    def _command(self) -> Command:
        token = self._tokens.token
        read = self._commands.get(token.text.lower()) if token.lexeme is Lexeme.NAME else None
        if read is None:
            self._tokens.fail(f"expected a command: {', '.join(sorted(self._commands))}")
            raise AssertionError("bug: fail raises")
        self._tokens.take()
        return read(token.start)

    def _items(self) -> tuple[Named, ...]:
        return self._expressions.named_list()

    def _expression(self) -> Expression:
        return self._expressions.expression()

    def _filter(self, start: int) -> Command:
        return Filter(self._expression(), self._tokens.place_from(start))

    def _stats(self, start: int) -> Command:
        aggregates = self._items()
        by = self._items() if self._tokens.word("by") else ()
        return Stats(aggregates, by, self._tokens.place_from(start))

    def _sort(self, start: int) -> Command:
        tokens = self._tokens
        tokens.word("by")
        keys = []
        while True:
            key = self._expression()
            direction = tokens.word("asc", "desc")
            keys.append(SortKey(key, direction is not None and direction.text.lower() == "desc"))
            if not tokens.sign(","):
                return Sort(tuple(keys), tokens.place_from(start))

    def _limit(self, start: int) -> Command:
        token = self._tokens.token
        count = int(token.text) if token.lexeme is Lexeme.NUMBER and token.text.isdigit() else 0
        if not 0 < count <= MAX_ROWS:
            self._tokens.fail(f"expected a number from 1 to {MAX_ROWS}")
        self._tokens.take()
        return Limit(count, self._tokens.place_from(start))

    def _parse(self, start: int) -> Command:
        tokens = self._tokens
        operand: Expression = Field("@message", Place(start, start + len("parse")))
        if tokens.token.lexeme is not Lexeme.TEXT and not tokens.token.is_sign("/"):
            token = tokens.name("a field")
            operand = Field(token.text, Place(token.start, token.end))
        parts: tuple[str, ...] = ()
        if regex := tokens.regex():
            pattern, groups = checked(regex.text, Place(regex.start, regex.end))
            if not groups:
                raise QueryProblem("the regular expression has no group to take", regex.start, regex.end)
            if any(groups) and not tokens.token.is_word("as"):
                return Parse(operand, pattern, (), groups, tokens.place_from(start))
            wanted = len(groups)
        else:
            glob = tokens.quoted("a glob, or a regular expression between slashes")
            pattern, parts = "", tuple(glob.text.split("*"))
            wanted = len(parts) - 1
            if not wanted:
                raise QueryProblem("the glob has no * to take", glob.start, glob.end)
        tokens.expect_word("as")
        names = self._names()
        if len(names) != wanted:
            why = f"the pattern takes {wanted} values, and {len(names)} names are given"
            raise QueryProblem(why, start, tokens.passed)
        return Parse(operand, pattern, parts, tuple(names), tokens.place_from(start))

    def _names(self) -> list[str]:
        names = [self._tokens.name("a name").text]
        while self._tokens.sign(","):
            names.append(self._tokens.name("a name").text)
        return names

    def _dedup(self, start: int) -> Command:
        keys = [self._expression()]
        while self._tokens.sign(","):
            keys.append(self._expression())
        return Dedup(tuple(keys), self._tokens.place_from(start))

    def _unnest(self, start: int) -> Command:
        operand = self._expression()
        self._tokens.expect_word("into", "as")
        return Unnest(operand, self._tokens.name("a name").text, self._tokens.place_from(start))

    def _diff(self, start: int) -> Command:
        word = self._tokens.word("previousday", "previousweek", "previousmonth")
        return Diff(word.text.lower() if word else "previous", self._tokens.place_from(start))

    def _join(self, start: int) -> Command:
        tokens = self._tokens
        kept, left, right = False, "", ""
        while word := tokens.word("type", "left", "right", "inner"):
            if word.text.lower() in ("left", "inner") and not tokens.token.is_sign("="):
                kept = word.text.lower() == "left"
                continue
            tokens.expect_sign("=")
            value = tokens.name("a name").text
            match word.text.lower():
                case "type":
                    kept = value.lower().startswith("left")
                case "left":
                    left = value
                case _:
                    right = value
        inside = self._inside() if tokens.token.is_sign("(") else None
        tokens.expect_word("on", "where")
        on = [self._pair(left, right)]
        while tokens.word("and") or tokens.sign(","):
            on.append(self._pair(left, right))
        inside = inside or self._inside()
        return Join(inside, right, tuple(on), kept, tokens.place_from(start))

    def _inside(self) -> Query:
        self._tokens.expect_sign("(")
        query = self.query()
        self._tokens.expect_sign(")")
        return query

    def _pair(self, left: str, right: str) -> tuple[str, str]:
        first = self._tokens.name("a field").text
        if not self._tokens.sign("="):
            return first, first
        second = self._tokens.name("a field").text
        if right and first.startswith(f"{right}."):
            first, second = second, first
        return first.removeprefix(f"{left}.") if left else first, second.removeprefix(f"{right}.") if right else second

    def _lookup(self, start: int) -> Command:
        tokens = self._tokens
        table = tokens.take().text if tokens.token.lexeme is Lexeme.TEXT else tokens.name("a table").text
        on = [self._renamed()]
        while tokens.sign(","):
            on.append(self._renamed())
        output: list[tuple[str, str]] = []
        if tokens.word("output"):
            output.append(self._renamed())
            while tokens.sign(","):
                output.append(self._renamed())
        return Lookup(table, tuple(on), tuple(output), tokens.place_from(start))

    def _renamed(self) -> tuple[str, str]:
        name = self._tokens.name("a name").text
        return (name, self._tokens.name("a name").text) if self._tokens.word("as") else (name, name)
