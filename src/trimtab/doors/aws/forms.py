"""Documents in the form of an AWS operation's request, read outside the AWS protocols: by REST and from files.

The service model says what a form may hold; unlike on the wire, a member that it does not know is refused, since in a
file that somebody keeps it is a slip of the pen.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.wire.constraints import Checker, Problem, coral
from trimtab.doors.aws.wire.documents import Reader
from trimtab.doors.aws.wire.json import JSON_LEAVES
from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.doors.aws.wire.model import Shape, load_model


class Forms:
    """The requests of one service's operations as documents."""

    def __init__(self, service: str) -> None:
        self._model = load_model(service)
        self._reader, self._checker = Reader(JSON_LEAVES), Checker()

    def read(self, operation: str, document: Any) -> dict[str, Any]:
        """The request dict of `operation` that `document` (as parsed from JSON or YAML) is. Raises InvalidInput."""
        shape = self._model.operation(operation).input_shape
        unknown = next(_unknown(shape, document, ""), None)
        if unknown is not None:
            raise InvalidInput(unknown)
        try:
            read: dict[str, Any] = self._reader.of(shape)(document)
        except Malformed as problem:
            raise InvalidInput(str(problem)) from None
        check, problems = self._checker.of(shape), list[Problem]()
        if check is not None:
            check(read, (), problems)
        if problems:
            raise InvalidInput(str(coral(problems)))
        return read


@cache
def cloudwatch_forms() -> Forms:
    """CloudWatch's; made once, since the model is large."""
    return Forms("cloudwatch")


def _unknown(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """A sentence for each member of `value` that the model does not have."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, item in value.items():
            member = shape.members.get(name)
            if member is None:
                near = get_close_matches(str(name), shape.members, 1)
                hint = f"did you mean {near[0]}?" if near else f"expected {', '.join(sorted(shape.members))}"
                yield f"cannot read {path}{name}: there is no such member; {hint}"
            else:
                yield from _unknown(member, item, f"{path}{name}.")
    elif shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _unknown(shape.member, item, f"{path}{number}.")
