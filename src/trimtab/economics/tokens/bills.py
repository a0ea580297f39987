"""What vendors billed for calls of models: their lines of the bill, whoever sells them.

A line is known by who provides it and by its service: OpenAI's and Anthropic's own cost files, and what clouds call
Bedrock, Azure OpenAI and Vertex AI. A vendor's bill covers the days from its first line to its last; one that has a
line on the first of a month only is an invoice of the month.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric
from trimtab.economics.tokens.ledger import VendorBill

_DAY_MS = 86_400_000
_SERVICES = (
    (re.compile(r"bedrock", re.IGNORECASE), "bedrock"),
    (re.compile(r"azure openai|azure ai foundry|foundry models", re.IGNORECASE), "azure"),
    (re.compile(r"vertex ai", re.IGNORECASE), "vertex"),
    (re.compile(r"gemini api|generative language", re.IGNORECASE), "google"),
    (re.compile(r"\bopenai\b", re.IGNORECASE), "openai"),
    (re.compile(r"\banthropic\b|\bclaude\b", re.IGNORECASE), "anthropic"),
    (re.compile(r"\bmistral\b", re.IGNORECASE), "mistral"),
    (re.compile(r"\bcohere\b", re.IGNORECASE), "cohere"),
    (re.compile(r"\bgroq\b", re.IGNORECASE), "groq"),
    (re.compile(r"\bdeepseek\b", re.IGNORECASE), "deepseek"),
)
"""Words of a service or a provider, and whose calls its lines bill; the first that fits counts."""


class ReadCosts(Protocol):
    """The bill, as far as it is asked here; `costs.read.CostReader` is one."""

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        """The sums of a query. Raises QueryAborted, Unavailable."""
        ...


async def bills_of(reader: ReadCosts, scope: Scope, start_ms: int, end_ms: int) -> list[VendorBill]:
    """The bills of vendors of models in whole days. Raises QueryAborted, Unavailable."""
    by = (Dimension.PROVIDER, Dimension.SERVICE)
    query = CostQuery(start_ms, end_ms, (Metric.BILLED,), Granularity.DAILY, by)
    return vendor_bills(await reader.costs(scope, query), end_ms)


def vendor_bills(rows: Iterable[CostRow], end_ms: int) -> list[VendorBill]:
    """Bills by vendor and currency of rows by day, provider and service."""
    amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    days: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in rows:
        vendor = vendor_of_line(*row.keys)
        if vendor and row.amounts[0]:
            amounts[vendor, row.currency] += row.amounts[0]
            days[vendor, row.currency].add(row.start_ms)
    found = []
    for (vendor, currency), amount in sorted(amounts.items()):
        billed = days[vendor, currency]
        monthly = all(datetime.fromtimestamp(day / 1000, UTC).day == 1 for day in billed)
        last = end_ms if monthly else max(billed) + _DAY_MS
        found.append(VendorBill(vendor, currency, amount, min(billed), last))
    return found


def vendor_of_line(provider: str, service: str) -> str:
    """Whose calls a line of the bill is for; "" where for none."""
    for text in (service, provider):
        for pattern, vendor in _SERVICES:
            if pattern.search(text):
                return vendor
    return ""
