"""The rounds: after each import, at every night, and when a monitor is new, its bill is judged; then people are told.

What a round finds is written in one transaction with the mark of what was judged and the events that tell of it: a
round that dies leaves nothing and is made again, and the same bill judged twice tells nobody twice.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, select, update

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.costs.anomalies.found import known_in, revise
from trimtab.costs.anomalies.incidents import led, news_among
from trimtab.costs.anomalies.judging import Judgement, Judging
from trimtab.costs.anomalies.model import Anomaly, Frequency, Monitor, Subscription
from trimtab.costs.anomalies.monitors import MonitorStore
from trimtab.costs.anomalies.rows import anomaly_of, monitor_of
from trimtab.costs.anomalies.subscriptions import SubscriptionStore
from trimtab.costs.anomalies.telling import FRESH_DAYS, Mail, announce, tell
from trimtab.costs.read_sql import DAY_MS
from trimtab.store.state.database import State
from trimtab.store.state.schema.cost_anomalies import cost_anomalies, cost_anomaly_subscriptions, cost_monitors

logger = logging.getLogger(__name__)

_AROUND_DAYS = FRESH_DAYS + 60
"""What ended longer ago explains nothing that is news: a rise of an account may outlast the line that began it."""
_MONDAY = 4 * DAY_MS  # 1970-01-01 was a Thursday
_monitors = cost_monitors.c


class Rounds(Struct, frozen=True):
    """Judges what is due. `generation` changes whenever the bill does; `mail` gives the channel of an address."""

    state: State
    clock: Clock
    judging: Judging
    monitors: MonitorStore
    subscriptions: SubscriptionStore
    generation: Callable[[], Awaitable[int]]
    mail: Mail

    async def turn(self) -> int:
        """Judge what is due and tell what is; returns how many monitors were judged."""
        await self.monitors.ensure_default()
        generation, day = await self.generation(), self.clock.now_ms() // DAY_MS
        due = [
            (monitor, mark)
            for monitor in await self.monitors.listed(EVERYTHING)
            if monitor.judged_mark != (mark := f"{generation}/{day}/{monitor.updated_ms}")
        ]
        if due:
            verdicts = [await self._verdict(monitor, mark) for monitor, mark in due]
            arns = {monitor.arn for monitor, _ in due}
            subscriptions = await self.subscriptions.listed(EVERYTHING)
            at_once = [
                one for one in subscriptions if one.frequency is Frequency.IMMEDIATE and arns.intersection(one.monitors)
            ]
            channels = await self._channels(at_once)
            await self.state.change(partial(self._write, verdicts=verdicts, told=at_once, channels=channels))
        await self._summaries()
        return len(due)

    async def _verdict(self, monitor: Monitor, mark: str) -> "Verdict":
        """Judge one monitor; one that cannot be says why and stops no other. Raises Unavailable."""
        known = await self.state.read(partial(known_in, monitor=monitor.arn, start_ms=0))
        try:
            judgement = await self.judging.judge(monitor, known)
        except Unavailable:
            raise
        except TrimtabError as found:
            logger.warning("cost monitor %s cannot be judged: %s", monitor.arn, found)
            return Verdict(monitor, mark, None, str(found))
        return Verdict(monitor, mark, judgement, judgement.problem)

    def _write(
        self,
        connection: Connection,
        verdicts: Sequence["Verdict"],
        told: Sequence[Subscription],
        channels: dict[str, dict[str, str]],
    ) -> None:
        """Keep what was found by all monitors of a round, then tell of incidents: each once, whoever saw it."""
        now_ms = self.clock.now_ms()
        before = {one.id for one in recent_in(connection, now_ms)}
        for verdict in verdicts:
            self._keep(connection, verdict, now_ms)
        monitors = {row.arn: monitor_of(row) for row in connection.execute(_alive())}
        now = [one for one in recent_in(connection, now_ms) if one.monitor in monitors]
        for one in news_among(led(now), before):
            announce(connection, self.clock, monitors[one.monitor], one)
        pairs = [(monitors[one.monitor], one) for one in now]
        for subscription in told:
            tell(connection, self.clock, subscription, pairs, channels[subscription.arn])

    def _keep(self, connection: Connection, verdict: "Verdict", now_ms: int) -> None:
        monitor, judgement = verdict.monitor, verdict.judgement
        same = (
            (_monitors.arn == monitor.arn) & (_monitors.updated_ms == monitor.updated_ms) & (_monitors.deleted_ms == 0)
        )
        values = {"judged_ms": now_ms, "judged_mark": verdict.mark, "problem": verdict.problem}
        if judgement is not None:
            values["value_count"] = judgement.values
        if not connection.execute(update(cost_monitors).where(same).values(values)).rowcount:
            return  # it was changed or deleted meanwhile, and is judged again as it is now
        if judgement is not None:
            revise(connection, monitor, judgement.findings, judgement.span, now_ms)

    async def _summaries(self) -> None:
        """Tell the subscriptions whose day or week is over."""
        now_ms = self.clock.now_ms()
        due = [one for one in await self.subscriptions.listed(EVERYTHING) if one.told_ms < _period_start(one, now_ms)]
        if not due:
            return
        monitors = {one.arn: one for one in await self.monitors.listed(EVERYTHING)}
        recent = await self.state.read(partial(recent_in, now_ms=now_ms))
        pairs = [(monitors[one.monitor], one) for one in recent if one.monitor in monitors]
        channels = await self._channels(due)
        for one in due:
            await self.state.change(
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


class Verdict(Struct, frozen=True):
    """What the judging of a monitor came to; `mark` is of the bill, the day and the definition that were judged."""

    monitor: Monitor
    mark: str
    judgement: Judgement | None
    problem: str


def recent_in(connection: Connection, now_ms: int) -> list[Anomaly]:
    """The anomalies of all monitors that are news, and those before them that explain what is news."""
    fresh = cost_anomalies.c.end_ms > now_ms - _AROUND_DAYS * DAY_MS
    return [anomaly_of(row) for row in connection.execute(select(cost_anomalies).where(fresh)).all()]


def _alive() -> Select[Any]:
    return select(cost_monitors).where(_monitors.deleted_ms == 0)


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
