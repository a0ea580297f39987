"""Orders by webhook: signed, and believed only where they were taken."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.egress.request import Answered, Outgoing
from trimtab.notify.compose.webhook import new_secret, sign
from trimtab.scaling.engine.model import CUSTOM, CUSTOM_DIMENSION, TargetKey
from trimtab.scaling.targets.file import HookSettings
from trimtab.scaling.targets.webhook import WebhookBackend

KEY = TargetKey("1", "r", CUSTOM, "webhook/render", CUSTOM_DIMENSION)


@dataclass
class Receiver:
    """A transport that remembers what it was given."""

    status: int = 200
    answer: dict[str, Any] = field(default_factory=dict)
    got: list[Outgoing] = field(default_factory=list)

    def ask(self, outgoing: Outgoing) -> Answered:
        self.got.append(outgoing)
        return Answered(self.status, "said", body=json.dumps(self.answer).encode())


def test_an_order_is_signed_and_the_receiver_says_how_it_stands() -> None:
    secret, receiver = new_secret(), Receiver()
    hooks = {"render": HookSettings(url="https://example.com/scale", secret=secret)}
    backend = WebhookBackend(hooks, receiver, ManualClock())  # type: ignore[arg-type]  # stands in for the transport
    asyncio.run(backend.scale(KEY, 4, "more is asked"))
    [order] = receiver.got
    assert {"target": "webhook/render", "desired": 4, "reason": "more is asked"} == json.loads(order.body)
    seconds = int(order.headers["webhook-timestamp"])
    assert sign(secret, order.headers["webhook-id"], seconds, order.body) == order.headers["webhook-signature"]
    found = asyncio.run(backend.standing(KEY))
    assert (4, 0, 4) == (found.ready, found.coming, found.desired)  # it says nothing: the order counts
    receiver.answer = {"ready": 1, "desired": 3}
    found = asyncio.run(backend.standing(KEY))
    assert (1, 2, 3) == (found.ready, found.coming, found.desired)


def test_an_order_that_is_not_taken_is_told() -> None:
    hooks = {"render": HookSettings(url="https://example.com/scale", secret=new_secret())}
    backend = WebhookBackend(hooks, Receiver(503), ManualClock())  # type: ignore[arg-type]  # as above
    with pytest.raises(Unavailable, match="HTTP 503"):
        asyncio.run(backend.scale(KEY, 4, "more is asked"))
