"""E-mail: plain text and HTML, with a Message-ID that repeats share."""

from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from trimtab.base.clock import iso, to_datetime
from trimtab.notify.compose.people import COLOURS, cut, items, title
from trimtab.notify.compose.request import DELIVERY_HEADER
from trimtab.notify.kinds import recipients
from trimtab.notify.model import Channel, Notification, Parcel

_SUBJECT_LENGTH = 150


def compose(parcel: Parcel, channel: Channel, now_ms: int, sender: str) -> EmailMessage:
    """The mail from `sender` (`trimtab@example.com`)."""
    mail = EmailMessage()
    mail["Subject"] = cut(" ".join(title(parcel).split()), _SUBJECT_LENGTH)
    mail["From"] = f"trimtab <{sender}>"
    mail["To"] = ", ".join(recipients(channel.endpoint))
    mail["Date"] = format_datetime(to_datetime(now_ms))
    mail["Message-ID"] = f"<{parcel.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office replies stay away
    mail[DELIVERY_HEADER] = parcel.id
    shown, more = items(parcel)
    rest = [f"and {more} more"] if more else []
    mail.set_content("\n\n".join([*map(_text, shown), *rest]))
    mail.add_alternative("<html><body>" + "".join([*map(_html, shown), *rest]) + "</body></html>", subtype="html")
    return mail


def _text(one: Notification) -> str:
    buttons = [f"{button.label}: {button.url}" for button in one.buttons]
    return "\n".join(part for part in (one.title, one.text, iso(one.at_ms), one.link, *buttons) if part)


def _html(one: Notification) -> str:
    links = [("Open in trimtab", one.link)] * bool(one.link) + [(button.label, button.url) for button in one.buttons]
    shown = " · ".join(f'<a href="{escape(url)}">{escape(label)}</a>' for label, url in links)
    return (
        f'<div style="border-left:4px solid {COLOURS[one.severity]};padding-left:12px;margin:0 0 16px">'
        f'<p><b>{escape(one.title)}</b></p><p style="white-space:pre-wrap">{escape(one.text)}</p>'
        f"<p>{iso(one.at_ms)}</p>" + (f"<p>{shown}</p></div>" if shown else "</div>")
    )
