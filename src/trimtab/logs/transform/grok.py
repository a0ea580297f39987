"""Grok patterns: named expressions, put together as `%{NUMBER:duration} %{GREEDYDATA:rest}`.

Names and meanings are those of CloudWatch Logs' user guide, "Supported grok patterns". Expressions are matched in time
linear in the line (re2), so they have no look-around.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

import re2

from trimtab.base.errors import InvalidInput

_USE = re.compile(
    r"%\{(?P<name>\w+)(?::(?P<field>[\w.@\[\]-]+?))?(?::(?P<type>int|integer|float|double|string|long))?\}"
)
_CASTS: dict[str, Callable[[str], object]] = {
    "int": int, "integer": int, "long": int, "float": float, "double": float, "string": str,
}  # fmt: skip
_MOST_DEPTH = 8  # patterns within patterns


@cache
def patterns() -> Mapping[str, str]:
    """Expressions by their names."""
    lines = files("trimtab.logs.transform").joinpath("grok.txt").read_text("utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


class Grok:
    """A pattern that was read. Raises InvalidInput for one that names what is not there."""

    def __init__(self, pattern: str) -> None:
        self.fields: list[tuple[str, Callable[[str], object]]] = []
        try:
            self._expression = re2.compile(self._expanded(pattern, 0))
        except re2.error as problem:
            raise InvalidInput(f"cannot use the grok pattern: {problem}") from None
        if not self.fields:
            raise InvalidInput("cannot use the grok pattern: it names no field, as %{NUMBER:duration} does")

    def _expanded(self, pattern: str, depth: int) -> str:
        def one(use: re.Match[str]) -> str:
            known = patterns().get(use["name"])
            if known is None or depth > _MOST_DEPTH:
                raise InvalidInput(f"cannot use the grok pattern: there is no pattern {use['name']}")
            if not use["field"]:
                return f"(?:{self._expanded(known, depth + 1)})"
            self.fields.append((use["field"], _CASTS[use["type"] or "string"]))
            return f"(?P<f{len(self.fields) - 1}>{self._expanded(known, depth + 1)})"

        return _USE.sub(one, pattern)

    def read(self, line: str) -> dict[str, object] | None:
        """The fields of a line; None where it does not match, or a field is not of its type."""
        match = self._expression.search(line)
        texts = match.groupdict() if match is not None else {}
        named = ((name, cast, texts.get(f"f{number}")) for number, (name, cast) in enumerate(self.fields))
        try:
            return {name: cast(text) for name, cast, text in named if text is not None} if match is not None else None
        except ValueError:
            return None
