"""A mapping from a provider's own columns to FOCUS, written in TOML; those in `mappings/` come with the package.

    name = "acme"
    detect = ["line_id", "cost_eur|cost_usd"]      # the file is one of these where it has all of them (| : any of)
    charge_period = "day"                          # of lines that have a start and no end: hour, day, week or month

    [columns]                                      # FOCUS column = own column, or of several the first with a value
    BilledCost = "cost_usd"
    ChargePeriodStart = ["usage_start", "date"]
    x_InstanceType = "details{machine}"            # the value of a key, where a column holds pairs (JSON, a map)

    [sums]                                         # amounts that are added; a ? marks a column that may be missing
    EffectiveCost = ["cost_usd", "credits[].amount?"]   # the sum over a list of objects
    [products]                                     # quantity × price
    ListCost = ["hours", "list_price"]

    [constants]                                    # where no column says anything
    ProviderName = "Acme"
    [values.ChargeCategory]                        # other words for the same; "*" is for all that are not named
    fee = "Purchase"
    [drop]                                         # a pattern that is taken out of a text
    ConsumedUnit = "^[0-9]+ "
    [units]                                        # the unit that the own column of a quantity means by its name
    "GPU Hours" = "GPU-Hours"

    [tags]
    columns = ["labels"]                           # pairs; of a key that two have, the last counts
    prefixes = ["tag/"]                            # columns of their own, such as tag/team

    [[rules]]                                      # in order; amounts may be set too
    column = "sku"
    matches = "(?i)gpu"
    set = {ConsumedUnit = "GPU-Hours"}
    [[skip]]                                       # rows that are no lines
    column = "item"
    matches = "^Total"

Patterns are RE2's. `extends` names a mapping of the package whose entries hold where this one has none.
"""

import re
import tomllib
from collections.abc import Mapping as Pairs
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.costs.readers import focus

_PERIODS = ("ChargePeriodStart", "BillingPeriodStart")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_MOST_TEXT = 100_000
"""Characters of a mapping: ten times the largest of the package."""
_TABLES = ("columns", "sums", "products", "constants", "values", "drop", "units")


class Tags(Struct, frozen=True, forbid_unknown_fields=True):
    """Columns that hold pairs, and the beginnings of the names of columns that are a tag each."""

    columns: list[str] = []
    prefixes: list[str] = []


class Skip(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of which an own column matches are no lines: totals, headings."""

    column: str
    matches: str


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of rows of which an own column matches, by FOCUS column."""

    column: str
    matches: str
    set: dict[str, str]


class Mapping(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole mapping; see the head of this file. `about` and `assumed` are for people."""

    name: str
    about: str = ""
    assumed: str = ""
    extends: str = ""
    detect: list[str] = []
    charge_period: Literal["", "hour", "day", "week", "month"] = ""
    day_first: bool = False
    columns: dict[str, str | list[str]] = {}
    sums: dict[str, list[str]] = {}
    products: dict[str, list[str]] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    drop: dict[str, str] = {}
    units: dict[str, str] = {}
    tags: Tags = Tags()
    rules: list[Rule] = []
    skip: list[Skip] = []

    def targets(self) -> set[str]:
        """Every FOCUS column that it says something of."""
        found = {*self.columns, *self.sums, *self.products, *self.constants, *self.values, *self.drop}
        return found | {name for rule in self.rules for name in rule.set}


def parse(text: str, shown: str) -> Mapping:
    """The mapping in a TOML text. Raises InvalidInput that names what is wrong; `shown` is what people call it."""
    if len(text) > _MOST_TEXT:
        raise InvalidInput(f"cannot read mapping {shown}: got {len(text)} characters; expected at most {_MOST_TEXT}")
    try:
        loaded = tomllib.loads(text)
        mapping = typed.convert(loaded, Mapping)
        if mapping.extends:
            mapping = typed.convert(_over(_raw(mapping.extends), loaded), Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise InvalidInput(f"cannot read mapping {shown}: {problem}; `trimtab costs mappings` shows examples") from None
    _check(mapping, shown)
    return mapping


def chosen(wanted: str) -> Mapping:
    """The mapping of the package with a name, or the one that a TOML text is. Raises InvalidInput."""
    if _NAME.fullmatch(wanted):
        return parse(_text(wanted), wanted)
    return parse(wanted, "of this import")


def names() -> tuple[str, ...]:
    """The names of the package's mappings."""
    return tuple(sorted(one.name.removesuffix(".toml") for one in _folder().iterdir() if one.name.endswith(".toml")))


@cache
def built_in() -> tuple[Mapping, ...]:
    """The package's mappings, those that ask for the most columns first."""
    found = [parse(_text(name), name) for name in names()]
    return tuple(sorted(found, key=lambda one: -len(one.detect)))


def text_of(name: str) -> str:
    """The TOML of a mapping of the package. Raises InvalidInput."""
    return _text(name)


def _folder() -> Any:
    return resources.files("trimtab.costs.readers") / "mappings"


def _text(name: str) -> str:
    if name not in names():
        raise InvalidInput(f"cannot find mapping {name!r}: expected {', '.join(names())}, or a file in TOML")
    return str((_folder() / f"{name}.toml").read_text(encoding="utf-8"))


def _raw(name: str) -> dict[str, Any]:
    loaded = tomllib.loads(_text(name))
    base = loaded.get("extends", "")
    return _over(_raw(base), loaded) if base else loaded


def _over(base: Pairs[str, Any], own: Pairs[str, Any]) -> dict[str, Any]:
    """A mapping over the one that it extends: entry by entry, its rules behind the other's; `detect` is its own."""
    found = {**base, "detect": [], **own}
    for table in _TABLES:
        found[table] = {**base.get(table, {}), **own.get(table, {})}
    for column in own.get("columns", {}):  # a column of its own in the place of a sum
        for other in ("sums", "products"):
            if column not in own.get(other, {}):
                found[other].pop(column, None)
    for rows in ("rules", "skip"):
        found[rows] = [*base.get(rows, []), *own.get(rows, [])]
    return found


def _check(mapping: Mapping, shown: str) -> None:
    if not _NAME.fullmatch(mapping.name):
        raise InvalidInput(
            f"cannot use mapping {shown}: got name {mapping.name!r}; expected small letters, digits and hyphens"
        )
    for target in sorted(mapping.targets()):
        if target not in focus.COLUMNS and not target.startswith("x_"):
            near = get_close_matches(target, focus.COLUMNS, 1)
            raise InvalidInput(
                f"cannot map column {target}: FOCUS has none of that name; expected one such as BilledCost, or x_… "
                f"for one of your own; try {near[0] if near else 'x_' + target}"
            )
    amounts = {*mapping.columns, *mapping.sums, *mapping.products, *mapping.constants}
    for needed, options in (("BilledCost", ("BilledCost",)), ("ChargePeriodStart", _PERIODS)):
        if not amounts & set(options):
            raise InvalidInput(
                f"cannot use mapping {shown}: it says nothing of {needed}; expected {' or '.join(options)} under "
                "[columns]"
            )
    patterns = [*mapping.drop.values(), *(one.matches for one in mapping.rules), *(one.matches for one in mapping.skip)]
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as problem:
            raise InvalidInput(f"cannot use mapping {shown}: pattern {pattern!r}: {problem}") from None
