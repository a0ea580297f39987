"""`commitments`: what each commitment cost and covered over the range, and what of eligible use ran on demand.

Rows of commitments have what they covered, at list prices; a row of each provider without one has the eligible use that
nothing covered. So coverage is sum(covered) / (sum(covered) + sum(on_demand)), and utilisation sum(used) / sum(total).
"""

import asyncio

from trimtab.access.principal import Role
from trimtab.costs.explorer.explorer import Explorer
from trimtab.costs.explorer.providers import kind_of, shown
from trimtab.costs.read import CostReader
from trimtab.reports.datasets.field import Field, money, number, text
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.sources.times import days_of

FIELDS: tuple[Field, ...] = (
    text("provider", "AWS, Google Cloud, Azure."), text("type", "Its kind in the provider's words."),
    text("commitment", "Its id; empty: eligible use on demand."), text("name", "What people call it."),
    number("years", "Its term, where the bill tells it.", "years"), text("currency", "Currency."),
    money("total", "What it cost, upfront part included."), money("used", "What of that was used."),
    money("unused", "What of that nothing used."), money("covered", "What it covered, at list prices."),
    money("on_demand", "Eligible use that nothing covered, at list prices."),
)  # fmt: skip


def commitments(reader: CostReader) -> Source:
    """The source over the bill."""
    explorer = Explorer(reader)

    async def read(window: Window) -> Rows:
        extent = await reader.extent()
        first, last = days_of(window.start_ms, min(window.end_ms, extent[1] if extent else window.start_ms))
        if first >= last:
            return Rows(())
        span = first, last
        uses, providers, facts = await asyncio.gather(
            explorer.commitments(window.scope, span),
            explorer.by_provider(window.scope, span),
            reader.commitment_facts(window.scope, *span),
        )
        rows: list[tuple[object, ...]] = []
        for place, use in uses.items():
            kind, id_, provider = place.keys
            known = facts.get(id_)
            what = shown(provider), kind_of(provider, kind), id_, known.name if known else None
            amounts = use.total, use.used, use.unused, use.on_demand, None
            rows.append((*what, known.years if known else None, place.currency, *amounts))
        for place, one in providers.items():
            open_ = None, None, None, None, one.coverage.on_demand
            rows.append((place.keys[0], None, None, None, None, place.currency, *open_))
        return Rows(rows, last)

    return Source(
        "commitments", "Commitments", "a commitment, or a provider's use without one", FIELDS, read, Role.FINANCE,
        whole=True,
    )  # fmt: skip
