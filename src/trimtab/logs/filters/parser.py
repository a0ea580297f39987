"""Parses filter patterns. Errors point at the character.

    terms     word "a phrase" ?either ?or -not %regex%
    JSON      { $.a = 1 && ($.b[0].c = "x*" || $.d NOT EXISTS) }      () before && before ||
    fields    [ip, ..., status = 4* || status = 5*, bytes > 1000]

Source: CloudWatch Logs User Guide, "Filter pattern syntax".
"""

import re

import re2

from trimtab.base.errors import InvalidInput
from trimtab.logs.filters.lexer import END, Token, steps, terms, tokens, wrong
from trimtab.logs.filters.syntax import (
    Absent,
    Compare,
    Condition,
    Constant,
    Every,
    FieldsPattern,
    Is,
    JsonPattern,
    Number,
    Op,
    Pattern,
    Regex,
    Selector,
    Slot,
    Some,
    Terms,
    Value,
    Wildcard,
)

MOST_CHARACTERS = 1024
"""Of a pattern, as AWS documents it."""
MOST_REGEXES = 2
"""In one pattern, as AWS documents it."""
NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""What reads as a number, in patterns and in fields of lines alike."""
_NUMBER = re.compile(NUMBER)
_WORD = re.compile(r"\w+")
_DEEPEST = 50  # parentheses in parentheses


def parse(text: str) -> Pattern:
    """The pattern that `text` writes; InvalidInput says at which character it is wrong."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(f"Invalid filter pattern: got {len(text)} characters; expected at most {MOST_CHARACTERS}")
    bare = text.strip()
    start = len(text) - len(text.lstrip())
    for opening, closing, read in (("{", "}", _json), ("[", "]", _fields)):
        if bare.startswith(opening):
            if not bare.endswith(closing) or len(bare) < 2:
                raise wrong(text, start + len(bare), f"{closing!r} at the end")
            return read(_Reader(text, start + 1, start + len(bare) - 1))
    return _terms(text)


def _terms(text: str) -> Terms:
    found: dict[str, list[str | Regex]] = {"": [], "?": [], "-": []}
    for sign, token in terms(text):
        if token.kind == "regex":
            found[sign].append(regex(text, token))
        elif token.kind == "string":
            phrase = _unquoted(token.text)
            if phrase.strip():  # a blank phrase is how one writes "every event"
                found[sign].append(phrase)
        elif not _WORD.fullmatch(token.text):
            raise InvalidInput(
                f"Invalid character(s) in term '{token.text}' at character {token.at + 1}; "
                "try it in double quotation marks"
            )
        else:
            found[sign].append(token.text)
    _check_regexes(sum(isinstance(term, Regex) for group in found.values() for term in group))
    # Beside a term that must be there, optional ones say nothing: AWS documents that it ignores them.
    return Terms(tuple(found[""]), () if found[""] else tuple(found["?"]), tuple(found["-"]))


def _json(reader: "_Reader") -> JsonPattern:
    condition = reader.either()
    reader.expect_end("&&, || or }")
    return JsonPattern(condition, tuple(dict.fromkeys(reader.selectors)))


def _fields(reader: "_Reader") -> FieldsPattern:
    head: list[Slot] = []
    tail: list[Slot] | None = None
    while True:
        if reader.peek().text == "...":
            if tail is not None:
                raise reader.wrong("one ellipsis at most")
            reader.take()
            tail = []
        else:
            (head if tail is None else tail).append(_slot(reader))
        if reader.peek().kind == END:
            break
        reader.expect(",")
    return FieldsPattern(tuple(head), None if tail is None else tuple(tail))


def _slot(reader: "_Reader") -> Slot:
    token = reader.peek()
    if token.kind == END or token.text == ",":
        return Slot("")
    if token.kind == "word" and reader.peek(1).text in (",", ""):
        return Slot(reader.take().text)
    name = token.text if token.kind == "word" else reader.peek(1).text
    reader.slot = name.lower()
    return Slot(name, reader.either())


