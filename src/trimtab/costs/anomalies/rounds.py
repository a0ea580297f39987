"""The rounds: after each import, at every night, and when a monitor is new, its bill is judged; then people are told.

What a round finds is written in one transaction with the mark of what was judged and the events that tell of it: a
round that dies leaves nothing and is made again, and the same bill judged twice tells nobody twice.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, select, update

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.costs.anomalies.found import FoundStore, Wanted, known_in, revise
from trimtab.costs.anomalies.judging import Judgement, Judging
from trimtab.costs.anomalies.model import Anomaly, Frequency, Monitor, Subscription
from trimtab.costs.anomalies.monitors import MonitorStore
from trimtab.costs.anomalies.subscriptions import SubscriptionStore
from trimtab.costs.anomalies.telling import FRESH_DAYS, Mail, announce, tell
from trimtab.costs.read_sql import DAY_MS
from trimtab.store.state.database import State
from trimtab.store.state.schema.cost_anomalies import cost_anomaly_subscriptions, cost_monitors

logger = logging.getLogger(__name__)

_MONDAY = 4 * DAY_MS  # 1970-01-01 was a Thursday
_monitors = cost_monitors.c


@dataclass(frozen=True, slots=True)
class Rounds:
    """Judges what is due. `generation` changes whenever the bill does; `mail` gives the channel of an address."""

    state: State
    clock: Clock
    judging: Judging
    monitors: MonitorStore
    subscriptions: SubscriptionStore
    found: FoundStore
    generation: Callable[[], Awaitable[int]]
    mail: Mail

    async def turn(self) -> int:
        """Judge what is due and tell what is; returns how many monitors were judged."""
        await self.monitors.ensure_default()
        generation, day = await self.generation(), self.clock.now_ms() // DAY_MS
        judged = 0
        for monitor in await self.monitors.listed(EVERYTHING):
            mark = f"{generation}/{day}/{monitor.updated_ms}"
            if monitor.judged_mark != mark:
                await self.judge(monitor, mark)
                judged += 1
        await self._summaries()
        return judged

    async def judge(self, monitor: Monitor, mark: str) -> None:
        """Judge one monitor; one that cannot be says why and stops no other. Raises Unavailable."""
        known = await self.state.run(partial(known_in, monitor=monitor.arn, start_ms=0))
        problem, judgement = "", None
        try:
            judgement = await self.judging.judge(monitor, known)
        except Unavailable:
            raise
        except TrimtabError as found:
            problem = str(found)
            logger.warning("cost monitor %s cannot be judged: %s", monitor.arn, problem)
        told = await self.subscriptions.listed(EVERYTHING, monitor=monitor.arn)
        at_once = [one for one in told if one.frequency is Frequency.IMMEDIATE]
        channels = await self._channels(at_once)
        write = partial(
            self._write, monitor=monitor, mark=mark, judgement=judgement, problem=problem, told=at_once,
            channels=channels,
        )  # fmt: skip
        await self.state.run(write)

    def _write(
        self,
        connection: Connection,
        monitor: Monitor,
        mark: str,
        judgement: Judgement | None,
        problem: str,
        told: Sequence[Subscription],
        channels: dict[str, dict[str, str]],
    ) -> None:
        now_ms = self.clock.now_ms()
        same = (
            (_monitors.arn == monitor.arn) & (_monitors.updated_ms == monitor.updated_ms) & (_monitors.deleted_ms == 0)
        )
        values = {"judged_ms": now_ms, "judged_mark": mark, "problem": problem}
        if judgement is not None:
            values["value_count"] = judgement.values
        if not connection.execute(update(cost_monitors).where(same).values(values)).rowcount:
            return  # it was changed or deleted meanwhile, and is judged again as it is now
        if judgement is None:
            return
        before = {one.id for one in known_in(connection, monitor.arn, 0)}
        revise(connection, monitor, judgement.findings, judgement.span, now_ms)
        now = known_in(connection, monitor.arn, judgement.span[0])
        for one in now:
            if one.id not in before:
                announce(connection, self.clock, monitor, one)
        for subscription in told:
            pairs = [(monitor, one) for one in now]
            tell(connection, self.clock, subscription, pairs, channels[subscription.arn])

    async def _summaries(self) -> None:
        """Tell the subscriptions whose day or week is over."""
        now_ms = self.clock.now_ms()
        due = [one for one in await self.subscriptions.listed(EVERYTHING) if one.told_ms < _period_start(one, now_ms)]
        if not due:
            return
        monitors = {one.arn: one for one in await self.monitors.listed(EVERYTHING)}
        recent = await self.found.listed(EVERYTHING, Wanted(start_ms=now_ms - FRESH_DAYS * DAY_MS))
        pairs = [(monitors[one.monitor], one) for one in recent if one.monitor in monitors]
        channels = await self._channels(due)
        for one in due:
            await self.state.run(
                partial(self._summary, subscription=one, pairs=pairs, channels=channels[one.arn], now_ms=now_ms)
            )

    def _summary(
        self,
        connection: Connection,
        subscription: Subscription,
        pairs: Sequence[tuple[Monitor, Anomaly]],
        channels: dict[str, str],
        now_ms: int,
    ) -> None:
        table = cost_anomaly_subscriptions
        there = connection.execute(select(table.c.arn).where(table.c.arn == subscription.arn)).first()
        if there is None:
            return
        connection.execute(update(table).where(table.c.arn == subscription.arn).values(told_ms=now_ms))
        tell(connection, self.clock, subscription, pairs, channels)

    async def _channels(self, subscriptions: Sequence[Subscription]) -> dict[str, dict[str, str]]:
        """By subscription, the channel of each of its addresses; one that no mail reaches is left out."""
        found: dict[str, dict[str, str]] = {one.arn: {} for one in subscriptions}
        for one in subscriptions:
            for who in one.subscribers:
                if who.type == "EMAIL":
                    try:
                        found[one.arn][who.address] = await self.mail(one.account, who.address)
                    except InvalidInput as problem:
                        logger.warning("subscription %s cannot tell %s: %s", one.arn, who.address, problem)
        return found


def _period_start(subscription: Subscription, now_ms: int) -> int:
    """The start of the day or the week (Monday, UTC) that a summary is of; 0 of what tells at once."""
    match subscription.frequency:
        case Frequency.IMMEDIATE:
            return 0
        case Frequency.DAILY:
            return now_ms // DAY_MS * DAY_MS
        case Frequency.WEEKLY:
            week = 7 * DAY_MS
            return (now_ms - _MONDAY) // week * week + _MONDAY
