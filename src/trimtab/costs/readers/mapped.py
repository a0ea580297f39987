"""A file in a provider's own columns as FOCUS, by a mapping: its columns get FOCUS's names and go to FOCUS's reader."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.readers import coerce, focus
from trimtab.costs.readers.columns import Columns, Kind, SourceColumn
from trimtab.costs.readers.lines import LineMap
from trimtab.costs.readers.mapping import Mapping

_NEEDED = ("BilledCost",)
_SHOWN = 12
_KEY = re.compile(r"(?P<column>.+)\{(?P<key>[^{}]+)\}")
_EACH = re.compile(r"(?P<column>.+)\[\]\.(?P<field>\w+)")
_LONG_MONTH = r"^[0-9]{6}$"
"""A month as Google Cloud's invoices have it: 202608."""
_NEXT = {"hour": "addHours({}, 1)", "day": "addDays({}, 1)", "week": "addDays({}, 7)", "month": "addMonths({}, 1)"}
_WIDE = 30  # digits after the point of sums: as many as the receipt's exact totals have


def fits(mapping: Mapping, columns: Columns) -> bool:
    """Whether a file has all columns by which a mapping is told."""
    return bool(mapping.detect) and all(
        any(columns.has(name.strip()) for name in one.split("|")) for one in mapping.detect
    )


def read(mapping: Mapping, columns: Columns) -> LineMap:
    """How the file becomes lines. Raises InvalidInput where a column that a line cannot do without is not there."""
    making = _Making(mapping, columns)
    mapped = making.columns()
    tagged = making.tags()
    if tagged is not None:
        mapped["Tags"] = tagged
    mapped.setdefault("ChargeCategory", SourceColumn("ChargeCategory", Kind.TEXT, "'Usage'", "String"))
    rest = [one for one in columns.columns if one.name not in columns.used and one.name not in mapped]
    lines = focus.read(Columns([*mapped.values(), *rest]))
    texts = [one for one in columns.columns if one.kind is Kind.TEXT]
    keep = "(" + " OR ".join(coerce.given(one) for one in texts) + ")" if texts else "1"
    for skip in mapping.skip:
        if (column := columns.find(skip.column)) is not None:
            keep += f" AND NOT match({coerce.text(column)}, {coerce.quoted(skip.matches)})"
    all_ = ", ".join(f"toString({one.sql})" for one in columns.columns)
    missing = [f"the file has no column {name} for {target}" for target, name in making.missing.items()]
    return replace(
        lines,
        format=mapping.name,
        keep=keep,
        line=lines.line if "x_LineItemId" in mapped else f"sipHash64({all_})",
        unread=coerce.unread([columns.find(name) for name in mapping.tags.columns]),
        notes=(f"mapped to FOCUS by {mapping.name}", *missing, *lines.notes),
    )


