"""The book of prices of models' APIs: dated, by vendor and model, with the tiers, caches and batches that they know.

It is lines of JSON: the first says where from, then a vendor or a model a line (`scripts/tabulate_api_prices.py` writes
them from the package `genai-prices`). A rate is a decimal text, or a list of one and of `[more than so many tokens of
prompt, rate]`. What a model is called is matched as the package matches it. Own rates are a book of the same form that
is asked first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from trimtab.base import typed
from trimtab.base.errors import InvalidInput

_DATED = re.compile(r"^(.*-)(20\d\d)(\d\d)(\d\d)$")
_ALIASES = {
    "bedrock": "aws", "vertex": "google", "xai": "x-ai", "voyage": "voyageai", "amazon": "aws", "gemini": "google",
}  # fmt: skip
"""Our names of vendors where the book has others."""
_TIERS = {"": "", "default": "default", "standard": "", "on_demand": "", "auto": ""}
_ASKED_FIRST = frozenset(("aws",))
"""Vendors that answer with the name that the model's maker gives, and price by their own."""


class Rate(Struct, frozen=True):
    """Currency a unit: `base`, and what it is where the prompt has more tokens than `above` says, in order."""

    base: Decimal
    above: tuple[tuple[int, Decimal], ...] = ()

    def at(self, prompt: int) -> Decimal:
        """The rate of a call with a prompt of so many tokens."""
        return next((rate for start, rate in reversed(self.above) if prompt > start), self.base)


