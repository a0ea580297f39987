"""The divisions of months, kept while the rules and the bills stay as they are."""

import asyncio
from collections import OrderedDict

from trimtab.base.clock import Clock
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.economics.division import Division
from trimtab.economics.months import bounds
from trimtab.economics.rules.model import RuleSet, SplitMethod
from trimtab.economics.rules.store import RulesVersion
from trimtab.economics.weights import Weigher

_KEPT = 64
_FRESH_MS = 60_000
"""How long shares that depend on telemetry are kept: it goes on arriving."""
_SETTLED_MS = 3 * 86_400_000
_SETTLED_FRESH_MS = 15 * _FRESH_MS
"""Of a month that has been over for three days little arrives any more."""


class Divisions:
    """Makes divisions, each once."""

    def __init__(self, weigher: Weigher, ledger: ImportLedger, clock: Clock) -> None:
        self._weigher = weigher
        self._ledger = ledger
        self._clock = clock
        self._made: OrderedDict[str, tuple[int, Division]] = OrderedDict()
        self._making: dict[str, asyncio.Task[Division]] = {}

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
        if kept and not (moves(version.rules) and now - kept[0] > fresh_ms(month, now)):
            return kept[1]
        made = await self._once(key, version.rules, category, month)
        self._made[key] = (now, made)
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return made

    async def _once(self, key: str, rules: RuleSet, category: str, month: int) -> Division:
        """Make a division; a page that asks for it several times at once waits for one."""
        task = self._making.get(key)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.create_task(self._weigher.division(rules, category, month))
            self._making[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    def _done(self, key: str, task: asyncio.Task[Division]) -> None:
        if self._making.get(key) is task:
            del self._making[key]


def fresh_ms(month: int, now_ms: int) -> int:
    """How long shares of a month that depend on telemetry are kept."""
    return _SETTLED_FRESH_MS if now_ms > bounds(month)[1] + _SETTLED_MS else _FRESH_MS


def moves(rules: RuleSet) -> bool:
    """Whether shares depend on telemetry."""
    metric = any(split.method is SplitMethod.METRIC for one in rules.categories for split in one.splits)
    return metric or bool(rules.shared)