class _Making(Struct):
    """FOCUS's columns out of a file's own; `missing` are the own columns that it lacks, by FOCUS column."""

    mapping: Mapping
    file: Columns
    missing: dict[str, str] = field(default_factory=dict)

    def columns(self) -> dict[str, SourceColumn]:
        """Every FOCUS column that the mapping speaks of, by name."""
        found: dict[str, SourceColumn] = {}
        for target in sorted(self.mapping.targets()):
            made = self._amount(target) if target in focus.AMOUNTS else self._plain(target)
            if made is not None:
                found[target] = made
        start = found.get("ChargePeriodStart")
        if self.mapping.charge_period and start is not None and "ChargePeriodEnd" not in found:
            end = _NEXT[self.mapping.charge_period].format(coerce.time(start))
            found["ChargePeriodEnd"] = SourceColumn("ChargePeriodEnd", Kind.TIME, end, nullable=True)
        if start is None and "BillingPeriodStart" not in found:
            raise self._lacks("ChargePeriodStart", self.mapping.columns.get("ChargePeriodStart", "BillingPeriodStart"))
        return found

    def tags(self) -> SourceColumn | None:
        """All tags as one map; of a key that two columns have, the last column's counts."""
        parts = [coerce.pairs(one) for name in self.mapping.tags.columns if (one := self.file.find(name)) is not None]
        for prefix in self.mapping.tags.prefixes:
            own = self.file.where(lambda name, prefix=prefix: name.lower().startswith(prefix.lower()))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            parts += [coerce.collected([(one.name[len(prefix) :], one) for one in own])] if own else []
        if not parts:
            return None
        whole = parts[0]
        for part in parts[1:]:
            whole = f"mapUpdate({whole}, {part})"
        return SourceColumn("Tags", Kind.PAIRS, f"CAST({whole} AS {coerce.PAIRS})", coerce.PAIRS)

    def _amount(self, target: str) -> SourceColumn | None:
        made = self._sum(target) or self._product(target) or self._amount_of_column(target)
        constant = self.mapping.constants.get(target)
        if made is None and constant is not None:
            made = SourceColumn(target, Kind.TEXT, coerce.quoted(constant), "String")
        if made is None and target in _NEEDED:
            raise self._lacks(target, self.missing.get(target) or self.mapping.columns.get(target, target))
        for rule in self.mapping.rules:
            column = self.file.find(rule.column)
            if target in rule.set and column is not None:
                set_ = f"toDecimal256({coerce.quoted(rule.set[target])}, {_WIDE})"
                other = _exact(made) if made is not None else f"toDecimal256('0', {_WIDE})"
                when = f"match({coerce.text(column)}, {coerce.quoted(rule.matches)})"
                made = SourceColumn(target, Kind.DECIMAL, f"if({when}, {set_}, {other})", digits=_WIDE)
        return made

    def _sum(self, target: str) -> SourceColumn | None:
        parts = []
        for name in self.mapping.sums.get(target, ()):
            part = self._part(name.removesuffix("?"))
            if part is not None:
                parts.append(part)
            elif not name.endswith("?"):
                self.missing[target] = name
                return None
        return SourceColumn(target, Kind.DECIMAL, f"({' + '.join(parts)})", digits=_WIDE) if parts else None

    def _part(self, name: str) -> str | None:
        """An amount of a sum: a column's, or the sum over a list of objects."""
        if (each := _EACH.fullmatch(name)) is None:
            column = self._first(name.split("|"))
            return None if column is None else _exact(column)
        column = self._first(each["column"].split("|"))
        if column is None:
            return None
        number = f"toDecimal256OrNull(trim(BOTH '\"' FROM JSONExtractRaw(x, {coerce.quoted(each['field'])})), {_WIDE})"
        list_ = f"arrayMap(x -> {number}, JSONExtractArrayRaw({coerce.text(column)}))"
        total = f"arraySum(arrayMap(x -> ifNull(x, toDecimal256('0', {_WIDE})), {list_}))"
        return f"if(arrayExists(x -> isNull(x), {list_}), NULL, {total})"

    def _product(self, target: str) -> SourceColumn | None:
        names = self.mapping.products.get(target, ())
        columns = [self._first(name.split("|")) for name in names]
        if not columns or any(one is None for one in columns):
            if columns:
                self.missing[target] = " or ".join(names)
            return None
        sql = "toDecimal256('1', 12)"
        for at, one in enumerate(columns):
            money = f"toDecimal256({coerce.money(one)}, 12)"
            sql = money if not at else f"multiplyDecimal({sql}, {money}, 24)"
        return SourceColumn(target, Kind.DECIMAL, sql, digits=24)

    def _amount_of_column(self, target: str) -> SourceColumn | None:
        column = self._first(_listed(self.mapping.columns.get(target)))
        if column is None:
            self._miss(target)
            return None
        return replace(column, name=target)

    def _plain(self, target: str) -> SourceColumn | None:
        """A text or a time."""
        names = [one for one in _listed(self.mapping.columns.get(target)) if self._has(one)]
        if not names:
            self._miss(target)
        changed = (
            len(names) > 1
            or any(target in table for table in (self.mapping.values, self.mapping.drop, self.mapping.constants))
            or any(target in rule.set for rule in self.mapping.rules)
        )
        column = self._first(names)
        if target in focus.TIMES:
            return None if column is None else self._time(target, column)
        if not changed and target != "ConsumedUnit":
            return None if column is None else replace(column, name=target)
        text = self._text(target, names)
        return None if text == "''" else SourceColumn(target, Kind.TEXT, text, "String")

    def _text(self, target: str, names: Sequence[str]) -> str:
        texts = [coerce.text(self._first([name])) for name in names]
        if target == "ConsumedUnit" and (unit := self._unit()):
            texts.append(coerce.quoted(unit))
        text = _first_given(texts)
        if words := self.mapping.values.get(target):
            other = words.get("*")
            named = {word: said for word, said in words.items() if word != "*"}
            text = coerce.replaced(text, named, other)
        if pattern := self.mapping.drop.get(target):
            text = f"replaceRegexpOne({text}, {coerce.quoted(pattern)}, '')"
        if constant := self.mapping.constants.get(target):
            text = _first_given([text, coerce.quoted(constant)]) if text != "''" else coerce.quoted(constant)
        for rule in self.mapping.rules:
            column = self._first([rule.column])
            if target in rule.set and column is not None:
                when = f"match({coerce.text(column)}, {coerce.quoted(rule.matches)})"
                text = f"if({when}, {coerce.quoted(rule.set[target])}, {text})"
        return text

    def _unit(self) -> str:
        """What the own column of the quantity says by its name."""
        column = self._first(_listed(self.mapping.columns.get("ConsumedQuantity")))
        named = {name.lower(): unit for name, unit in self.mapping.units.items()}
        return "" if column is None else named.get(column.name.lower(), "")

    def _time(self, target: str, column: SourceColumn) -> SourceColumn:
        if column.kind is not Kind.TEXT:
            return replace(column, name=target)
        text = coerce.text(column)
        month = f"concat(substring({text}, 1, 4), '-', substring({text}, 5, 2), '-01')"
        written = f"if(match({text}, '{_LONG_MONTH}'), {month}, {text})"
        parse = "parseDateTimeBestEffortOrNull" if self.mapping.day_first else "parseDateTimeBestEffortUSOrNull"
        return SourceColumn(target, Kind.TIME, f"{parse}({written}, 'UTC')", nullable=True)

    def _has(self, name: str) -> bool:
        key = _KEY.fullmatch(name)
        return self.file.has(key["column"] if key else name)

    def _first(self, names: Iterable[str]) -> SourceColumn | None:
        """The first own column that the file has; of `column{key}` the value of a key."""
        for name in names:
            if (column := self.file.find(name)) is not None:
                return column
            key = _KEY.fullmatch(name)
            if key and (column := self.file.find(key["column"])) is not None:
                sql = f"{coerce.pairs(column)}[{coerce.quoted(key['key'])}]"
                return SourceColumn(name, Kind.TEXT, sql, "String")
        return None

    def _miss(self, target: str) -> None:
        if target in self.mapping.columns:
            self.missing[target] = " or ".join(_listed(self.mapping.columns[target]))

    def _lacks(self, target: str, names: str | Sequence[str]) -> InvalidInput:
        shown = ", ".join(one.name for one in self.file.columns[:_SHOWN])
        return InvalidInput(
            f"cannot map column {target}: the file has no column {' or '.join(_listed(names))}; expected it among "
            f"{shown}{' …' if len(self.file.columns) > _SHOWN else ''}; try a mapping file that names the file's own "
            f"(`trimtab costs mappings {self.mapping.name}` prints this one)"
        )


def _listed(names: str | Sequence[str] | None) -> list[str]:
    return [names] if isinstance(names, str) else list(names or ())


def _first_given(texts: Sequence[str]) -> str:
    if not texts:
        return "''"
    arms = ", ".join(f"toString({text}) != '', toString({text})" for text in texts[:-1])
    return f"multiIf({arms}, toString({texts[-1]}))" if arms else texts[0]


def _exact(column: SourceColumn) -> str:
    """An amount with all digits that the file has, up to 30."""
    text = f"ifNull(toString({column.sql}), '')"
    return f"ifNull(toDecimal256OrNull({text}, {_WIDE}), toDecimal256({coerce.money(column)}, {_WIDE}))"
