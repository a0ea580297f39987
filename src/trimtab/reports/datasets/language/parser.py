"""Reads an expression into a tree.

or  <  and  <  not  <  = != <> < <= > >= in, not in, is null  <  + -  <  * / %  <  unary -  <  calls, names, values
"""

from collections.abc import Callable
from decimal import Decimal

from trimtab.reports.datasets.language.lexer import ExpressionProblem, Lexeme, Token, tokens_of
from trimtab.reports.datasets.language.tree import CallOf, FieldName, Items, Literal, Node, ParameterName

_DEEPEST = 40
"""Calls and brackets within each other: what people write stays below ten."""
_COMPARED = ("=", "!=", "<>", "<", "<=", ">", ">=")


def parse(text: str) -> Node:
    """The tree of an expression. Raises ExpressionProblem."""
    parser = _Parser(tokens_of(text))
    found = parser.either(0)
    if parser.now.lexeme is not Lexeme.END:
        raise parser.wrong("an operator or the end")
    return found


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self.now
        self._at += token.lexeme is not Lexeme.END
        return token

    def wrong(self, wanted: str) -> ExpressionProblem:
        return ExpressionProblem(f"expected {wanted}, got {self.now}", self.now.start, self.now.end)

    def sign(self, sign: str) -> Token:
        if not self.now.is_sign(sign):
            raise self.wrong(f"{sign!r}")
        return self.take()

    def either(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise ExpressionProblem("it is nested too deeply", self.now.start, self.now.end)
        return self._left(self._both, ("or",), depth)

    def _both(self, depth: int) -> Node:
        return self._left(self._not, ("and",), depth)

    def _left(self, below: Callable[[int], Node], words: tuple[str, ...], depth: int) -> Node:
        found = below(depth)
        while self.now.is_word(*words):
            name = self.take().text.lower()
            right = below(depth)
            found = CallOf(name, (found, right), found.start, right.end)
        return found

    def _not(self, depth: int) -> Node:
        if self.now.is_word("not"):
            start = self.take().start
            if depth > _DEEPEST:
                raise self.wrong("fewer `not`")
            inner = self._not(depth + 1)
            return CallOf("not", (inner,), start, inner.end)
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Node:
        left = self._sum(depth)
        if self.now.is_sign(*_COMPARED):
            sign = self.take().text
            right = self._sum(depth)
            return CallOf("!=" if sign == "<>" else sign, (left, right), left.start, right.end)
        if self.now.is_word("is"):
            return self._null(left)
        negated = self.now.is_word("not")
        if negated:
            self.take()
        if not self.now.is_word("in"):
            if negated:
                raise self.wrong("`in`")
            return left
        self.take()
        among = self._list(depth)
        found = CallOf("in", (left, among), left.start, among.end)
        return CallOf("not", (found,), left.start, among.end) if negated else found

    def _null(self, left: Node) -> Node:
        self.take()
        negated = self.now.is_word("not")
        if negated:
            self.take()
        if not self.now.is_word("null"):
            raise self.wrong("`null`")
        end = self.take().end
        return CallOf("isnotnull" if negated else "isnull", (left,), left.start, end)

    def _sum(self, depth: int) -> Node:
        return self._signs(self._product, ("+", "-"), depth)

    def _product(self, depth: int) -> Node:
        return self._signs(self._unary, ("*", "/", "%"), depth)

    def _signs(self, below: Callable[[int], Node], signs: tuple[str, ...], depth: int) -> Node:
        found = below(depth)
        while self.now.is_sign(*signs):
            name = self.take().text
            right = below(depth)
            found = CallOf(name, (found, right), found.start, right.end)
        return found

    def _unary(self, depth: int) -> Node:
        if not self.now.is_sign("-"):
            return self._value(depth)
        if depth > _DEEPEST:
            raise self.wrong("fewer signs")
        start = self.take().start
        inner = self._unary(depth + 1)
        if isinstance(inner, Literal) and isinstance(inner.value, Decimal):
            return Literal(-inner.value, start, inner.end)
        return CallOf("negative", (inner,), start, inner.end)

    def _value(self, depth: int) -> Node:
        token = self.now
        if token.is_sign("("):
            self.take()
            found = self.either(depth + 1)
            self.sign(")")
            return found
        if token.is_sign("["):
            return self._list(depth)
        if token.lexeme in (Lexeme.SIGN, Lexeme.END):
            raise self.wrong("a value")
        self.take()
        match token.lexeme:
            case Lexeme.NUMBER:
                return Literal(Decimal(token.text), token.start, token.end)
            case Lexeme.TEXT:
                return Literal(token.text, token.start, token.end)
            case Lexeme.PARAMETER:
                return ParameterName(token.text, token.start, token.end)
            case Lexeme.FIELD:
                return FieldName(token.text, token.start, token.end)
        return self._named(token, depth)

    def _named(self, token: Token, depth: int) -> Node:
        if self.now.is_sign("("):
            self.take()
            arguments = self._until(")", depth)
            return CallOf(token.text.lower(), arguments, token.start, self.take().end)
        word = token.text.lower()
        if word in ("true", "false"):
            return Literal(word == "true", token.start, token.end)
        if word == "null":
            return Literal(None, token.start, token.end)
        return FieldName(token.text, token.start, token.end)

    def _list(self, depth: int) -> Items | ParameterName:
        """A list in brackets, or a parameter that is one."""
        if self.now.lexeme is Lexeme.PARAMETER:
            token = self.take()
            return ParameterName(token.text, token.start, token.end)
        closing = {"[": "]", "(": ")"}.get(self.now.text) if self.now.lexeme is Lexeme.SIGN else None
        if closing is None:
            raise self.wrong("a list in brackets")
        start = self.take().start
        items = self._until(closing, depth)
        return Items(items, start, self.take().end)

    def _until(self, closing: str, depth: int) -> tuple[Node, ...]:
        """Items between commas up to a sign, which is not taken."""
        found: list[Node] = []
        while not self.now.is_sign(closing):
            if found:
                self.sign(",")
            found.append(self._sorted(self.either(depth + 1)))
        return tuple(found)

    def _sorted(self, node: Node) -> Node:
        """A node with the way in which it sorts, where that is said."""
        if not self.now.is_word("asc", "desc"):
            return node
        way = self.take()
        return CallOf(way.text.lower(), (node,), node.start, way.end)
