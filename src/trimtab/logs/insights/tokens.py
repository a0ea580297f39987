"""The place in a query where a parser is, and what it may ask of the token there."""

from trimtab.logs.insights.lexer import Lexeme, QueryProblem, Token, next_token, regex_at
from trimtab.logs.insights.syntax import Place


class Tokens:
    """The tokens of a query, one ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.token = next_token(text, 0)
        self.passed = 0
        """Where the last token that was taken ends."""

    def take(self) -> Token:
        """The token here; goes on to the next."""
        taken = self.token
        self.passed = taken.end
        self.token = next_token(self.text, taken.end)
        return taken

    def sign(self, *signs: str) -> Token | None:
        """The token, taken, if it is one of these signs."""
        return self.take() if self.token.is_sign(*signs) else None

    def word(self, *words: str) -> Token | None:
        """The token, taken, if it is one of these words."""
        return self.take() if self.token.is_word(*words) else None

    def expect_sign(self, sign: str) -> Token:
        """Take this sign. Raises QueryProblem."""
        return self.sign(sign) or self.fail(f"expected {sign!r}")

    def expect_word(self, *words: str) -> Token:
        """Take one of these words. Raises QueryProblem."""
        return self.word(*words) or self.fail(f"expected {' or '.join(words)}")

    def name(self, what: str) -> Token:
        """Take a name. Raises QueryProblem."""
        if self.token.lexeme in (Lexeme.NAME, Lexeme.QUOTED) and self.token.text:
            return self.take()
        return self.fail(f"expected {what}")

    def quoted(self, what: str) -> Token:
        """Take a text in quotes. Raises QueryProblem."""
        return self.take() if self.token.lexeme is Lexeme.TEXT else self.fail(f"expected {what} in quotes")

    def regex(self) -> Token | None:
        """The regular expression that begins here, taken, if one does."""
        if not self.token.is_sign("/"):
            return None
        self.token = regex_at(self.text, self.token)
        return self.take()

    def fail(self, expected: str) -> Token:
        """Raise QueryProblem at this token."""
        raise QueryProblem(f"got {self.token}; {expected}", self.token.start, self.token.end)

    def place_from(self, start: int) -> Place:
        """From `start` to the end of what was taken last."""
        return Place(start, self.passed)
