"""The pages on which the evidence of a sentence is."""

from urllib.parse import urlencode

from trimtab.base.clock import iso
from trimtab.reports.written.facts import Ask


def ranged(path: str, ask: Ask, **more: str) -> str:
    """A page over the period."""
    return f"{path}?{urlencode({**more, 'from': iso(ask.start_ms), 'to': iso(ask.end_ms)})}"


def costs(ask: Ask) -> str:
    """The Costs page over the period, on the basis of reports: net amortised."""
    days = {"start": iso(ask.start_ms)[:10], "end": iso(ask.end_ms)[:10]}
    return f"/costs?{urlencode({'metric': 'net_amortized', **days})}"
