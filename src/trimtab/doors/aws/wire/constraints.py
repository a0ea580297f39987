"""Constraints of a service model (required, lengths, ranges, patterns, enums): found by a compiled check a shape.

A check appends a `Problem` for each value that breaks a rule; how problems read on the wire differs by service
(`coral` and `plain` below), so finding and telling are apart.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.wire.model import Shape

Path = tuple[str | int, ...]


class Problem(Struct, frozen=True):
    """One broken rule: where, which (`required`, `min`, `max`, `pattern` or `enum`), the value and what was expected.

    `unit` says what a bound counts: `length`, `size` (of a list or map) or `value`.
    """

    path: Path
    rule: str
    value: Any
    expected: Any = None
    unit: str = ""


Check = Callable[[Any, Path, list[Problem]], None]
Fine = Callable[[Any], bool]
"""Whether there is no problem: asked of each item of a list first, for paths to problems cost more than all else."""
Dialect = Callable[[Sequence[Problem]], AwsError]


class Checker:
    """Compiles shapes to checks."""

    def __init__(self) -> None:
        self._done: dict[str, Check | None] = {}

    def of(self, shape: Shape) -> Check | None:
        """The check of `shape`; None where nothing can be wrong."""
        name = shape.name
        if name not in self._done:
            self._done[name] = self._again(name)  # holds the place in a recursive model
            self._done[name] = self._compile(shape)
        return self._done[name]

    def _again(self, name: str) -> Check:
        def check(value: Any, path: Path, problems: list[Problem]) -> None:
            inner = self._done[name]
            if inner is not None:
                inner(value, path, problems)

        return check

    def _compile(self, shape: Shape) -> Check | None:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape)
        if kind in ("list", "map"):
            return self._container(shape)
        return _scalar(shape)

    def _structure(self, shape: Shape) -> Check | None:
        required = tuple(shape.required_members)
        compiled = ((name, self.of(member)) for name, member in shape.members.items())
        checks = [(name, inner) for name, inner in compiled if inner is not None]
        if not required and not checks:
            return None

        def check(value: Any, path: Path, problems: list[Problem]) -> None:
            problems += [Problem((*path, name), "required", None) for name in required if name not in value]
            for name, inner in checks:
                item = value.get(name)
                if item is not None:
                    inner(item, (*path, name), problems)

        return check

    def _container(self, shape: Shape) -> Check | None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        is_map = shape.type_name == "map"
        inner = self.of(shape.value if is_map else shape.member)
        keys = self.of(shape.key) if is_map else None
        fine = None if is_map else _fine(shape.member)
        if low is None and high is None and inner is None and keys is None:
            return None

        def check(value: Any, path: Path, problems: list[Problem]) -> None:
            _bounds(len(value), low, high, value, path, "size", problems)
            if fine is not None and all(map(fine, value)):
                return
            for at, item in value.items() if is_map else enumerate(value, 1):
                if keys is not None:
                    keys(at, (*path, at), problems)
                if inner is not None:
                    inner(item, (*path, at), problems)

        return check


def _scalar(shape: Shape) -> Check | None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    enum = frozenset(shape.metadata.get("enum", ()))
    pattern = _compiled(shape.metadata.get("pattern"))
    if low is None and high is None and not enum and pattern is None:
        return None
    unit = "length" if shape.type_name in ("string", "blob") else "value"

    def check(value: Any, path: Path, problems: list[Problem]) -> None:
        if pattern is not None and not pattern.fullmatch(value):
            problems.append(Problem(path, "pattern", value, shape.metadata["pattern"]))
        _bounds(len(value) if unit == "length" else value, low, high, value, path, unit, problems)
        if enum and value not in enum:
            problems.append(Problem(path, "enum", value, shape.metadata["enum"]))

    return check


def _fine(shape: Shape, depth: int = 3) -> Fine | None:
    """The quick check of an item; None where it would have to look deeper than `depth` structures."""
    if shape.type_name == "structure" and depth:
        members = [(name, _fine(member, depth - 1)) for name, member in shape.members.items()]
        if any(inner is None for _, inner in members):
            return None
        required = tuple(shape.required_members)
        checks = [(name, inner) for name, inner in members if inner is not None and inner is not _always]

        def fine(value: Any) -> bool:
            for name in required:
                if name not in value:
                    return False
            for name, inner in checks:
                item = value.get(name)
                if item is not None and not inner(item):
                    return False
            return True

        return fine if required or checks else _always
    if shape.type_name in ("structure", "list", "map"):
        return None
    check = _scalar(shape)
    if check is None:
        return _always
    if shape.metadata.get("enum") or shape.metadata.get("pattern"):
        return lambda value: _passes(check, value)
    low, high = shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)
    if shape.type_name in ("string", "blob"):
        return lambda value: low <= len(value) <= high
    return lambda value: low <= value <= high


def _always(_: Any) -> bool:
    return True


def _passes(check: Check, value: Any) -> bool:
    problems: list[Problem] = []
    check(value, (), problems)
    return not problems


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """A model's pattern, or None for the few that use what Python's `re` lacks (`\\p{L}`, possessive forms)."""
    if pattern is None:
        return None
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def _bounds(
    size: float, low: float | None, high: float | None, value: Any, path: Path, unit: str, problems: list[Problem]
) -> None:
    if low is not None and size < low:
        problems.append(Problem(path, "min", value, low, unit))
    if high is not None and size > high:
        problems.append(Problem(path, "max", value, high, unit))


_CORAL_BOUND = {"min": "greater than or equal to", "max": "less than or equal to"}


def coral(problems: Sequence[Problem]) -> AwsError:
    """The form of most services: `1 validation error detected: Value … at '…' failed to satisfy constraint: …`."""
    told = "; ".join(map(_coral_sentence, problems))
    plural = "" if len(problems) == 1 else "s"
    return AwsError("ValidationError", f"{len(problems)} validation error{plural} detected: {told}")


_UNTOLD = ("logGroupIdentifier", "logGroupIdentifiers")
"""Members whose values CloudWatch Logs leaves out of its messages, by moto's tests that were verified against it."""


