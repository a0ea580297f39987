"""Sends what is due: channels side by side, the messages of one after another, each outcome on record before the next.

Between sending and recording a process can die; the message is then sent again under the same id. So each arrives at
least once, and exactly once where the receiver had only refused it before.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from msgspec import Struct
from sqlalchemy import Connection

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.egress.request import Outgoing
from trimtab.notify import queue
from trimtab.notify.compose import alertmanager, mail, pagerduty, slack, sns, teams, webhook
from trimtab.notify.firing import Firing
from trimtab.notify.firing import upcoming as firing_upcoming
from trimtab.notify.model import Channel, Notification, Outcome, Parcel, Verdict
from trimtab.notify.transport.command import run_command
from trimtab.notify.transport.http import HttpTransport
from trimtab.notify.transport.smtp import Mailer
from trimtab.store.state.database import State
from trimtab.store.state.upcoming import Upcoming

Compose = Callable[[Parcel, Channel, int], Outgoing]
_OVER_HTTP: Mapping[str, Compose] = {
    "webhook": webhook.compose,
    "slack": slack.compose,
    "teams": teams.compose,
    "pagerduty": pagerduty.compose,
    "alertmanager": alertmanager.compose,
    "sns": sns.compose,
}
_AT_ONCE = 8
"""Receivers that are talked to at the same time; more wait for their turn."""
MESSAGES_A_TURN = 50
"""Messages of one channel in one turn: after them others get a thread too."""


class Means(Struct, frozen=True):
    """With what messages are sent. Without a mailer mail waits and says so; `command` is the settings' own."""

    http: HttpTransport
    mailer: Mailer | None = None
    command: tuple[str, ...] = ()
    give_up_ms: int = 7 * 86_400_000
    sign: Callable[[str], str] | None = None
    """Signs what buttons sign; without it they are left out."""


class Sender:
    """The job that sends. `may_send` is asked before every message: only one process may."""

    def __init__(self, state: State, clock: Clock, means: Means, may_send: Callable[[], bool] = lambda: True) -> None:
        self._state = state
        self._clock = clock
        self._means = means
        self._may_send = may_send
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="notify")
        self._upcoming = Upcoming(state, queue.upcoming(), firing_upcoming())
        self._firing = Firing(state, clock, self._post)

    async def turn(self) -> int:
        """Send what is due now; returns how many messages were tried."""
        if not await self._upcoming.due(self._clock.now_ms()):
            return 0
        channels = await self._state.read(partial(queue.due_channels, now_ms=self._clock.now_ms()))
        tried = sum(await asyncio.gather(*map(self._drain, channels)))
        if self._may_send():
            await self._firing.turn()
        return tried

    def close(self) -> None:
        """End the threads, without waiting for receivers."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _drain(self, channel: Channel) -> int:
        for tried in range(MESSAGES_A_TURN):
            if not self._may_send() or channel.open_until_ms > self._clock.now_ms():
                return tried
            parcel = await self._state.change(partial(queue.next_parcel, channel=channel, now_ms=self._clock.now_ms()))
            if parcel is None:
                return tried
            channel = await self._send(channel, parcel)
        return MESSAGES_A_TURN

    async def _send(self, channel: Channel, parcel: Parcel) -> Channel:
        began_s = self._clock.monotonic()
        verdict = await self._blocking(partial(self._deliver, channel, parcel))
        took_ms = round(1000 * (self._clock.monotonic() - began_s))
        return await self._state.change(lambda connection: self._record(connection, channel, parcel, verdict, took_ms))

    def _record(
        self, connection: Connection, channel: Channel, parcel: Parcel, verdict: Verdict, took_ms: int
    ) -> Channel:
        now_ms = self._clock.now_ms()
        if verdict.outcome is Outcome.DELIVERED and channel.kind == "alertmanager":
            self._firing.remember(connection, channel, parcel.first, now_ms)
        return queue.record(connection, channel, parcel, verdict, now_ms, took_ms, self._means.give_up_ms)

    async def _post(self, outgoing: Outgoing) -> Verdict:
        return await self._blocking(partial(self._means.http.send, outgoing))

    async def _blocking(self, work: Callable[[], Verdict]) -> Verdict:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _deliver(self, channel: Channel, parcel: Parcel) -> Verdict:
        """Send one message, in a thread. Never raises for what a channel's settings or its receiver do."""
        now_ms = self._clock.now_ms()
        parcel = replace(parcel, notifications=tuple(map(self._signed, parcel.notifications)))
        try:
            if channel.kind == "email":
                return self._mail(channel, parcel, now_ms)
            if channel.kind == "command":
                return self._run(parcel)
            return self._means.http.send(_OVER_HTTP[channel.kind](parcel, channel, now_ms))
        except InvalidInput as problem:
            return Verdict(Outcome.FAILED, str(problem))

    def _signed(self, one: Notification) -> Notification:
        sign = self._means.sign
        buttons = [
            replace(button, url=button.url + sign(button.signs) if button.signs and sign else button.url, signs="")
            for button in one.buttons
            if sign or not button.signs
        ]
        return replace(one, buttons=tuple(buttons)) if one.buttons else one

    def _mail(self, channel: Channel, parcel: Parcel, now_ms: int) -> Verdict:
        mailer = self._means.mailer
        if mailer is None:
            return Verdict(Outcome.RETRY, "no mail server is set: set TRIMTAB_SMTP_URL and TRIMTAB_SMTP_FROM")
        return mailer.send(mail.compose(parcel, channel, now_ms, mailer.sender))

    def _run(self, parcel: Parcel) -> Verdict:
        if not self._means.command:
            return Verdict(Outcome.FAILED, "no command is set: set TRIMTAB_NOTIFY_COMMAND")
        return run_command(self._means.command, parcel)
