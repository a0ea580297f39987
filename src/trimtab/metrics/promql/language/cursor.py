"""A place among the tokens of a query, and what every part of the parser does with it."""

from trimtab.metrics.promql.language.lexer import tokens_of
from trimtab.metrics.promql.language.literals import number, unquoted
from trimtab.metrics.promql.language.tokens import Kind, Token
from trimtab.metrics.promql.problems import BadQuery

_MOST_DEPTH = 100  # of nesting; the parser and the evaluator recurse


class Cursor:
    """Reads tokens one after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens_of(text)
        self._at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self._tokens[self._at]

    @property
    def ahead(self) -> Token:
        """The token after it."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Pass the next token."""
        token = self.token
        self._at += token.kind is not Kind.END
        return token

    def at_end(self) -> bool:
        """Whether every token was taken."""
        return self.token.kind is Kind.END

    def is_symbol(self, *symbols: str) -> bool:
        """Whether a symbol of these is next."""
        return self.token.kind is Kind.SYMBOL and self.token.text in symbols

    def is_word(self, *words: str) -> bool:
        """Whether a word of these is next, in any case."""
        return self.token.kind is Kind.NAME and self.token.text.lower() in words

    def accept(self, symbol: str) -> bool:
        """Pass `symbol` if it is next."""
        found = self.is_symbol(symbol)
        if found:
            self.take()
        return found

    def expect(self, symbol: str, where: str) -> Token:
        """Pass `symbol`. Raises BadQuery if something else is next."""
        if not self.is_symbol(symbol):
            raise self.unexpected(where, f"{symbol!r}")
        return self.take()

    def unexpected(self, where: str, expected: str = "") -> BadQuery:
        """The error that the next token does not belong there."""
        tail = f", expected {expected}" if expected else ""
        return BadQuery(f"unexpected {self.token.shown()} in {where}{tail}", self.text, self.token.start)

    def wrong(self, message: str, position: int) -> BadQuery:
        """An error at a position."""
        return BadQuery(message, self.text, position)

    def string(self) -> str:
        """Pass a string, as what it stands for."""
        token = self.take()
        try:
            return unquoted(token.text)
        except ValueError as problem:
            raise self.wrong(f"error unquoting string {token.text!r}: {problem}", token.start) from None

    def number(self) -> float:
        """Pass a number token."""
        token = self.take()
        try:
            return number(token.text)
        except ValueError:
            raise self.wrong(f"error parsing number: {token.text!r}", token.start) from None

    def deeper(self) -> None:
        """Go one level down. Raises BadQuery too far down."""
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise self.wrong(f"query is nested more than {_MOST_DEPTH} levels deep", self.token.start)
