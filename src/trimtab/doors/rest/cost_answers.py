"""Answers to questions to a bill, as they travel."""

import math
from collections.abc import Sequence
from decimal import Decimal

from trimtab.client import cost_explorer_wire as wire
from trimtab.costs.closing.month import Closing
from trimtab.costs.currencies.model import Together
from trimtab.costs.explorer import words
from trimtab.costs.explorer.commitments import CommitmentUse, HourCoverage, ProviderUse, SavingsRate, SpendCoverage
from trimtab.costs.explorer.drivers import Change, Driver, ItemChange
from trimtab.costs.explorer.explorer import Slice
from trimtab.costs.explorer.providers import kind_of, shown
from trimtab.costs.explorer.terms import metric_text
from trimtab.costs.model import CostRow
from trimtab.costs.outlook_model import Expected, Outlook
from trimtab.costs.read import CommitmentFacts
from trimtab.costs.reports import CostReport

_ITEMS = 20
_COUNTS = 0.01


def plain(amount: Decimal) -> str:
    """Decimal text without trailing zeros."""
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if amount else "0"


def maybe(amount: Decimal | None) -> str | None:
    """The same, of what may be unknown."""
    return None if amount is None else plain(amount)


def cell(row: CostRow) -> wire.CostCell:
    """One sum."""
    amount = plain(row.amounts[0])
    return wire.CostCell(row.start_ms, row.end_ms, list(row.keys), row.currency, row.unit, amount)


def totals(rows: Sequence[CostRow]) -> dict[str, str]:
    """The sums by currency."""
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row.currency] = found.get(row.currency, Decimal(0)) + row.amounts[0]
    return {currency: plain(amount) for currency, amount in sorted(found.items())}


def together(found: Together | None) -> wire.Together | None:
    """Several currencies in one; nothing where the bill has that one alone, or none was chosen."""
    if found is None or found.is_one:
        return None
    return wire.Together(
        found.currency,
        None if found.total is None else plain(found.total),
        {currency: plain(amount) for currency, amount in sorted(found.originals.items())},
        dict(found.missing),
        list(found.sources),
    )


def forecast(one: Outlook) -> wire.CostForecast:
    """An outlook; models that hardly count are left out."""
    return wire.CostForecast(
        metric_text(one.metric),
        one.currency,
        one.unit,
        one.known_until_ms,
        one.level,
        number(one.error),
        one.coverage,
        one.origins,
        _expected(one.total),
        [_expected(period) for period in one.periods],
        [wire.ForecastModel(m.name, number(m.error), m.weight) for m in one.weighed if m.weight >= _COUNTS],
        [wire.ForecastChange(change.at_ms, change.note, plain(change.per_day)) for change in one.changes],
        one.note,
        None if one.closing is None else _closing(one.closing),
    )


def _closing(one: Closing) -> wire.MonthClose:
    lines = [
        wire.ForecastLine(
            name=line.name.words,
            so_far=plain(line.so_far),
            expected=plain(line.expected),
            lower=plain(line.lower),
            upper=plain(line.upper),
            why=line.why,
        )
        for line in one.lines
    ]
    return wire.MonthClose(
        start_ms=one.start_ms,
        end_ms=one.end_ms,
        use=plain(one.use),
        ahead=plain(one.ahead),
        known=plain(one.known),
        expected=plain(one.expected),
        lower=plain(one.lower),
        upper=plain(one.upper),
        lines=lines,
        closed_months=one.closed,
        replayed=one.replayed,
        error=one.error,
        coverage=one.held,
        note=one.note,
    )


def _expected(one: Expected) -> wire.ForecastPeriod:
    amounts = (plain(amount) for amount in (one.mean, one.lower, one.upper, one.known))
    return wire.ForecastPeriod(one.start_ms, one.end_ms, *amounts)


def number(value: float) -> float | None:
    """A float that JSON has a word for."""
    return value if math.isfinite(value) else None


def change(one: Change, limit: int) -> wire.CostChange:
    """A comparison with its largest `limit` drivers."""
    return wire.CostChange(
        one.currency,
        plain(one.before),
        plain(one.after),
        words.headline(one),
        {part.value: plain(amount) for part, amount in one.parts.items()},
        [_driver(driver, one.currency) for driver in one.drivers[:limit]],
        max(len(one.drivers) - limit, 0),
    )


def _driver(one: Driver, currency: str) -> wire.CostDriver:
    return wire.CostDriver(
        words.title(one),
        words.sentence(one, currency),
        one.pool.group,
        one.pool.service,
        one.pool.family,
        one.pool.unit,
        plain(one.before),
        plain(one.after),
        plain(one.quantity_before),
        plain(one.quantity_after),
        {part.value: plain(amount) for part, amount in one.parts.items()},
        [_item(item) for item in one.items[:_ITEMS]],
    )


def _item(one: ItemChange) -> wire.DriverItem:
    amounts = (one.before, one.after, one.quantity_before, one.quantity_after, one.price)
    item = one.item
    return wire.DriverItem(item.usage_type, item.operation, item.purchase, item.charge, *map(plain, amounts))


def commitment(place: Slice, use: CommitmentUse, facts: CommitmentFacts | None) -> wire.CommitmentRow:
    """One commitment."""
    kind, id_, provider = place.keys
    return wire.CommitmentRow(
        kind,
        id_,
        shown(provider),
        facts.name if facts else "",
        kind_of(provider, kind),
        facts.years if facts else None,
        place.currency,
        plain(use.total),
        plain(use.used),
        plain(use.unused),
        maybe(use.utilization),
        plain(use.on_demand),
        plain(use.net_savings),
        plain(use.hours),
        plain(use.unused_hours),
    )


def coverage(place: Slice, hours: HourCoverage, spend: SpendCoverage) -> wire.CoverageRow:
    """Both coverages of one place."""
    return wire.CoverageRow(
        place.start_ms,
        place.end_ms,
        list(place.keys),
        place.currency,
        plain(hours.reserved),
        plain(hours.on_demand),
        maybe(hours.share),
        plain(spend.covered),
        plain(spend.on_demand),
        maybe(spend.share),
    )


def provider(place: Slice, one: ProviderUse) -> wire.ProviderCoverage:
    """What one provider's commitments did."""
    return wire.ProviderCoverage(
        place.keys[0],
        place.currency,
        plain(one.coverage.covered),
        plain(one.coverage.on_demand),
        maybe(one.coverage.share),
        plain(one.use.total),
        plain(one.use.used),
        plain(one.use.unused),
        maybe(one.utilization),
        plain(one.rate.paid),
        plain(one.rate.savings),
        maybe(one.rate.rate),
    )


def savings_rate(place: Slice, one: SavingsRate) -> wire.SavingsRateRow:
    """One effective savings rate."""
    return wire.SavingsRateRow(
        place.start_ms,
        place.end_ms,
        list(place.keys),
        place.currency,
        plain(one.on_demand),
        plain(one.paid),
        plain(one.unused),
        plain(one.savings),
        maybe(one.rate),
    )


def report(one: CostReport) -> wire.SavedReport:
    """A saved view."""
    return wire.SavedReport(one.name, one.query, one.saved_ms, one.saved_by)