_SETS = {
    frozenset(values): values
    for values in (
        ("HEAD", "POST", "PATCH", "DELETE", "PUT", "GET", "OPTIONS"),
        ("w3c", "raw", "json", "plain", "parquet"),
    )
}
"""Values of enums that services name in another order than their models, as recorded."""


def _coral_sentence(problem: Problem) -> str:
    shown = " null" if problem.value is None else f" '{problem.value}'"
    if problem.path[0] in _UNTOLD:
        shown = ""
    return f"Value{shown} at '{_coral_path(problem.path)}' failed to satisfy constraint: {_coral_rule(problem)}"


def _coral_path(path: Path) -> str:
    return ".".join(f"{part}.member" if isinstance(part, int) else part[:1].lower() + part[1:] for part in path)


def _coral_rule(problem: Problem) -> str:
    if problem.rule == "required":
        return "Member must not be null"
    if problem.rule == "enum":
        values = _SETS.get(frozenset(problem.expected), problem.expected)
        return f"Member must satisfy enum value set: [{', '.join(values)}]"
    if problem.rule == "pattern":
        return f"Member must satisfy regular expression pattern: {problem.expected}"
    noun = "length" if problem.unit == "size" else problem.unit
    return f"Member must have {noun} {_CORAL_BOUND[problem.rule]} {problem.expected}"


def plain(problems: Sequence[Problem]) -> AwsError:
    """CloudWatch's older form: one code, its sentences a line each. Missing parameters come before wrong ones."""
    missing = [problem for problem in problems if _is_missing(problem)]
    code = "MissingParameter" if missing else "InvalidParameterValue"
    return AwsError(code, "\n".join(map(_plain_sentence, missing or problems)))


def plain_validation(problems: Sequence[Problem]) -> AwsError:
    """The same sentences under ValidationError, as GetMetricData answers them."""
    return AwsError("ValidationError", "\n".join(map(_plain_sentence, problems)))


def _is_missing(problem: Problem) -> bool:
    return problem.rule == "required" or (problem.rule == "min" and problem.unit == "length" and problem.value == "")


def _plain_sentence(problem: Problem) -> str:
    name = plain_path(problem.path)
    if _is_missing(problem):
        return f"The parameter {name} is required."
    if problem.rule == "enum":
        return f"The parameter {name} must be a value in the set [ {', '.join(problem.expected)} ]."
    if problem.unit == "size":
        return f"The collection {name} must not have a size {_SIZE[problem.rule]} than {problem.expected}."
    if problem.rule == "max" and problem.unit == "length":
        return f"The parameter {name} must be shorter than {problem.expected + 1} characters."
    if problem.unit == "value":
        return f"The parameter {name} must be {_CORAL_BOUND[problem.rule]} {problem.expected}."
    return f"The value {problem.value} for parameter {name} is invalid."


_SIZE = {"min": "less", "max": "greater"}


def plain_path(path: Path) -> str:
    """A place as the query protocol names it: `MetricData.member.1.Value`."""
    return ".".join(f"member.{part}" if isinstance(part, int) else part for part in path)
