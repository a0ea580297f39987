"""Channels and deliveries that are not there, in every state that the page shows."""

from collections.abc import Callable
from typing import Any

from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.notify.model import Attempt, Channel, Delivery, DeliveryState
from trimtab.notify.received import Known

ACCOUNT = "123456789012"
SLACK = "https://hooks.slack.com/services/T000/B000/SECRETSECRET"


class _Listed:
    """Something that lists."""

    def __init__(self, listed: Callable[[], list[Any]]) -> None:
        self._listed = listed

    async def list(self, account: str | None) -> list[Any]:
        return self._listed()


class PretendNotify:
    """As `notify.room.NotifyRoom`, as far as the page asks. `full` False: nothing has been made or told."""

    def __init__(self, now_ms: int, full: bool) -> None:
        self.account, self.mail = ACCOUNT, False
        self.channels, self.log, self.received = _Listed(self._channels), self, _Listed(self._alerts)
        self._now_ms = now_ms
        self._full = full

    def _channels(self) -> list[tuple[Channel, list[str]]]:
        if not self._full:
            return []
        now = self._now_ms
        made = Channel("1", ACCOUNT, "ops-hook", "webhook", "https://example.com/hook?key=SECRETSECRET", created_ms=now)
        away = replace(
            made,
            id="2",
            name="ops-slack",
            kind="slack",
            endpoint=SLACK,
            failures=5,
            open_until_ms=now + 60_000,
            last_error_ms=now - 20_000,
            last_error="the receiver answered 503: upstream connect error",
        )
        mail = replace(made, id="3", name="ops-mail", kind="email", endpoint="ops@example.com", events=("alarm.*",))
        return [(replace(made, last_ok_ms=now - 30_000), ["ops"]), (mail, []), (away, ["ops"])]

    def _alerts(self) -> list[Known]:
        if not self._full:
            return []
        labels = {"alertname": "HighLatency", "severity": "page", "job": '<script>alert("x")</script>'}
        return [Known("f1", "HighLatency", "firing", "", self._now_ms - 600_000, self._now_ms, {"labels": labels})]

    async def page(self, account: str | None, *, limit: int, **asked: Any) -> list[Delivery]:
        if not self._full:
            return []
        found = [self._delivery(number) for number in range(6, 0, -1)]
        return [one for one in found if asked.get("state") in (None, one.state)][:limit]

    async def get(self, account: str | None, id_: str) -> tuple[Delivery, list[Attempt]]:
        if not id_.startswith("d"):
            raise NotFound(f"cannot find delivery {id_!r}")
        one = self._delivery(int(id_[1:]))
        attempts = [Attempt(one.created_ms, "retry", 503, "the receiver answered 503", 12)]
        return one, [*attempts, Attempt(one.created_ms + 2000, "delivered", 200, "", 9)]

    async def test(self, account: str | None, name: str, who: str) -> Delivery:
        return self._delivery(1)

    def _delivery(self, number: int) -> Delivery:
        state = list(DeliveryState)[number % 3]
        reason = "" if state is DeliveryState.DELIVERED else "the receiver answered 503: upstream connect error"
        title = f'ALARM: "gpu-{number} <b>hot</b>" in us-east-1'
        at = self._now_ms - number * 60_000
        done = None if state is DeliveryState.WAITING else at + 2000
        subject = f"gpu-{number}"
        return Delivery(
            number, f"d{number}", ACCOUNT, "ops-slack", f"e{number}", "alarm.state_changed", subject, title, state,
            number, self._now_ms + 30_000, at, done, 503, reason, f"d{number}",
        )  # fmt: skip
