"""Microsoft Teams: an Adaptive Card 1.4 to the webhook of a Teams workflow (which took over from connectors)."""

import msgspec

from trimtab.base.clock import iso
from trimtab.egress.request import Outgoing
from trimtab.notify.compose.people import cut, items, title
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER
from trimtab.notify.model import Channel, Notification, Parcel, Severity

_COLOURS = {Severity.ERROR: "attention", Severity.WARNING: "warning", Severity.INFO: "accent", Severity.OK: "good"}
_TEXT_LENGTH = 1200  # a message may have 28 KB in all, and 20 items
_TITLE_LENGTH = 250


def compose(parcel: Parcel, channel: Channel, now_ms: int) -> Outgoing:
    """The request."""
    shown, more = items(parcel)
    blocks = [_block(title(parcel), size="Medium", weight="Bolder")] if len(parcel.notifications) > 1 else []
    for one in shown:
        blocks += _item(one)
    if more:
        blocks.append(_block(f"and {more} more"))
    links = [{"type": "Action.OpenUrl", "title": "Open", "url": parcel.first.link}] if parcel.first.link else []
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
        "actions": links,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    body = {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}
    headers = {"Content-Type": "application/json", "User-Agent": AGENT, DELIVERY_HEADER: parcel.id}
    return Outgoing(channel.endpoint, headers, msgspec.json.encode(body))


def _item(one: Notification) -> list[dict[str, object]]:
    found = [_block(cut(one.title, _TITLE_LENGTH), weight="Bolder", color=_COLOURS[one.severity])]
    if one.text:
        found.append(_block(cut(one.text, _TEXT_LENGTH)))
    found.append(_block(iso(one.at_ms), isSubtle=True, size="Small"))
    if one.buttons:
        links = [{"type": "Action.OpenUrl", "title": button.label, "url": button.url} for button in one.buttons]
        found.append({"type": "ActionSet", "actions": links})
    return found


def _block(text: str, **more: object) -> dict[str, object]:
    return {"type": "TextBlock", "text": _plain(text), "wrap": True, **more}


def _plain(text: str) -> str:
    """Text that the card's Markdown takes for text: no links or images out of a name."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("\n", "\n\n")
