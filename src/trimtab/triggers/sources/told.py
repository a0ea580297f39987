"""What trimtab's rooms tell of (the outbox), as events: changes of alarms, audited calls, and whatever else there is.

An alarm's and an audit record's event has the shape that AWS gives it. Any other kind, such as `budget.state_changed`,
becomes an event of the source `trimtab.budget` with the detail-type `Budget State Changed` and the facts as its detail.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.audit.feed import RECORDED
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.events import outbox
from trimtab.triggers.arns import Place
from trimtab.triggers.entries import make_event
from trimtab.triggers.intake import Intake
from trimtab.triggers.model import Event
from trimtab.triggers.sources import alarms, audit

SUBSCRIBER = "event rules"
_NOT_TOLD = ("alarm.", "sns.", "notify.")
"""Kinds of messages, and of alarms beside their own change of state: each would tell of the same again."""
_OLDEST_MS = 3_600_000
"""Age beyond which an audit record is history: an hour, in which a trimtab that was down is up again."""


class ToldSource:
    """Subscribes to the outbox. An event's id is the outbox's own, so that what is told again changes nothing."""

    def __init__(self, intake: Intake, home: Place, clock: Clock) -> None:
        self._intake = intake
        self._home = home
        self._clock = clock

    async def handle(self, told: outbox.Event) -> None:
        """Take what is told in, on the default bus of its account and region."""
        if told.kind == RECORDED and told.at_ms < self._clock.now_ms() - _OLDEST_MS:
            return  # history out of files
        try:
            event = event_of(told, self._home)
        except (InvalidInput, KeyError):  # a client's own form of a thing, such as an alarm whose ARN is none
            return
        if event is not None:
            await self._intake.put([event])


def event_of(told: outbox.Event, home: Place) -> Event | None:
    """The event of what is told; None for what makes none. Raises InvalidInput, KeyError."""
    if told.kind == alarms.CHANGED:
        return alarms.event_of(told)
    if told.kind == RECORDED:
        return audit.of_record(told.body)
    if told.kind.startswith(_NOT_TOLD):
        return None
    place = _place(told.body, home)
    about, _, _ = told.kind.partition(".")
    return make_event(
        place,
        place.bus(""),
        source=f"trimtab.{about}",
        detail_type=told.kind.replace(".", " ").replace("_", " ").title()[:128],
        detail={name: value for name, value in told.body.items() if name != "actions"},
        at_ms=told.at_ms,
        id_=told.id,
        resources=[told.subject],
    )


def _place(body: Mapping[str, Any], home: Place) -> Place:
    return Place(str(body.get("account") or home.account), str(body.get("region") or home.region))
