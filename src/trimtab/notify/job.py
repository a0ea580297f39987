"""The room's part of the jobs process: events become deliveries, deliveries are sent, old ones forgotten."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from trimtab.access import signed_links
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.egress.gate import Gate
from trimtab.events.outbox import Outbox
from trimtab.jobs.periodic import Job
from trimtab.notify.channels import ChannelStore
from trimtab.notify.housekeeping import Housekeeping
from trimtab.notify.route import SUBSCRIBER, Router
from trimtab.notify.sender import MESSAGES_A_TURN, Means, Sender
from trimtab.notify.transport.command import parse_command
from trimtab.notify.transport.http import HttpTransport
from trimtab.notify.transport.smtp import Mailer
from trimtab.settings import Settings, public_url
from trimtab.store.state.database import State

_SEND_S = 1.0
_FORGET_S = 3600.0
_DAY_MS = 86_400_000


def means_of(settings: Settings, gate: Gate) -> Means:
    """With what messages are sent. Raises SetupError."""
    return Means(
        http=HttpTransport(gate),
        mailer=Mailer.of(settings.smtp_url, settings.smtp_from),
        command=parse_command(settings.notify_command),
        give_up_ms=settings.notify_give_up_days * _DAY_MS,
    )


class Notifying(Struct, frozen=True):
    """What the jobs process runs, and closes at its end."""

    sender: Sender
    router: Router
    jobs: list[Job]

    @classmethod
    async def begin(
        cls, settings: Settings, state: State, outbox: Outbox, clock: Clock, may_send: Callable[[], bool]
    ) -> "Notifying":
        """Subscribe to the outbox and offer the settings' command. Raises SetupError."""
        words = parse_command(settings.notify_command)
        events = tuple(part.strip() for part in settings.notify_command_events.split(",") if part.strip())
        gate = Gate.of(settings, state, clock)
        await ChannelStore(state, clock, settings.region, gate).offer_command(settings.account_id, words, events)
        key, *_ = state.signing_keys(signed_links.PURPOSE)
        means = replace(means_of(settings, gate), sign=partial(signed_links.signed, key))
        router = Router(state, clock, public_url(settings), settings.account_id)
        await outbox.subscribe(SUBSCRIBER, router.handle, from_start=True)
        sender = Sender(state, clock, means, may_send)
        housekeeping = Housekeeping(state, clock, settings.retention_notifications_days)

        async def send() -> None:
            while may_send() and await sender.turn() >= MESSAGES_A_TURN:
                continue

        async def forget() -> None:
            if may_send():
                await housekeeping.drop()

        jobs = [
            Job("send notifications", _SEND_S, send),
            Job("forget old notifications", _FORGET_S, forget),
        ]
        return cls(sender, router, jobs)
