"""The divisions of months, kept while the rules and the bills stay as they are."""

import asyncio
from collections import OrderedDict

from trimtab.base.clock import Clock
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.economics.division import Division
from trimtab.economics.rules.model import RuleSet, SplitMethod
from trimtab.economics.rules.store import RulesVersion
from trimtab.economics.weights import Weigher

_KEPT = 64
METRIC_FRESH_MS = 60_000
"""How long shares that depend on telemetry are kept: it goes on arriving."""


class Divisions:
    """Makes divisions, each once."""

    def __init__(self, weigher: Weigher, ledger: ImportLedger, clock: Clock) -> None:
        self._weigher = weigher
        self._ledger = ledger
        self._clock = clock
        self._made: OrderedDict[str, tuple[int, Division]] = OrderedDict()

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._made.clear()

    async def of(self, version: RulesVersion, category: str, month: int) -> Division:
        """One month by one category. Raises InvalidInput for a metric that nothing is known of."""
        held = await asyncio.to_thread(self._ledger.held)
        receipts = [(one.source, one.import_id) for one in held if one.month == month]
        key = repr((version.version, version.document, category, month, receipts))
        now = self._clock.now_ms()
        kept = self._made.get(key)
        if kept and not (moves(version.rules) and now - kept[0] > METRIC_FRESH_MS):
            return kept[1]
        made = await self._weigher.division(version.rules, category, month)
        self._made[key] = (now, made)
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return made


def moves(rules: RuleSet) -> bool:
    """Whether shares depend on telemetry."""
    metric = any(split.method is SplitMethod.METRIC for one in rules.categories for split in one.splits)
    return metric or bool(rules.shared)
