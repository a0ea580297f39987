"""How an answer over HTTP is read, and what every message is sent with."""

from trimtab import __version__
from trimtab.egress.request import Answered
from trimtab.notify.model import Outcome, Verdict

DELIVERY_HEADER = "X-Trimtab-Delivery"
"""The id of a message, the same in every repeat of it."""
AGENT = f"trimtab/{__version__}"

_REFUSES_THE_MESSAGE = frozenset({400, 410, 413, 414, 415, 422, 431, 501})
"""Statuses that say that this message will never be taken. Others (401, 403, 404 too, which a proxy or a wrong setting
gives while the receiver is away) are asked again: nothing is lost by an outage, however it looks."""
_REASON_LENGTH = 500


def judge(answer: Answered) -> Verdict:
    """The verdict of an HTTP answer."""
    said = f": {answer.text}" if answer.text else ""
    if 200 <= answer.status < 300:
        return Verdict(Outcome.DELIVERED, "", answer.status)
    if 300 <= answer.status < 400:
        reason = f"the receiver redirects (status {answer.status}); redirects are not followed: name its new URL"
        return Verdict(Outcome.RETRY, reason, answer.status)
    if answer.status in _REFUSES_THE_MESSAGE:
        return Verdict(
            Outcome.FAILED, f"the receiver refused it: status {answer.status}{said}"[:_REASON_LENGTH], answer.status
        )
    after = float(answer.retry_after) if answer.retry_after.isdecimal() else 0.0
    return Verdict(Outcome.RETRY, f"the receiver answered {answer.status}{said}"[:_REASON_LENGTH], answer.status, after)