class Price(Struct, frozen=True, kw_only=True):
    """Rates by unit (`input_mtok`, `cache_read_mtok` …), from a day on, at hours of the day (UTC), for a tier."""

    rates: Mapping[str, Rate]
    since: date | None = None
    hours: tuple[time, time] | None = None
    tier: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether it held at a time."""
        if self.since is not None and at.date() < self.since:
            return False
        if self.hours is None:
            return True
        start, end = self.hours
        now = at.time()
        return start <= now < end if start <= end else now >= start or now < end


class ModelPrices(Struct, frozen=True):
    """A model of a vendor, and all its prices, the later ones first to be asked."""

    vendor: str
    model: str
    match: Mapping[str, Any]
    prices: tuple[Price, ...]

    def rates(self, at_ms: int, tier: str = "") -> Mapping[str, Rate]:
        """The rates at a time; those of a tier over the usual ones."""
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        usual = [one for one in self.prices if not one.tier]
        held = next((one for one in reversed(usual) if one.holds(at)), usual[0] if usual else None)
        found: dict[str, Rate] = dict(held.rates) if held else {}
        wanted = _TIERS.get(tier.lower(), tier.lower())
        over: dict[str, Rate] = {}
        for one in self.prices:
            if wanted and one.tier == wanted and one.holds(at):
                over = {**one.rates, **over}
        return {**found, **over}


class Vendor(Struct, frozen=True):
    """A vendor: which models are its own by their names, and whose models it sells at their price."""

    id: str
    models: Mapping[str, Any] | None = None
    falls_back_on: tuple[str, ...] = ()


class Book(Struct, frozen=True):
    """All prices of a source. `source` and `as_of` say whose and of when."""

    source: str
    as_of: str
    currency: str
    vendors: Mapping[str, Vendor]
    models: Mapping[str, Sequence[ModelPrices]]
    _found: dict[tuple[str, str], ModelPrices | None] = field(default_factory=dict)

    def find(self, vendor: str, *models: str) -> ModelPrices | None:
        """The prices of the first of these names that the vendor sells; None where the book has none.

        Without a vendor it is told by the model's name. What is asked is remembered.
        """
        named = _ALIASES.get(vendor, vendor)
        order = models[::-1] if named in _ASKED_FIRST else models
        for model in order:
            if model and (found := self._of(named, model.lower())) is not None:
                return found
        return None

    def _of(self, vendor: str, model: str) -> ModelPrices | None:
        key = (vendor, model)
        if key not in self._found:
            if len(self._found) > _MOST_REMEMBERED:
                self._found.clear()
            self._found[key] = self._matched(vendor, model)
        return self._found[key]

    def _matched(self, vendor: str, model: str) -> ModelPrices | None:
        seller = self.vendors.get(vendor) if vendor else self._seller(model)
        if seller is None:
            return None
        dashed = _DATED.sub(r"\1\2-\3-\4", model)
        for name in (model, dashed):
            for id_ in (seller.id, *seller.falls_back_on):
                found = next((one for one in self.models.get(id_, ()) if matches(one.match, name)), None)
                if found is not None:
                    return found
        return None

    def _seller(self, model: str) -> Vendor | None:
        return next((one for one in self.vendors.values() if one.models and matches(one.models, model)), None)


_MOST_REMEMBERED = 10_000
"""Names of models whose prices are remembered: names are written by strangers."""


def matches(clause: Mapping[str, Any], name: str) -> bool:
    """Whether a clause (`equals`, `starts_with`, `ends_with`, `contains`, `regex`, `or`, `and`) holds for a name."""
    ((kind, value),) = clause.items()
    match kind:
        case "equals":
            return name == str(value).lower()
        case "starts_with":
            return name.startswith(value)
        case "ends_with":
            return name.endswith(value)
        case "contains":
            return value in name
        case "regex":
            return re.search(value, name) is not None
        case "or":
            return any(matches(one, name) for one in value)
        case "and":
            return all(matches(one, name) for one in value)
    return False


@lru_cache(maxsize=1)
def shipped() -> Book:
    """The book that comes with trimtab."""
    data = resources.files("trimtab.genai.prices").joinpath("data/api_prices.jsonl")
    return read_book(data.read_bytes().splitlines())


def books_of(path: str) -> tuple[Book, ...]:
    """The book in a file of one's own, where one is named, and then the one that comes with trimtab.

    Raises InvalidInput where the file cannot be read.
    """
    if not path:
        return (shipped(),)
    try:
        return read_book(Path(path).read_bytes().splitlines()), shipped()
    except OSError as problem:
        raise InvalidInput(f"cannot read prices: {problem}; expected a file as TRIMTAB_API_PRICES names it") from None


def read_book(lines: Iterable[bytes | str]) -> Book:
    """A book from its lines. Raises InvalidInput for a line that is none of its form."""
    about: Mapping[str, Any] = {}
    vendors: dict[str, Vendor] = {}
    models: dict[str, list[ModelPrices]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = typed.decode(line)
            if "source" in row:
                about = row
            elif "model" in row:
                models.setdefault(row["vendor"], []).append(_model(row))
                vendors.setdefault(row["vendor"], Vendor(row["vendor"]))
            else:
                vendors[row["vendor"]] = Vendor(row["vendor"], row.get("models"), tuple(row.get("falls_back_on", ())))
        except (msgspec.DecodeError, InvalidOperation, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(
                f"cannot read prices: line {number} is no vendor and no model ({error}); expected lines as"
                " scripts/tabulate_api_prices.py writes them"
            ) from error
    as_of = str(about.get("tabulated", ""))
    return Book(str(about.get("source", "own rates")), as_of, str(about.get("currency", "USD")), vendors, models)


def _model(row: Mapping[str, Any]) -> ModelPrices:
    match = row.get("match") or {"equals": row["model"]}
    matches(match, "")
    return ModelPrices(row["vendor"], row["model"], match, tuple(_price(one) for one in row["prices"]))


def _price(row: Mapping[str, Any]) -> Price:
    hours = row.get("hours")
    return Price(
        rates={unit: _rate(rate) for unit, rate in row["rates"].items()},
        since=date.fromisoformat(row["from"]) if row.get("from") else None,
        hours=(time.fromisoformat(hours[0]), time.fromisoformat(hours[1])) if hours else None,
        tier=row.get("tier", ""),
    )


def _rate(rate: str | Sequence[Any]) -> Rate:
    rates: Sequence[Any] = [rate] if isinstance(rate, str) else rate
    found = Rate(Decimal(rates[0]), tuple((int(start), Decimal(price)) for start, price in rates[1:]))
    if not all(one.is_finite() and one >= 0 for one in (found.base, *(price for _, price in found.above))):
        raise ValueError(f"a rate is no amount: {rate}")
    return found
