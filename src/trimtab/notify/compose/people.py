"""What people read: the title of a message and its items, for Slack, Teams and e-mail alike."""

from collections.abc import Mapping, Sequence

from trimtab.notify.model import Notification, Parcel, Severity

_RANK = (Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.OK)
COLOURS: Mapping[Severity, str] = {
    Severity.ERROR: "#c8281e",
    Severity.WARNING: "#b26a00",
    Severity.INFO: "#0b5fd3",
    Severity.OK: "#1a7f37",
}
"""The status colours of the pages; the words say the same."""
MOST_ITEMS = 20
"""Items a message shows; the rest are counted."""


def worst(parcel: Parcel) -> Severity:
    """The severity of the whole message."""
    found = {one.severity for one in parcel.notifications}
    return next(level for level in _RANK if level in found)


def title(parcel: Parcel) -> str:
    """The subject: the notification's own, or how many there are of what."""
    if len(parcel.notifications) == 1:
        return parcel.first.title
    firing = sum(one.firing is True for one in parcel.notifications)
    resolved = sum(one.firing is False for one in parcel.notifications)
    parts = [f"{firing} firing"] * bool(firing) + [f"{resolved} resolved"] * bool(resolved)
    return f"{len(parcel.notifications)} notifications" + (f": {', '.join(parts)}" if parts else "")


def items(parcel: Parcel) -> tuple[Sequence[Notification], int]:
    """The notifications to show, and how many more there are."""
    return parcel.notifications[:MOST_ITEMS], max(0, len(parcel.notifications) - MOST_ITEMS)


def cut(text: str, length: int) -> str:
    """At most `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"
