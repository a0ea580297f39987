"""Parses metric math. From loosest to tightest:

    ||  OR
    &&  AND
    == != < <= > >=
    + -
    * /
    -a
    a ^ b         from right to left, and tighter than the minus before it: -m1^2 is -(m1^2)

CloudWatch documents the operators and not their precedence; this is the usual one.
"""

from functools import lru_cache

from trimtab.metrics.expressions.lexer import Lexeme, Token, invalid, split
from trimtab.metrics.expressions.syntax import Array, Call, Chain, Negation, Node, Number, Reference, Step, Text, Word

MAX_DEPTH = 60
"""Brackets inside brackets: far more than anyone writes, far less than the interpreter's stack."""
_LEVELS = (("||", "OR"), ("&&", "AND"), ("==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
_SPELLINGS = {"OR": "||", "AND": "&&"}


@lru_cache(maxsize=8192)  # Alarms and dashboards evaluate the same texts every minute.
def parse(text: str) -> Node:
    """The tree of `text`. Raises InvalidInput ("Invalid syntax at character …")."""
    return _Parser(split(text)).whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._token.lexeme is not Lexeme.END:
            raise invalid(self._token.at, f"got {self._token}; expected an operator or the end")
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def _accept(self, sign: str) -> bool:
        if self._token.lexeme is Lexeme.SIGN and self._token.text == sign:
            self._next += 1
            return True
        return False

    def _expect(self, sign: str, others: str = "") -> None:
        if not self._accept(sign):
            raise invalid(self._token.at, f"got {self._token}; expected {others}{sign!r}")

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._negation()
        first = self._level(level + 1)
        steps = []
        while (token := self._token).text in _LEVELS[level] and token.lexeme in (Lexeme.SIGN, Lexeme.NAME):
            self._next += 1
            steps.append(Step(_SPELLINGS.get(token.text, token.text), self._level(level + 1), token.at))
        return Chain(first, tuple(steps), first.at) if steps else first

    def _negation(self) -> Node:
        token = self._token
        if not self._accept("-"):
            return self._power()
        self._enter(token)
        node = Negation(self._negation(), token.at)
        self._depth -= 1
        return node

    def _power(self) -> Node:
        base = self._operand()
        token = self._token
        if not self._accept("^"):
            return base
        self._enter(token)
        step = Step("^", self._negation(), token.at)
        self._depth -= 1
        return Chain(base, (step,), base.at)

    def _operand(self) -> Node:
        token = self._take()
        match token.lexeme:
            case Lexeme.NUMBER:
                return Number(float(token.text), token.at)
            case Lexeme.TEXT:
                return Text(token.text, token.at)
            case Lexeme.NAME if token.text not in _SPELLINGS:
                return self._named(token)
            case Lexeme.SIGN if token.text in "([":
                return self._bracketed(token)
            case _:
                raise invalid(token.at, f"got {token}; expected a metric, a number or a function")

    def _named(self, token: Token) -> Node:
        if self._accept("("):
            return Call(token.text, self._list(token, ")"), token.at)
        return Reference(token.text, token.at) if token.text[0].islower() else Word(token.text, token.at)

    def _bracketed(self, token: Token) -> Node:
        if token.text == "[":
            items = self._list(token, "]")
            if not items:
                raise invalid(token.at, "an array has at least one member")
            return Array(items, token.at)
        self._enter(token)
        node = self._level(0)
        self._depth -= 1
        self._expect(")", "an operator or ")
        return node

    def _list(self, opening: Token, closing: str) -> tuple[Node, ...]:
        self._enter(opening)
        items: list[Node] = []
        if not self._accept(closing):
            items.append(self._level(0))
            while self._accept(","):
                items.append(self._level(0))
            self._expect(closing, "an operator, ',' or ")
        self._depth -= 1
        return tuple(items)

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise invalid(token.at, f"more than {MAX_DEPTH} levels of brackets; split it into several expressions")
