"""A signed webhook as a target: `custom-resource`, `webhook/<name>`.

An order is a POST of `{"target", "desired", "reason"}`, signed as Standard Webhooks 1.0.0 says, like the notifications
of trimtab. A receiver that answers JSON with `ready` (and `desired`) is asked how it stands by a signed POST of
`{"target", "ask": "standing"}`; of one that does not, what was last ordered counts as there.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import Unavailable
from trimtab.base.ids import new_id
from trimtab.egress.request import Answered, Outgoing
from trimtab.notify.compose.request import AGENT
from trimtab.notify.compose.webhook import sign
from trimtab.notify.transport.http import HttpTransport
from trimtab.scaling.engine.model import CUSTOM, Standing, TargetKey
from trimtab.scaling.targets.file import HookSettings

PREFIX = "webhook/"


class WebhookBackend(Struct, frozen=True):
    """The receivers of the settings' file, by name."""

    hooks: Mapping[str, HookSettings]
    transport: HttpTransport
    clock: Clock
    name: str = "webhook"
    _ordered: dict[str, int] = field(default_factory=dict)

    def takes(self, key: TargetKey) -> bool:
        """Whether the target is a receiver of the file."""
        own = key.namespace == CUSTOM and key.resource.startswith(PREFIX)
        return own and key.resource.removeprefix(PREFIX) in self.hooks

    async def standing(self, key: TargetKey) -> Standing:
        """How the receiver says that it stands. Raises Unavailable."""
        told = await self._send(key, {"target": key.resource, "ask": "standing"})
        known = self._ordered.get(key.resource)
        ready = _number(told, "ready", known)
        desired = _number(told, "desired", known if known is not None else ready)
        if ready is None or desired is None:
            return Standing(0, 0, 0)
        return Standing(min(ready, desired), max(0, desired - ready), desired)

    async def scale(self, key: TargetKey, desired: int, reason: str) -> str:
        """Send the order. Raises Unavailable where it was not taken."""
        await self._send(key, {"target": key.resource, "desired": desired, "reason": reason})
        self._ordered[key.resource] = desired
        return f"{key.resource} was told to have {desired}"

    async def preview(self, key: TargetKey, desired: int) -> str:
        """What would be sent."""
        return f"POST to {key.resource}: desired {desired}"

    async def _send(self, key: TargetKey, order: Mapping[str, Any]) -> Mapping[str, Any]:
        hook = self.hooks[key.resource.removeprefix(PREFIX)]
        id_, seconds, body = new_id(), self.clock.now_ms() // 1000, json.dumps(order).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": AGENT,
            "webhook-id": id_,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign(hook.secret, id_, seconds, body),
        }
        answer: Answered = await asyncio.to_thread(self.transport.ask, Outgoing(hook.url, headers, body))
        if not 200 <= answer.status < 300:
            raise Unavailable(f"{key.resource} did not take the order: HTTP {answer.status} {answer.text[:200]}")
        try:
            told = json.loads(answer.body or b"{}")
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


def _number(told: Mapping[str, Any], name: str, default: int | None) -> int | None:
    value = told.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default
