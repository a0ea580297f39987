"""The whole room over a new state database, a clock that stands still and a receiver on loopback."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.notify.receiver import Receiver, receiving

from gates import open_gate
from trimtab.base.clock import ManualClock
from trimtab.events.outbox import Outbox, emit
from trimtab.notify.channels import ChannelStore, Wish
from trimtab.notify.log import DeliveryLog
from trimtab.notify.model import ALARM_CHANGED, Channel
from trimtab.notify.received import ReceivedAlerts
from trimtab.notify.route import SUBSCRIBER, Router
from trimtab.notify.sender import Means, Sender
from trimtab.notify.subscribing import Subscribing
from trimtab.notify.topics import TopicStore
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State

ACCOUNT, REGION = "123456789012", "us-east-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops"


@dataclass
class Room:
    """Everything of the room. `tick` does one turn of both jobs; `run` runs a coroutine."""

    state: State
    clock: ManualClock
    means: Means = field(default_factory=lambda: Means(HttpTransport(open_gate())))

    def __post_init__(self) -> None:
        self.channels = ChannelStore(self.state, self.clock, REGION, open_gate())
        self.topics = TopicStore(self.state, self.clock)
        self.subscribing = Subscribing(self.state, self.clock, "http://127.0.0.1:4750", open_gate())
        self.log = DeliveryLog(self.state, self.clock)
        self.received = ReceivedAlerts(self.state, self.clock)
        self.sender = Sender(self.state, self.clock, self.means)
        self.runner = asyncio.Runner()
        self.outbox = Outbox(self.state)
        self.router = Router(self.state, self.clock, "http://127.0.0.1:4750", ACCOUNT)
        self.run(self.outbox.subscribe(SUBSCRIBER, self.router.handle, from_start=True))

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def tick(self, seconds: float = 0.0) -> int:
        """Advance the clock, route what happened and send what is due; returns how many messages were tried."""
        self.clock.advance(seconds)
        self.run(self.outbox.deliver())
        return int(self.run(self.sender.turn()))

    def add(self, kind: str, endpoint: str, name: str = "ch", **more: Any) -> Channel:
        wish = Wish(name, kind, endpoint, **{"topics": ("ops",), **more})
        channel, _ = self.run(self.channels.create(ACCOUNT, wish))
        return channel  # type: ignore[no-any-return]  # `run` gives anything

    def alarm(self, name: str = "cpu", state: str = "ALARM", actions: tuple[str, ...] = (TOPIC,)) -> str:
        """An alarm changes its state, as the alarms room says it."""
        body = {
            "AlarmName": name,
            "AlarmDescription": None,
            "AWSAccountId": ACCOUNT,
            "NewStateValue": state,
            "NewStateReason": "Threshold Crossed: 1 datapoint [97.0] was greater than the threshold (90.0).",
            "Region": REGION,
            "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
            "NewStateReasonData": "{}",
            "OldStateValue": "OK",
            "OldStateReason": "Unchecked: Initial alarm creation",
            "Trigger": {"MetricName": "CPUUtilization", "Namespace": "AWS/EC2"},
            "actions": list(actions),
        }
        return self.state.change_sync(lambda connection: emit(connection, self.clock, ALARM_CHANGED, name, body))

    def happen(self, kind: str, subject: str, **body: Any) -> str:
        return self.state.change_sync(lambda connection: emit(connection, self.clock, kind, subject, body))

    def deliveries(self, **filters: Any) -> list[Any]:
        return self.run(self.log.page(None, **filters))[::-1]  # type: ignore[no-any-return]  # oldest first

    def close(self) -> None:
        self.sender.close()
        self.runner.close()


@pytest.fixture
def room(state: State) -> Iterator[Room]:
    opened = Room(state, ManualClock())
    yield opened
    opened.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one
