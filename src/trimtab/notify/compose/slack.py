"""Slack incoming webhooks (api.slack.com/messaging/webhooks): one attachment an item, so that each has its colour."""

import msgspec

from trimtab.egress.request import Outgoing
from trimtab.notify.compose.people import COLOURS, cut, items, title
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER
from trimtab.notify.model import Channel, Notification, Parcel

_TEXT_LENGTH = 2900  # a section block holds 3,000 characters
_TITLE_LENGTH = 250
_ESCAPED = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


def compose(parcel: Parcel, channel: Channel, now_ms: int) -> Outgoing:
    """The request."""
    shown, more = items(parcel)
    attachments = [_attachment(one) for one in shown]
    if more:
        attachments.append({"text": f"and {more} more"})
    body = {"text": _plain(title(parcel)), "attachments": attachments}
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": AGENT, DELIVERY_HEADER: parcel.id}
    return Outgoing(channel.endpoint, headers, msgspec.json.encode(body))


def _attachment(one: Notification) -> dict[str, object]:
    heading = _plain(cut(one.title, _TITLE_LENGTH))
    found: dict[str, object] = {
        "color": COLOURS[one.severity],
        "fallback": heading,
        "title": heading,
        "text": _plain(cut(one.text, _TEXT_LENGTH)),
        "ts": one.at_ms // 1000,
        "mrkdwn_in": [],
    }
    if one.buttons:  # link buttons: Slack opens their address and asks this app nothing
        found["actions"] = [{"type": "button", "text": _plain(it.label), "url": it.url} for it in one.buttons]
    return found | ({"title_link": one.link} if one.link else {})


def _plain(text: str) -> str:
    """Text that Slack takes for text: no links, mentions or `<!channel>` out of a name."""
    return text.translate(_ESCAPED)
