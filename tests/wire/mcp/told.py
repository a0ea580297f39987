"""What an assistant was told by one or two calls, and questions with the answers that a simulated company has."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from trimtab.demo.world import World

Call = tuple[str, dict[str, Any]]


class Told:
    """The answers to the calls of a question, as an assistant reads them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.answers: list[dict[str, Any]] = [json.loads(text) for text in texts]

    def rows(self, table: str, number: int = 0) -> list[dict[str, Any]]:
        """The rows of a table, by column."""
        found = self.answers[number].get("data", {}).get(table, {"columns": [], "rows": []})
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    def row(self, table: str, number: int = 0, /, **equal: Any) -> dict[str, Any]:
        """The first row with these cells (a text: contains it); an empty one where there is none."""
        for row in self.rows(table, number):
            if all(_is(row.get(name), value) for name, value in equal.items()):
                return row
        return {}

    def first(self, table: str, number: int = 0) -> dict[str, Any]:
        """The first row."""
        return next(iter(self.rows(table, number)), {})

    def total(self, number: int = 0) -> Any:
        """The total."""
        return self.answers[number].get("total", {})

    def facts(self, number: int = 0) -> Any:
        """The facts."""
        return self.answers[number].get("data", {}).get("facts", {})


class Question(Struct, frozen=True):
    """What a person asks, the calls that answer it, and whether what they tell is the answer."""

    asks: str
    calls: tuple[Call, ...]
    right: Callable[[Told, World], bool]


def _is(cell: Any, value: Any) -> bool:
    return value in cell if isinstance(value, str) and isinstance(cell, str) else bool(cell == value)
