"""A pipeline's definition: its parameters and steps, and what its expressions mean once other steps are over. Pure.

Source: SageMaker developer guide, "Pipelines", and the schema of definitions of version 2020-12-01.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput

DONE_HERE = ("Training", "Processing", "Transform", "Model", "RegisterModel", "Condition", "Fail")
_PART = re.compile(r"\.?([A-Za-z0-9_-]+)|\['([^']+)'\]|\[(\d+)\]")
_NAMES = ("MetricName", "OutputName", "ChannelName", "InputName", "Name")  # by which an item of a list is meant
_MOST_STEPS = 50
_DEEPEST = 10


class Step(Struct, frozen=True):
    """A step; `parent` is the condition, and `branch` its side, that it is part of."""

    name: str
    type: str
    arguments: Mapping[str, Any]
    after: frozenset[str]
    files: Sequence[Mapping[str, Any]] = ()
    parent: str = ""
    branch: bool = True


class Definition(Struct, frozen=True):
    """A pipeline."""

    parameters: Mapping[str, Any]
    steps: Sequence[Step]


def read(text: str) -> Definition:
    """A definition of JSON. Raises InvalidInput that says what is wrong."""
    try:
        form = typed.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("cannot read the pipeline's definition: it is not JSON") from None
    try:
        parameters = {one["Name"]: one.get("DefaultValue") for one in form.get("Parameters") or ()}
        steps = list(_steps(form["Steps"]))
    except KeyError as missing:
        raise InvalidInput(f"cannot read the pipeline's definition: it lacks {missing.args[0]}") from None
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput("cannot read the pipeline's definition: a part of it has another form") from None
    names = [one.name for one in steps]
    if not 1 <= len(names) <= _MOST_STEPS or len({*names}) < len(names):
        raise InvalidInput(f"a pipeline has 1 to {_MOST_STEPS} steps, each with a name of its own")
    for one in steps:
        unknown = sorted(one.after - {*names})
        if unknown:
            raise InvalidInput(f"step {one.name} refers to step {unknown[0]}, which does not exist")
        if one.type not in DONE_HERE:
            raise InvalidInput(f"steps of type {one.type} are not done here: expected {', '.join(DONE_HERE)}")
    return Definition(parameters, steps)


def _steps(given: Sequence[Mapping[str, Any]], parent: str = "", branch: bool = True, deep: int = 0) -> Iterator[Step]:
    if deep > _DEEPEST:
        raise InvalidInput(f"conditions may be {_DEEPEST} deep")
    for one in given:
        arguments = dict(one.get("Arguments") or {})
        sides = [(side, arguments.pop(name, None) or ()) for side, name in ((True, "IfSteps"), (False, "ElseSteps"))]
        referred = {name.partition(".")[0] for name in _references(arguments)}
        depends = (str(name) for name in one.get("DependsOn") or ())
        after = frozenset({*referred, *depends, *([parent] if parent else [])})
        yield Step(one["Name"], one["Type"], arguments, after, one.get("PropertyFiles") or (), parent, branch)
        for side, inner in sides:
            yield from _steps(inner, one["Name"], side, deep + 1)


def _references(value: Any) -> Iterator[str]:
    """What of other steps a value refers to, as `Name.path`."""
    if isinstance(value, Mapping):
        got = value.get("Get")
        if isinstance(got, str) and got.startswith("Steps."):
            yield got.removeprefix("Steps.")
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


class Known(Struct, frozen=True):
    """What expressions may refer to: parameters, facts of the execution, steps as their Describe operations have them,
    and the property files of steps by (step, name)."""

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    steps: Mapping[str, Mapping[str, Any]]
    files: Mapping[tuple[str, str], Any]


def resolved(value: Any, known: Known) -> Any:
    """A value with its expressions replaced. Raises InvalidInput for one that means nothing."""
    if isinstance(value, list):
        return [resolved(one, known) for one in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"Get"}:
        return _got(str(value["Get"]), known)
    if set(value) == {"Std:Join"}:
        given = value["Std:Join"]
        return str(given.get("On", "")).join(str(resolved(one, known)) for one in given["Values"])
    if set(value) == {"Std:JsonGet"}:
        given = value["Std:JsonGet"]
        step, _, name = str(given["PropertyFile"]["Get"]).removeprefix("Steps.").partition(".PropertyFiles.")
        if (step, name) not in known.files:
            raise InvalidInput(f"step {step} has no property file {name}")
        return _at(known.files[step, name], str(given["Path"]), f"property file {name}")
    return {key: resolved(one, known) for key, one in value.items()}


def _got(path: str, known: Known) -> Any:
    kind, _, rest = path.partition(".")
    if kind == "Parameters":
        if known.parameters.get(rest) is None:
            raise InvalidInput(f"parameter {rest} has no value")
        return known.parameters[rest]
    if kind == "Execution" and rest in known.execution:
        return known.execution[rest]
    step, _, inner = rest.partition(".")
    if kind != "Steps" or step not in known.steps:
        raise InvalidInput(f"{path} means nothing here")
    return _at(known.steps[step], inner, f"step {step}")


def _at(value: Any, path: str, where: str) -> Any:
    place = 0
    while place < len(path):
        match = _PART.match(path, place)
        if match is None:
            raise InvalidInput(f"cannot read the path {path!r} of {where}")
        name, key, index = match.groups()
        value = _inner(value, key or name, int(index) if index else None)
        if value is None:
            raise InvalidInput(f"{where} has no {path}")
        place = match.end()
    return value


def _inner(value: Any, name: str | None, index: int | None) -> Any:
    if isinstance(value, list):
        if index is not None:
            return value[index] if index < len(value) else None
        return next((one for one in value if any(one.get(key) == name for key in _NAMES)), None)
    return value.get(name) if isinstance(value, Mapping) and name is not None else None


def holds(conditions: Sequence[Mapping[str, Any]], known: Known) -> bool:
    """Whether all conditions of a step hold. Raises InvalidInput."""
    return all(_holds(one, known) for one in conditions)


def _holds(one: Mapping[str, Any], known: Known) -> bool:
    type_ = one.get("Type")
    if type_ == "Not":
        return not _holds(one["Expression"], known)
    if type_ == "Or":
        return any(_holds(inner, known) for inner in one["Conditions"])
    if type_ == "In":
        return resolved(one["QueryValue"], known) in resolved(one["Values"], known)
    left, right = (resolved(one[name], known) for name in ("LeftValue", "RightValue"))
    if type_ == "Equals":
        return bool(left == right)
    try:
        first, second = float(left), float(right)
    except (TypeError, ValueError):
        raise InvalidInput(f"cannot compare {left!r} with {right!r}: expected numbers") from None
    found = {
        "GreaterThan": first > second,
        "GreaterThanOrEqualTo": first >= second,
        "LessThan": first < second,
        "LessThanOrEqualTo": first <= second,
    }.get(str(type_))
    if found is None:
        raise InvalidInput(f"there is no condition of type {type_}")
    return found
