"""What expressions of SQL have that those of Logs Insights lack: LIKE with % and _, IN (…), BETWEEN, IS NULL, <>."""

import re

from trimtab.base.records import replace
from trimtab.logs.insights.expressions import MAX_VALUES, ExpressionParser
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.syntax import Call, Expression, Flag, In, Like, Number, Text, Unary

_ALIASES = {
    "upper": "toupper",
    "lower": "tolower",
    "length": "strlen",
    "char_length": "strlen",
    "stddev_samp": "stddev",
}


class SelectExpressions(ExpressionParser):
    """Parses the expressions of a SELECT."""

    def _comparison(self) -> Expression:
        tokens = self._tokens
        start = tokens.token.start
        left = super()._comparison()
        while True:
            if tokens.word("is"):
                self._counted()
                negated = tokens.word("not") is not None
                tokens.expect_word("null")
                place = tokens.place_from(start)
                present = Call("ispresent", (left,), tokens.text[place.start : place.end], place)
                left = present if negated else Unary("not", present, place)
            elif tokens.word("between"):
                low = self._sum()
                tokens.expect_word("and")
                high = self._sum()
                place = tokens.place_from(start)
                left = self._binary(
                    "and", self._binary(">=", left, low, place), self._binary("<=", left, high, place), place
                )
            else:
                return left

    def _compared_with(self, sign: str) -> str:
        """`<>` is `!=`."""
        return "!=" if sign == "<" and self._tokens.sign(">") else super()._compared_with(sign)

    def _like(self, operand: Expression, start: int, *, negated: bool) -> Expression:
        self._counted()
        tokens = self._tokens
        token = tokens.quoted("a pattern")
        pattern = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in token.text)
        return Like(operand, f"(?s)^{pattern}$", True, negated, tokens.place_from(start))

    def _in(self, operand: Expression, start: int, *, negated: bool) -> Expression:
        self._counted()
        tokens = self._tokens
        tokens.expect_sign("(")
        values: list[Number | Text | Flag] = []
        while not tokens.sign(")"):
            if values:
                tokens.expect_sign(",")
            values.append(self._constant())
            if len(values) > MAX_VALUES:
                raise QueryProblem(f"the list has more than {MAX_VALUES} values", start, tokens.passed)
        return In(operand, tuple(values), negated, tokens.place_from(start))

    def _name_or_call(self) -> Expression:
        found = super()._name_or_call()
        if isinstance(found, Call) and found.name in _ALIASES:
            return replace(found, name=_ALIASES[found.name])
        return found

    def _of_call(self, name: str) -> str:
        """count(DISTINCT x) is count_distinct(x)."""
        return "count_distinct" if name == "count" and self._tokens.word("distinct") else name
