"""JSON paths as targets use them: `$`, `$.detail.state`, `$.resources[0]`, `$.detail['a-b']`."""

import re
from typing import Any

from trimtab.base.errors import InvalidInput

_STEP = re.compile(r"""\.([A-Za-z0-9_\-:@/]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]|\.?\[?(\*)\]?""")
MISSING = object()
"""What is not there."""


def read_path(text: str) -> tuple[str | int, ...]:
    """The steps of a path; the step `*` takes every element. Raises InvalidInput."""
    if not text.startswith("$"):
        raise InvalidInput(f"cannot read JSON path {text[:100]!r}: expected $ in front, such as $.detail.state")
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise InvalidInput(f"cannot read JSON path {text[:100]!r} at {text[at : at + 20]!r}")
        key, index, single, double, star = match.groups()
        steps.append(int(index) if index is not None else next(one for one in (key, single, double, star) if one))
        at = match.end()
    return tuple(steps)


def find(value: Any, steps: tuple[str | int, ...]) -> Any:
    """What is at the path in a JSON value, or MISSING."""
    for number, step in enumerate(steps):
        if step == "*" and isinstance(value, list):
            found = (find(one, steps[number + 1 :]) for one in value)
            return [one for one in found if one is not MISSING]
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return MISSING
            value = value[step]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return MISSING
    return value
