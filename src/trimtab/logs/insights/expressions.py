"""Parses expressions: or < and < not < comparisons, in, like < + - < * / % < ^ < unary minus."""

from collections.abc import Callable

from trimtab.logs.insights.lexer import Lexeme, QueryProblem
from trimtab.logs.insights.regex import checked
from trimtab.logs.insights.syntax import (
    Binary,
    Call,
    Duration,
    Expression,
    Field,
    Flag,
    In,
    Like,
    Named,
    Number,
    Place,
    Query,
    Star,
    Text,
    Unary,
)
from trimtab.logs.insights.tokens import Tokens

MAX_DEPTH = 60
"""How deep expressions may be nested; the engine's own parser and Python's stack bear more."""
MAX_OPERATORS = 200
"""Operators of one expression: a chain of them is as deep as it is long."""
MAX_VALUES = 1000  # in a list of `in`
_COMPARISONS = ("=", "==", "!=", "<", "<=", ">", ">=")


class ExpressionParser:
    """Parses what stands between commands; `subquery` parses the query behind `in (`."""

    def __init__(self, tokens: Tokens, subquery: Callable[[], Query]) -> None:
        self._tokens = tokens
        self._subquery = subquery
        self._depth = 0
        self._operators = 0

    def named(self) -> Named:
        """An expression with its name."""
        start = self._tokens.token.start
        expression = self.expression()
        if self._tokens.word("as"):
            return Named(expression, self._tokens.name("a name").text)
        if isinstance(expression, Field):
            return Named(expression, expression.name)
        return Named(expression, self._tokens.text[start : self._tokens.passed])

    def named_list(self) -> tuple[Named, ...]:
        """Expressions separated by commas; a field after a field may leave it out."""
        items = [self.named()]
        while self._tokens.sign(","):
            items.append(self.named())
        return tuple(items)

    def expression(self) -> Expression:
        """An expression. Raises QueryProblem."""
        if not self._depth:
            self._operators = 0
        self._deeper()
        start = self._tokens.token.start
        left = self._conjunction()
        while self._tokens.word("or"):
            left = self._binary("or", left, self._conjunction(), self._tokens.place_from(start))
        self._depth -= 1
        return left

    def _conjunction(self) -> Expression:
        start = self._tokens.token.start
        left = self._negation()
        while self._tokens.word("and"):
            left = self._binary("and", left, self._negation(), self._tokens.place_from(start))
        return left

    def _negation(self) -> Expression:
        start = self._tokens.token.start
        negations = 0
        while self._tokens.word("not"):
            negations += 1
        operand = self._comparison()
        return Unary("not", operand, self._tokens.place_from(start)) if negations % 2 else operand

    def _comparison(self) -> Expression:
        tokens = self._tokens
        start = tokens.token.start
        left = self._sum()
        while True:
            if sign := tokens.sign(*_COMPARISONS):
                left = self._binary(self._compared_with(sign.text), left, self._sum(), tokens.place_from(start))
            elif tokens.sign("=~") or tokens.word("like"):
                left = self._like(left, start, negated=False)
            elif tokens.word("in"):
                left = self._in(left, start, negated=False)
            elif tokens.word("not"):
                word = tokens.expect_word("like", "in")
                read = self._like if word.text.lower() == "like" else self._in
                left = read(left, start, negated=True)
            else:
                return left

    def _compared_with(self, sign: str) -> str:
        """The operator of a sign that was taken."""
        return "=" if sign == "==" else sign

    def _like(self, operand: Expression, start: int, *, negated: bool) -> Expression:
        self._counted()
        tokens = self._tokens
        if token := tokens.regex():
            pattern, _ = checked(token.text, Place(token.start, token.end))
            return Like(operand, pattern, True, negated, tokens.place_from(start))
        if tokens.token.lexeme is Lexeme.NUMBER:
            return Like(operand, tokens.take().text, False, negated, tokens.place_from(start))
        token = tokens.quoted("a regular expression between slashes, or a text")
        return Like(operand, token.text, False, negated, tokens.place_from(start))

    def _in(self, operand: Expression, start: int, *, negated: bool) -> Expression:
        self._counted()
        tokens = self._tokens
        if tokens.sign("("):
            query = self._subquery()
            tokens.expect_sign(")")
            return In(operand, query, negated, tokens.place_from(start))
        tokens.expect_sign("[")
        values: list[Number | Text | Flag] = []
        while not tokens.sign("]"):
            if values:
                tokens.expect_sign(",")
            values.append(self._constant())
            if len(values) > MAX_VALUES:
                raise QueryProblem(f"the list has more than {MAX_VALUES} values", start, tokens.passed)
        return In(operand, tuple(values), negated, tokens.place_from(start))

    def _constant(self) -> Number | Text | Flag:
        value = self._unary()
        if isinstance(value, Number | Text | Flag):
            return value
        raise QueryProblem("a list takes numbers and texts in quotes", value.place.start, value.place.end)

    def _sum(self) -> Expression:
        start = self._tokens.token.start
        left = self._product()
        while sign := self._tokens.sign("+", "-"):
            left = self._binary(sign.text, left, self._product(), self._tokens.place_from(start))
        return left

    def _product(self) -> Expression:
        start = self._tokens.token.start
        left = self._power()
        while sign := self._tokens.sign("*", "/", "%"):
            left = self._binary(sign.text, left, self._power(), self._tokens.place_from(start))
        return left

    def _power(self) -> Expression:
        start = self._tokens.token.start
        base = self._unary()
        if self._tokens.sign("^"):
            self._deeper()
            base = self._binary("^", base, self._power(), self._tokens.place_from(start))
            self._depth -= 1
        return base

    def _counted(self) -> None:
        """Count an operator. Raises QueryProblem past MAX_OPERATORS."""
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            self._tokens.fail(f"expected at most {MAX_OPERATORS} operators in an expression")

    def _binary(self, operator: str, left: Expression, right: Expression, place: Place) -> Binary:
        self._counted()
        return Binary(operator, left, right, place)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._tokens.fail(f"expected at most {MAX_DEPTH} levels of an expression")

    def _unary(self) -> Expression:
        tokens = self._tokens
        start = tokens.token.start
        if tokens.sign("-"):
            self._deeper()
            operand = self._unary()
            self._depth -= 1
            place = tokens.place_from(start)
            return Number(-operand.value, place) if isinstance(operand, Number) else Unary("-", operand, place)
        return self._primary()

    def _primary(self) -> Expression:
        tokens = self._tokens
        start = tokens.token.start
        if tokens.sign("("):
            inside = self.expression()
            tokens.expect_sign(")")
            return inside
        token = tokens.token
        match token.lexeme:
            case Lexeme.NUMBER:
                return Number(float(tokens.take().text), tokens.place_from(start))
            case Lexeme.TEXT:
                return Text(tokens.take().text, tokens.place_from(start))
            case Lexeme.DURATION:
                digits = token.text.rstrip("abcdefghijklmnopqrstuvwxyz")
                tokens.take()
                return Duration(int(digits), token.text[len(digits) :], tokens.place_from(start))
            case Lexeme.QUOTED:
                return Field(tokens.name("a name").text, tokens.place_from(start))
            case Lexeme.NAME:
                return self._name_or_call()
            case _:
                tokens.fail("expected a field, a number, a text in quotes or a function")
                raise AssertionError("bug: fail raises")

    def _name_or_call(self) -> Expression:
        tokens = self._tokens
        token = tokens.take()
        if not tokens.token.is_sign("("):
            if token.text.lower() in ("true", "false"):
                return Flag(token.text.lower() == "true", Place(token.start, token.end))
            return Field(token.text, Place(token.start, token.end))
        tokens.take()
        name = self._of_call(token.text.lower())
        arguments: list[Expression] = []
        while not tokens.sign(")"):
            if arguments:
                tokens.expect_sign(",")
            if star := tokens.sign("*"):
                arguments.append(Star(Place(star.start, star.end)))
            else:
                arguments.append(self.expression())
        place = tokens.place_from(token.start)
        return Call(name, tuple(arguments), tokens.text[place.start : place.end], place)

    def _of_call(self, name: str) -> str:
        """The function of a name, its parenthesis taken."""
        return name
