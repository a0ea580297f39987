"""Actions that are held back: by a mute rule, or by the suppressor of a composite alarm. Pure.

An action that is held is run once nothing holds it any more, if the alarm is still in the state that asked for it; it
is dropped when the alarm returns to the state from which it came. Source: user guide, "Alarm suppression" and "Alarm
mute rules".
"""

import json
from enum import StrEnum

from msgspec import Struct

from trimtab.alarms.model import StateValue
from trimtab.base.records import asdict


class HeldBy(StrEnum):
    """What holds an action back; the first three are CloudWatch's ActionsSuppressedBy."""

    WAIT = "WaitPeriod"
    EXTENSION = "ExtensionPeriod"
    ALARM = "Alarm"
    MUTE = "Mute"


class Held(Struct, frozen=True):
    """The action of a change from `old` to `new` at `since_ms`, held `by` something; `muted` if ever by a mute rule."""

    old: StateValue
    new: StateValue
    since_ms: int
    by: HeldBy
    muted: bool = False

    def text(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self))


def read_held(text: str | None) -> Held | None:
    """What `Held.text` wrote."""
    if text is None:
        return None
    told = json.loads(text)
    return Held(StateValue(told["old"]), StateValue(told["new"]), told["since_ms"], HeldBy(told["by"]), told["muted"])


class Suppressor(Struct, frozen=True):
    """The suppressor of a composite alarm: its periods, whether it is in ALARM, and when it last left ALARM (ms)."""

    wait_ms: int
    extension_ms: int
    alarm: bool
    left_ms: int | None


def holding(since_ms: int, at_ms: int, muted: bool, suppressor: Suppressor | None) -> HeldBy | None:
    """What holds the action of a change at `since_ms` back at `at_ms`."""
    if suppressor is not None:
        if suppressor.alarm:
            return HeldBy.ALARM
        if suppressor.left_ms is not None and at_ms < suppressor.left_ms + suppressor.extension_ms:
            return HeldBy.EXTENSION
        if at_ms < since_ms + suppressor.wait_ms and not _passed(since_ms, suppressor):
            return HeldBy.WAIT
    return HeldBy.MUTE if muted else None


def _passed(since_ms: int, suppressor: Suppressor) -> bool:
    """Whether the suppressor came and went since: it need not be waited for again."""
    return suppressor.left_ms is not None and suppressor.left_ms >= since_ms
