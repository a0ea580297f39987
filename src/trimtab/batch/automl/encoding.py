"""Columns of a table as numbers: what is missing is filled in, words become a column each. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.batch.automl.losses import Floats
from trimtab.batch.monitor.dataset import Table, Value

MOST_WORDS = 30
"""Words of a column that have a column of their own: the most frequent; all others are alike."""


class Column(Struct, frozen=True, kw_only=True):
    """How a column is read: as a number (`words` is empty), or by its words."""

    name: str
    words: Sequence[str] = ()
    fill: float = 0.0
    gaps: bool = False
    mean: float = 0.0
    spread: float = 1.0


class Encoder(Struct, frozen=True):
    """Reads tables as it read the one that it was made from; columns that it does not know are left out."""

    columns: Sequence[Column] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The columns that it reads."""
        return [one.name for one in self.columns]

    def encoded(self, table: Table) -> Floats:
        """The features of each record. Raises InvalidInput for a column that is not there, or holds no numbers."""
        parts: list[Floats] = []
        for one in self.columns:
            values = table.columns.get(one.name)
            if values is None:
                raise InvalidInput(f"the data has no column {one.name}; it has {', '.join(table.columns)}")
            parts += _words(one, values) if one.words else _numbers(one, values)
        if not parts:
            raise InvalidInput("the data has no column from which anything could be told")
        return np.stack(parts, axis=1)

    def shape(self) -> list[dict[str, Any]]:
        """As a model's file has it."""
        return [{name: getattr(one, name) for name in one.__struct_fields__} for one in self.columns]


def encoder_of(table: Table, target: str) -> Encoder:
    """The encoder of all columns but the target; one that always says the same says nothing."""
    found = [_column(name, values) for name, values in table.columns.items() if name != target]
    return Encoder([one for one in found if one is not None])


def encoder_from(shape: Sequence[Mapping[str, Any]]) -> Encoder:
    """The encoder of a model's file."""
    return Encoder([Column(**one) for one in shape])


def is_number(values: Sequence[Value]) -> bool:
    """Whether all that is there are numbers, and something is."""
    there = [one for one in values if one is not None]
    return bool(there) and not any(isinstance(one, str) for one in there)


def _column(name: str, values: Sequence[Value]) -> Column | None:
    there = [one for one in values if one is not None]
    gaps = len(there) < len(values)
    if len(set(there)) + gaps < 2:
        return None
    if not is_number(values):
        counts = Counter(map(str, there))
        words = sorted(counts, key=lambda one: (-counts[one], one))[:MOST_WORDS]
        return Column(name=name, words=words)
    numbers = np.array(there, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return None
    spread = float(numbers.std()) or 1.0
    return Column(name=name, fill=float(np.median(numbers)), gaps=gaps, mean=float(numbers.mean()), spread=spread)


def _words(one: Column, values: Sequence[Value]) -> list[Floats]:
    texts = np.array(["" if value is None else str(value) for value in values], dtype=object)
    return [(texts == word).astype(np.float64) for word in one.words]


def _numbers(one: Column, values: Sequence[Value]) -> list[Floats]:
    try:
        numbers = np.array([np.nan if value is None else float(value) for value in values])
    except ValueError as problem:
        raise InvalidInput(f"column {one.name} must hold numbers: {problem}") from None
    missing = ~np.isfinite(numbers)
    scaled = (np.where(missing, one.fill, numbers) - one.mean) / one.spread
    return [scaled, missing.astype(np.float64)] if one.gaps else [scaled]
