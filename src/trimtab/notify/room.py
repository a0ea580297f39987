"""The room as doors and pages are given it."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.egress.gate import Gate
from trimtab.notify.channels import ChannelStore
from trimtab.notify.log import DeliveryLog
from trimtab.notify.publishing import Publishing
from trimtab.notify.received import ReceivedAlerts
from trimtab.notify.subscribing import Subscribing
from trimtab.notify.topics import TopicStore
from trimtab.notify.watch import Watch
from trimtab.settings import Settings, public_url
from trimtab.store.state.database import State


class NotifyRoom(Struct, frozen=True):
    """Everything that may be asked of notifications. `account` is that of callers who are bound to none."""

    channels: ChannelStore
    topics: TopicStore
    subscribing: Subscribing
    publishing: Publishing
    log: DeliveryLog
    received: ReceivedAlerts
    watch: Watch
    account: str
    mail: bool
    """Whether a mail server is set."""

    @classmethod
    def of(cls, settings: Settings, state: State, clock: Clock) -> "NotifyRoom":
        """The room over a state database."""
        gate = Gate.of(settings, state, clock)
        log = DeliveryLog(state, clock)
        return cls(
            channels=ChannelStore(state, clock, settings.region, gate),
            topics=TopicStore(state, clock),
            subscribing=Subscribing(state, clock, public_url(settings), gate),
            publishing=Publishing(state, clock),
            log=log,
            received=ReceivedAlerts(state, clock),
            watch=Watch(log),
            account=settings.account_id,
            mail=bool(settings.smtp_url),
        )
