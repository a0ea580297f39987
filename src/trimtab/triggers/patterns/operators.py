"""The match expressions of patterns, `{"prefix": "a"}` and the like, read to conditions.

The reasons are those that AWS gives; `pattern.py` puts "Event pattern is not valid. Reason:" before them. What is no
address and what no range holds is InvalidInput: AWS does not tell where that is.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.triggers.patterns.conditions import (
    LIMIT,
    Absent,
    Addresses,
    AnythingBut,
    Between,
    Condition,
    Exactly,
    Excluded,
    Exists,
    IgnoringCase,
    Prefix,
    SameNumber,
    Suffix,
    Wildcard,
    address_of,
    is_number,
)
from trimtab.triggers.patterns.numerals import comparable, text_of


class PatternProblem(ValueError):
    """A pattern is not valid; the message is the reason.

    `path` leads to the value that is wrong, as far as it is known yet; `whole` says that it was read to its end.
    """

    def __init__(self, reason: str, *path: str | int, whole: bool = False) -> None:
        super().__init__(reason)
        self.path = path
        self.whole = whole


@contextmanager
def within(step: str | int) -> Iterator[None]:
    """What is wrong here is inside the member of that key or index."""
    try:
        yield
    except PatternProblem as problem:
        problem.path = (step, *problem.path)
        raise


_ONE_KEY = "Only one key allowed in match expression"


def read(expression: Mapping[str, Any]) -> Condition:
    """The condition that a match expression asks for. Raises PatternProblem, InvalidInput."""
    if not expression:
        raise PatternProblem("Match expression name not found", whole=True)
    name, value = next(iter(expression.items()))
    reader = _READERS.get(name)
    if reader is None:
        raise PatternProblem(f"Unrecognized match type {name}", name)
    with within(name):
        found = reader(value)
    if len(expression) > 1:
        raise PatternProblem("Too many elements in numeric expression" if name == "numeric" else _ONE_KEY, whole=True)
    return found


def _exactly(value: Any) -> Condition:
    return Exactly(_text(value, "exact match pattern must be a string"))


def _prefix(value: Any) -> Condition:
    if isinstance(value, dict):
        return Prefix(_folded(value, "prefix"), folded=True)
    return Prefix(_text(value, "prefix match pattern must be a string"))


def _suffix(value: Any) -> Condition:
    if isinstance(value, dict):
        return Suffix(_folded(value, "suffix"), folded=True)
    return Suffix(_text(value, "suffix match pattern must be a string"))


def _folded(value: Mapping[str, Any], matched: str) -> str:
    """The text of `{"equals-ignore-case": text}` inside `prefix` or `suffix`, in lower case."""
    if not value:
        raise PatternProblem(f"{matched.capitalize()} expression name not found", whole=True)
    name, text = next(iter(value.items()))
    if name != "equals-ignore-case":
        raise PatternProblem(f"Unsupported {matched} pattern: {name}", name)
    with within(name):
        found = _text(text, "equals-ignore-case match pattern must be a string").lower()
    if len(value) > 1:
        raise PatternProblem(_ONE_KEY, whole=True)
    return found


def _ignoring_case(value: Any) -> Condition:
    return IgnoringCase(_text(value, "equals-ignore-case match pattern must be a string").lower())


def _wildcard(value: Any) -> Wildcard:
    return wildcard(_text(value, "wildcard match pattern must be a string"))


def wildcard(text: str) -> Wildcard:
    r"""The parts between the stars of `text`; `\*` and `\\` stand for themselves. Raises PatternProblem, which counts
    positions from the quote before the text, as AWS does."""
    parts: list[str] = []
    part: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        following = text[at + 1 : at + 2]
        if character == "*":
            if following == "*":
                raise PatternProblem(f"Consecutive wildcard characters at pos {at + 1}", whole=True)
            parts.append("".join(part))
            part = []
        elif character == "\\":
            if following not in ("*", "\\"):
                raise PatternProblem(f"Invalid escape character at pos {at + 1}", whole=True)
            part.append(following)
            at += 1
        else:
            part.append(character)
        at += 1
    return Wildcard((*parts, "".join(part)))


def _exists(value: Any) -> Condition:
    if value is True:
        return Exists()
    if value is False:
        return Absent()
    raise PatternProblem("exists match pattern must be either true or false.")


def _cidr(value: Any) -> Condition:
    text = _text(value, "prefix match pattern must be a string")
    if text.count("/") != 1:
        raise InvalidInput("Malformed CIDR, one '/' required")
    address, _, mask = text.partition("/")
    if not (mask.removeprefix("-").isdigit() and mask.isascii()):
        raise InvalidInput("Malformed CIDR, mask bits must be an integer")
    bits = int(mask[:9])
    if bits < 0:
        raise InvalidInput("Malformed CIDR, mask bits must not be negative")
    found = address_of(address)
    if found is None:
        raise InvalidInput(f"Nonstandard IP address: {address}")
    version, number = found
    width = 32 if version == 4 else 128
    if bits >= width:
        raise InvalidInput(f"IPv{version} mask bits must be < {width}")
    within = (1 << (width - bits)) - 1
    return Addresses(version, number & ~within, number | within)


def _numeric(value: Any) -> Condition:
    if not isinstance(value, list):
        raise PatternProblem("Value of numeric must be an array.")
    if not value:
        raise PatternProblem("Invalid member in numeric match: ]", whole=True)
    if not isinstance(value[0], str):
        raise PatternProblem(f"Invalid member in numeric match: {value[0]}", 0)
    operator = value[0]
    if operator not in ("=", "<", "<=", ">", ">="):
        raise PatternProblem(f"Unrecognized numeric range operator: {operator}", 0, whole=True)
    number = _number(value, 1, "equals" if operator == "=" else operator)
    if len(value) == 2:
        return {
            "=": Between(number, False, number, False),
            "<": Between(-LIMIT, False, number, True),
            "<=": Between(-LIMIT, False, number, False),
            ">": Between(number, True, LIMIT, False),
            ">=": Between(number, False, LIMIT, False),
        }[operator]
    if operator not in (">", ">="):
        raise PatternProblem("Too many elements in numeric expression", 2)
    return _range(value, number, operator == ">")


def _range(value: list[Any], low: float, low_open: bool) -> Condition:
    operator = value[2]
    if not isinstance(operator, str):
        raise PatternProblem(f"Bad value in numeric range: {operator}", 2)
    if operator not in ("<", "<="):
        raise PatternProblem(f"Bad numeric range operator: {operator}", 2, whole=True)
    high = _number(value, 3, operator)
    if len(value) > 4:
        raise PatternProblem("Too many terms in numeric range expression", 4)
    if low > high:
        raise PatternProblem("Bottom must be less than top", 3)
    return Between(low, low_open, high, operator == "<")


def _number(value: list[Any], at: int, operator: str) -> float:
    reason = f"Value of {operator} must be numeric"
    if len(value) <= at:
        raise PatternProblem(reason, whole=True)
    with within(at):
        if not is_number(value[at]):
            raise PatternProblem(reason)
        return _in_limits(value[at])


def _in_limits(number: float) -> float:
    if not -LIMIT <= number <= LIMIT:
        raise InvalidInput("Value must be between -5.0E9 and 5.0E9, inclusive")
    size = comparable(number)
    if size is None:
        raise InvalidInput(f"Cannot compare number : {text_of(number)}")
    return size


def _anything_but(value: Any) -> Condition:
    if isinstance(value, dict):
        return AnythingBut(_excluded_by(value))
    if not isinstance(value, list):
        if not isinstance(value, str) and not is_number(value):
            raise PatternProblem(_NO_VALUE)
        return AnythingBut((_excluded(value),))
    excluded = tuple(_excluded_at(at, one) for at, one in enumerate(value))
    if not value or len({isinstance(one, str) for one in value}) > 1:
        raise PatternProblem(
            "Inside anything but list, either all values are number or string, mixed type is not supported", whole=True
        )
    return AnythingBut(excluded)


def _excluded_at(at: int, value: Any) -> Excluded:
    with within(at):
        return _excluded(value)


def _excluded(value: Any) -> Excluded:
    if isinstance(value, str):
        return Exactly(value)
    if is_number(value):
        return SameNumber(_in_limits(value))
    raise PatternProblem("Inside anything but list, start|null|boolean is not supported.")


def _excluded_by(value: Mapping[str, Any]) -> tuple[Excluded, ...]:
    """The conditions of `{"anything-but": {"prefix": …}}`: one text, or a list of them."""
    if not value:
        raise PatternProblem("Anything-But expression name not found", whole=True)
    name, asked = next(iter(value.items()))
    if name not in _EXCLUDABLE:
        raise PatternProblem(f"Unsupported anything-but pattern: {name}", name)
    with within(name):
        found = _excluded_texts(name, asked)
    if len(value) > 1:
        raise PatternProblem(_ONE_KEY, whole=True)
    return found


def _excluded_texts(name: str, asked: Any) -> tuple[Excluded, ...]:
    if isinstance(asked, dict):
        raise PatternProblem(_NO_VALUE)
    if not isinstance(asked, list):
        return (_excluded_text(name, asked),)
    if not asked:
        raise PatternProblem("Empty arrays are not allowed", whole=True)
    found = []
    for at, text in enumerate(asked):
        with within(at):
            found.append(_excluded_text(name, text))
    return tuple(found)


def _excluded_text(name: str, text: Any) -> Excluded:
    make, reason = _EXCLUDABLE[name]
    if not isinstance(text, str):
        raise PatternProblem(reason)
    if not text and name in ("prefix", "suffix"):
        raise PatternProblem("Null prefix/suffix not allowed", whole=True)
    return make(text)


def _text(value: Any, reason: str) -> str:
    if not isinstance(value, str):
        raise PatternProblem(reason)
    return value


_NO_VALUE = "Value of anything-but must be an array or single string/number value."
_EXCLUDABLE: Mapping[str, tuple[Callable[[str], Excluded], str]] = {
    "prefix": (Prefix, "prefix/suffix match pattern must be a string"),
    "suffix": (Suffix, "prefix/suffix match pattern must be a string"),
    "equals-ignore-case": (
        lambda text: IgnoringCase(text.lower()),
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    ),
    "wildcard": (wildcard, "wildcard match pattern must be a string"),
}
_READERS: Mapping[str, Callable[[Any], Condition]] = {
    "exactly": _exactly,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
}
RESERVED_IN_OR = frozenset(_READERS) | {
    *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after"),
    *("date-before", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range"),
}
"""Names that no field inside `$or` may have. Source: event-ruler, Constants."""
