"""The subset of JSONPath by which fields are chosen: `$`, `.name`, `.*`, `['a','b']`, `[n,m]`, `[a:b]`, `[*]`.

As SageMaker's DataProcessing documents it: at most 63 characters; several fields of an object stay an object, several
items of a list stay a list, and one of either is its value.
"""

import re
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput

LONGEST = 63
_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*|\*)
      | \[\s*(?P<names>'(?:[^'])*'(?:\s*,\s*'(?:[^'])*')*)\s*\]
      | \[\s*(?P<numbers>-?\d+(?:\s*,\s*-?\d+)*)\s*\]
      | \[\s*(?P<from>-?\d*)\s*:\s*(?P<to>-?\d*)\s*\]
      | \[\s*(?P<all>\*)\s*\]""",
    re.VERBOSE,
)
_QUOTED = re.compile(r"'([^']*)'")


class Missing(InvalidInput):
    """A record has not what the path names."""


class Step(Struct, frozen=True):
    """One step: names of an object, numbers or a slice of a list, or everything."""

    names: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    span: slice | None = None

    def of(self, value: Any) -> Any:
        """What the step takes of a value. Raises Missing."""
        if self.names:
            return self._fields(value)
        if not isinstance(value, list):
            if not self.numbers and self.span is None and isinstance(value, dict):
                return list(value.values())
            raise Missing("it takes items of a list, and the record has none there")
        if self.span is not None:
            return value[self.span]
        if not self.numbers:
            return value
        try:
            found = [value[number] for number in self.numbers]
        except IndexError:
            raise Missing(f"the list has {len(value)} items") from None
        return found[0] if len(found) == 1 else found

    def _fields(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise Missing(f"it takes {', '.join(self.names)} of an object, and the record has none there")
        absent = [name for name in self.names if name not in value]
        if absent:
            raise Missing(f"the record has no {', '.join(absent)}")
        return value[self.names[0]] if len(self.names) == 1 else {name: value[name] for name in self.names}


class Path(Struct, frozen=True):
    """A path that was read."""

    text: str
    steps: tuple[Step, ...]

    @property
    def whole(self) -> bool:
        """Whether it takes everything."""
        return not self.steps

    def of(self, value: Any) -> Any:
        """What it takes of a record. Raises Missing."""
        for step in self.steps:
            try:
                value = step.of(value)
            except Missing as problem:
                raise Missing(f"cannot apply {self.text}: {problem}") from None
        return value


def read(text: str) -> Path:
    """Read a path; empty is the whole record. Raises InvalidInput."""
    if not text or text == "$":
        return Path("$", ())
    if len(text) > LONGEST or not text.startswith("$"):
        raise InvalidInput(f"cannot read {text!r}: expected a path of at most {LONGEST} characters that begins with $")
    steps, at = [], 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise InvalidInput(
                f"cannot read {text!r} from {text[at:]!r} on: expected .name, ['name'], [0], [0,2], [1:] or [*]"
            )
        steps.append(_step(match))
        at = match.end()
    return Path(text, tuple(steps))


def _step(match: re.Match[str]) -> Step:
    if match["name"] and match["name"] != "*":
        return Step(names=(match["name"],))
    if match["names"]:
        return Step(names=tuple(_QUOTED.findall(match["names"])))
    if match["numbers"]:
        return Step(numbers=tuple(int(one) for one in match["numbers"].split(",")))
    if match["from"] is not None and not match["all"] and not match["name"]:
        bounds = [int(one) if one else None for one in (match["from"], match["to"])]
        return Step(span=slice(*bounds))
    return Step()