class _Reader:
    """Reads conditions. In a space-delimited pattern `slot` is the field that they must be about."""

    def __init__(self, pattern: str, start: int, end: int) -> None:
        self._pattern = pattern
        self._tokens = tokens(pattern, start, end)
        self._at = 0
        self._depth = 0
        self._regexes = 0
        self.slot: str | None = None
        self.selectors: list[Selector] = []

    def peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self.peek()
        self._at += 1
        return token

    def wrong(self, expected: str) -> InvalidInput:
        return wrong(self._pattern, self.peek().at, expected)

    def expect(self, sign: str) -> None:
        if self.peek().text != sign or self.peek().kind != "sign":
            raise self.wrong(repr(sign))
        self.take()

    def expect_end(self, expected: str) -> None:
        if self.peek().kind != END:
            raise self.wrong(expected)

    def either(self) -> Condition:
        parts = [self._every()]
        while self._took("||"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Condition:
        parts = [self._one()]
        while self._took("&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self) -> Condition:
        if not self._took("("):
            return self._comparison() if self.slot is None else self._field()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.wrong(f"at most {_DEEPEST} parentheses in each other")
        inside = self.either()
        self._depth -= 1
        self.expect(")")
        return inside

    def _comparison(self) -> Condition:
        token = self.peek()
        if token.kind != "selector":
            raise self.wrong("a selector like $.a")
        self.take()
        selector = Selector(steps(token.text), token.text)
        self.selectors.append(selector)
        word = self.peek().text.upper()
        if word == "IS":
            self.take()
            if self.peek().text.upper() not in Constant.__members__:
                raise self.wrong("NULL, TRUE or FALSE")
            return Is(selector, Constant(self.take().text.upper()))
        if word == "NOT":
            self.take()
            if self.take().text.upper() != "EXISTS":
                self._at -= 1
                raise self.wrong("EXISTS")
            return Absent(selector)
        op = self._op()
        return Compare(selector, op, self._value(op))

    def _field(self) -> Condition:
        token = self.peek()
        if token.kind != "word" or token.text.lower() != self.slot:
            raise self.wrong(f"the field {self.slot!r}: a condition is about the field in whose place it stands")
        self.take()
        op = self._op()
        return Compare(None, op, self._value(op))

    def _op(self) -> Op:
        if self.peek().text not in set(Op):
            raise self.wrong("an operator: = != < <= > >=")
        return Op(self.take().text)

    def _value(self, op: Op) -> Value:
        token = self.peek()
        value: Value
        if token.kind == "regex":
            self._regexes += 1
            _check_regexes(self._regexes)
            value = regex(self._pattern, token)
        elif token.kind == "string":
            value = Wildcard(_parts(token.text[1:-1]))
        elif token.kind == "word" and _NUMBER.match(token.text) and abs(float(token.text)) != float("inf"):
            value = Number(float(token.text), token.text)
        elif token.kind == "word":
            value = Wildcard(_parts(token.text))
        else:
            raise self.wrong("a value")
        if op not in (Op.EQ, Op.NE) and not isinstance(value, Number):
            raise self.wrong(f"a number after {op}")
        self.take()
        return value

    def _took(self, sign: str) -> bool:
        if self.peek().kind == "sign" and self.peek().text == sign:
            self.take()
            return True
        return False


def _quiet() -> "re2.Options":
    options = re2.Options()
    options.log_errors = False  # what a user wrote is told to the user, not to the server's log
    return options


_QUIET = _quiet()


def regex(pattern: str, token: Token) -> Regex:
    """The expression of a token `%…%`. Raises InvalidInput for one that RE2 does not know."""
    inside = token.text[1:-1].replace("\\%", "%")
    try:
        re2.compile(inside, _QUIET)
    except re2.error:
        raise wrong(pattern, token.at, "a regular expression between % and %") from None
    return Regex(inside)


def _check_regexes(count: int) -> None:
    if count > MOST_REGEXES:
        raise InvalidInput(f"Invalid filter pattern: got {count} regular expressions; expected at most {MOST_REGEXES}")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _parts(text: str) -> tuple[str, ...]:
    """What stands between the asterisks of a value; a backslash makes the next character an ordinary one."""
    parts = [""]
    for piece in re.findall(r"\\.|.|\\", text, re.DOTALL):
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += piece[1:] if len(piece) == 2 else piece
    return tuple(parts)
