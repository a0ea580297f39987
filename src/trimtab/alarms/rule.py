"""The rule of a composite alarm: parsed, checked, and evaluated over other alarms' states.

    rule    := term { OR term }           term := factor { AND factor }        factor := NOT factor | ( rule ) | call
    call    := TRUE | FALSE | STATE ( alarm ) | AT_LEAST ( number | percent% , [NOT] STATE , ( alarm { , alarm } ) )
    STATE   := ALARM | OK | INSUFFICIENT_DATA        alarm := a name or an ARN, in quotes or bare

Words are the same in any case. Source: user guide, "Composite alarms", rule expressions.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from msgspec import Struct

from trimtab.alarms.model import StateValue
from trimtab.alarms.rule_lexer import Sort, Token, complaint, tokens
from trimtab.base.errors import InvalidInput

MAX_RULE = 10_240
"""Characters of a rule."""
MAX_CHILDREN = 100
MAX_DEPTH = 60
"""Nesting of a rule: what fits in 10,240 characters could be deeper than Python's stack (six calls a level)."""
_STATES = {state.value: state for state in StateValue}


class Constant(Struct, frozen=True):
    """TRUE or FALSE."""

    value: bool


class IsIn(Struct, frozen=True):
    """Whether an alarm (its name or ARN) is in a state."""

    state: StateValue
    alarm: str


class Not(Struct, frozen=True):
    """The opposite."""

    of: "Rule"


class Every(Struct, frozen=True):
    """All of them (AND)."""

    of: tuple["Rule", ...]


class Some(Struct, frozen=True):
    """One of them (OR)."""

    of: tuple["Rule", ...]


class AtLeast(Struct, frozen=True):
    """Whether `needed` of the alarms are, or with `negated` are not, in a state."""

    needed: int
    state: StateValue
    negated: bool
    alarms: tuple[str, ...]


Rule = Constant | IsIn | Not | Every | Some | AtLeast


def parse(text: str) -> Rule:
    """The rule that `text` says. Raises InvalidInput with the position of what is wrong, or naming the limit."""
    if len(text) > MAX_RULE:
        raise InvalidInput(f"AlarmRule must not exceed {MAX_RULE} characters", field="AlarmRule")
    rule = _Parser(list(tokens(text))).whole()
    if len(children(rule)) > MAX_CHILDREN:
        raise InvalidInput(f"AlarmRule must not reference more than {MAX_CHILDREN} alarms", field="AlarmRule")
    return rule


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    def whole(self) -> Rule:
        rule = self._some()
        self._expect(Sort.END, "AND, OR or the end")
        return rule

    def _some(self) -> Rule:
        parts = self._joined("OR", self._every)
        return parts[0] if len(parts) == 1 else Some(parts)

    def _every(self) -> Rule:
        parts = self._joined("AND", self._factor)
        return parts[0] if len(parts) == 1 else Every(parts)

    def _joined(self, word: str, part: Callable[[], Rule]) -> tuple[Rule, ...]:
        parts = [part()]
        while self._word() == word:
            self._at += 1
            parts.append(part())
        return tuple(parts)

    def _factor(self) -> Rule:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise complaint(f"more than {MAX_DEPTH} nested parts")
        token = self._take()
        rule = self._group() if token.sort is Sort.OPEN else self._named(token)
        self._depth -= 1
        return rule

    def _group(self) -> Rule:
        rule = self._some()
        self._expect(Sort.CLOSE, "')'")
        return rule

    def _named(self, token: Token) -> Rule:
        word = token.text.upper() if token.sort is Sort.WORD else ""
        if word in ("TRUE", "FALSE"):
            return Constant(word == "TRUE")
        if word == "NOT":
            return Not(self._factor())
        if word == "AT_LEAST":
            return self._at_least()
        if word in _STATES:
            self._expect(Sort.OPEN, "'('")
            alarm = self._alarm()
            self._expect(Sort.CLOSE, "')'")
            return IsIn(_STATES[word], alarm)
        raise _unexpected(token, "ALARM(…), OK(…), INSUFFICIENT_DATA(…), AT_LEAST(…), NOT, TRUE, FALSE or '('")

    def _at_least(self) -> AtLeast:
        self._expect(Sort.OPEN, "'('")
        number = self._take()
        self._expect(Sort.COMMA, "','")
        negated = self._word() == "NOT"
        self._at += negated
        state = self._take()
        if state.text.upper() not in _STATES:
            raise _unexpected(state, "ALARM, OK or INSUFFICIENT_DATA")
        self._expect(Sort.COMMA, "','")
        self._expect(Sort.OPEN, "'('")
        alarms = [self._alarm()]
        while self._tokens[self._at].sort is Sort.COMMA:
            self._at += 1
            alarms.append(self._alarm())
        self._expect(Sort.CLOSE, "')'")
        self._expect(Sort.CLOSE, "')'")
        return AtLeast(_needed(number, len(alarms)), _STATES[state.text.upper()], negated, tuple(alarms))

    def _alarm(self) -> str:
        token = self._take()
        if token.sort not in (Sort.WORD, Sort.QUOTED) or not token.text:
            raise _unexpected(token, "an alarm's name or ARN")
        return token.text

    def _word(self) -> str:
        token = self._tokens[self._at]
        return token.text.upper() if token.sort is Sort.WORD else ""

    def _take(self) -> Token:
        token = self._tokens[self._at]
        if token.sort is not Sort.END:
            self._at += 1
        return token

    def _expect(self, sort: Sort, what: str) -> None:
        token = self._take()
        if token.sort is not sort:
            raise _unexpected(token, what)


def _needed(token: Token, alarms: int) -> int:
    """How many alarms are asked for; a percentage is rounded up, so that 50% of three are two."""
    text = token.text
    number = text.removesuffix("%")
    if token.sort is Sort.WORD and number.isascii() and number.isdigit() and len(number) < 5:
        count = math.ceil(Fraction(int(number), 100) * alarms) if text.endswith("%") else int(number)
        if 1 <= int(number) <= (100 if text.endswith("%") else alarms):
            return count
    raise _unexpected(token, f"a number from 1 to {alarms} or a percentage from 1% to 100%")


def _unexpected(token: Token, expected: str) -> InvalidInput:
    return complaint(f"{token.text!r} at position {token.at}; expected {expected}")


def children(rule: Rule) -> tuple[str, ...]:
    """The alarms that a rule names, in their order, each once."""
    return tuple(dict.fromkeys(_names(rule)))


def _names(rule: Rule) -> Iterator[str]:
    match rule:
        case IsIn():
            yield rule.alarm
        case AtLeast():
            yield from rule.alarms
        case Not():
            yield from _names(rule.of)
        case Every() | Some():
            for part in rule.of:
                yield from _names(part)
        case Constant():
            pass


def holds(rule: Rule, states: Mapping[str, StateValue]) -> bool:
    """Whether the rule is true of `states`, by the names as the rule writes them; an unknown alarm is in no state."""
    match rule:
        case Constant():
            return rule.value
        case IsIn():
            return states.get(rule.alarm) is rule.state
        case Not():
            return not holds(rule.of, states)
        case Every():
            return all(holds(part, states) for part in rule.of)
        case Some():
            return any(holds(part, states) for part in rule.of)
        case AtLeast():
            fitting = sum((states.get(name) is rule.state) != rule.negated for name in rule.alarms)
            return fitting >= rule.needed
