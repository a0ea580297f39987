"""Whether an answer is as it was expected. Pure."""

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.jsonpath import read
from trimtab.canaries.model import Assertion, Operator, Subject

_SHOWN = 80


class Answer(Struct, frozen=True):
    """What came back: an HTTP status where there is one, headers by their lower-case names, and the body."""

    took_ms: float
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def problem_of(answer: Answer, assertions: Sequence[Assertion]) -> str:
    """Why the answer is not as expected; "" where all holds. Without assertions HTTP must answer 200 to 399."""
    if not assertions and answer.status is not None and not 200 <= answer.status < 400:
        return f"HTTP {answer.status}"
    for one in assertions:
        try:
            found = _found(answer, one)
        except InvalidInput as problem:
            return f"{_named(one)}: {problem}"
        if found is None or not _holds(one.operator, found, one.value):
            said = "is not there" if found is None else f"is {found[:_SHOWN]!r}"
            return f"{_named(one)} {said}, expected {one.operator.value} {one.value[:_SHOWN]!r}"
    return ""


def _found(answer: Answer, one: Assertion) -> str | None:
    match one.subject:
        case Subject.STATUS_CODE:
            return None if answer.status is None else str(answer.status)
        case Subject.HEADER:
            return answer.headers.get(one.at.lower())
        case Subject.RESPONSE_TIME:
            return f"{answer.took_ms:.3f}"
        case Subject.BODY:
            return answer.body.decode("utf-8", "replace")
        case Subject.JSON:
            return _at_path(answer.body, one.at)


def _at_path(body: bytes, path: str) -> str:
    try:
        value = read(path).of(json.loads(body))
    except ValueError:
        raise InvalidInput("the body is no JSON") from None
    return value if isinstance(value, str) else json.dumps(value)


_TEXTS: Mapping[Operator, Callable[[str, str], bool]] = {
    Operator.EQUALS: operator.eq,
    Operator.NOT_EQUALS: operator.ne,
    Operator.CONTAINS: operator.contains,
    Operator.NOT_CONTAINS: lambda found, value: value not in found,
    Operator.MATCHES: lambda found, value: re.search(value, found) is not None,
}


def _holds(how: Operator, found: str, value: str) -> bool:
    compare = _TEXTS.get(how)
    if compare is not None:
        return compare(found, value)
    try:
        number = float(found)
    except ValueError:
        return False
    return number < float(value) if how is Operator.LESS_THAN else number > float(value)


def _named(one: Assertion) -> str:
    return f"{one.subject.value} {one.at}".rstrip()
