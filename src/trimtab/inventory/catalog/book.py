"""`Catalog`: what is known of instance types and accelerators, read once from the package's data files.

The files are tables with a source and a date a row; nothing here is computed. A type without a price has none: it is
sold only in capacity blocks, retired, or newer than the file.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib import resources

from trimtab.base import typed
from trimtab.base.clock import to_ms
from trimtab.base.errors import NotFound
from trimtab.inventory.catalog.model import Accelerator, InstanceType, Limits, ListPrice, Source

_NOT_WORDS = re.compile(r"[^a-z0-9]+")
ON_DEMAND = "on-demand"
HOME = "us-east-1"
"""The region whose list prices the catalogue holds."""


@dataclass(frozen=True)
class Catalog:
    """Every fact. `types` by name; `prices` by type: those that were imported first, then the package's, by time."""

    sources: Mapping[str, Source]
    accelerators: Mapping[str, Accelerator]
    types: Mapping[str, InstanceType]
    prices: Mapping[str, tuple[ListPrice, ...]]

    def type(self, name: str) -> InstanceType:
        """An instance type. Raises NotFound."""
        found = self.types.get(name)
        if found is None:
            raise NotFound(f"no instance type {name!r} in the catalogue; `trimtab catalog list` shows those that are")
        return found

    def price(self, type_: str, at_ms: int, region: str = HOME) -> ListPrice | None:
        """The list price on demand that held at a time, as far as it is known; None where it is not."""
        held = [one for one in self.prices.get(type_, ()) if one.region == region and one.holds(at_ms)]
        return max(held, key=lambda one: one.from_ms or 0, default=None)  # what began last is what is known best

    def accelerator(self, text: str) -> Accelerator | None:
        """The accelerator that a tool means by `NVIDIA H100 80GB HBM3` or `gpu:h100`; None where it is not certain."""
        found = [(len(alias), one) for alias, one in self._aliases if mentions(text, alias)]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    @cached_property
    def _aliases(self) -> tuple[tuple[str, Accelerator], ...]:
        return tuple((alias, one) for one in self.accelerators.values() for alias in one.also)


def mentions(text: str, words: str) -> bool:
    """Whether `words` stand in `text`, whole and in a row, whatever is between them and however they are written."""
    return f"-{_flat(words)}-" in f"-{_flat(text)}-"


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalogue of this version of trimtab."""
    titles = typed.decode(_text("sources.json"), type=dict[str, dict[str, str]])
    prices: dict[str, list[ListPrice]] = {}
    for row in _rows("prices.csv"):
        until = to_ms(datetime.fromisoformat(row["until"]).replace(tzinfo=UTC)) if row["until"] else None
        price = ListPrice(
            row["type"],
            row["region"],
            row["purchase"],
            row["currency"],
            Decimal(row["per_hour"]),
            row["as_of"],
            until,
            row["source"],
        )
        prices.setdefault(price.type, []).append(price)
    limits = {row["type"]: _limits(row) for row in _rows("instance_limits.csv")}
    return Catalog(
        {id_: Source(id_, **facts) for id_, facts in titles.items()},
        {one.name: one for one in map(_accelerator, _rows("accelerators.csv"))},
        {row["type"]: _type(row, limits.get(row["type"], Limits())) for row in _rows("instance_types.csv")},
        {type_: tuple(found) for type_, found in prices.items()},
    )


def _flat(text: str) -> str:
    return _NOT_WORDS.sub("-", text.lower()).strip("-")


def _accelerator(row: Mapping[str, str]) -> Accelerator:
    also = tuple(row["also"].split())
    return Accelerator(row["name"], row["maker"], float(row["memory_gib"]), also, row["source"])


def _limits(row: Mapping[str, str]) -> Limits:
    return Limits(**{name: float(held) if held else None for name, held in row.items() if name != "type"})


def _type(row: Mapping[str, str], limits: Limits) -> InstanceType:
    return InstanceType(
        row["type"],
        int(row["vcpus"]),
        float(row["memory_gib"]),
        row["accelerator"],
        float(row["accelerators"] or 0),
        row["network"],
        {"yes": True, "no": False}.get(row["spot"]),
        row["source"],
        limits,
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(_text(name)))


def _text(name: str) -> str:
    return (resources.files("trimtab.inventory.catalog") / "data" / name).read_text(encoding="utf-8")
