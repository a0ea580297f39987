"""The kinds of channel: what each needs, and who reads it. One table, for the store, the senders and the pages."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.egress.address import parse_url

GROUP_S = 5.0
"""Seconds that a message to people waits for others of its group, unless the channel says otherwise."""
_LONGEST_GROUP_S = 3600.0
_PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
_MAIL = re.compile(r"[^\s@,<>\"]+@[^\s@,<>\"]+")
_MOST_RECIPIENTS = 50
_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")


class Kind(Struct, frozen=True):
    """A kind of channel. `people`: its messages are read by persons, so several may share one.

    `endpoint` says what the endpoint is; `hidden` that it is itself a secret. `default` is the endpoint where none is
    given. `secrets` are the secrets that it takes.
    """

    name: str
    what: str
    people: bool
    endpoint: str
    hidden: bool = False
    default: str = ""
    secrets: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("webhook", "signed JSON", False, "URL", secrets=("signing_secret", "authorization")),
        Kind("slack", "Slack incoming webhook", True, "URL", hidden=True),
        Kind("teams", "Microsoft Teams workflow webhook", True, "URL", hidden=True),
        Kind("pagerduty", "PagerDuty Events v2", False, "URL", default=_PAGERDUTY, secrets=("routing_key",)),
        Kind("email", "e-mail", True, "addresses"),
        Kind("alertmanager", "Prometheus Alertmanager", False, "URL", secrets=("authorization",)),
        Kind("sns", "SNS-compatible HTTP(S) subscription", False, "URL"),
        Kind("command", "command on this machine", False, "command"),
    )
}
OFFERED = tuple(name for name in KINDS if name not in ("sns", "command"))
"""Kinds that a caller can make. A command comes from the settings only; an SNS subscription from Subscribe."""


def check(kind: str, endpoint: str, options: Mapping[str, Any], secret: Mapping[str, str]) -> None:
    """Raise InvalidInput unless the parts make a channel of `kind`. Where it may send the gate says."""
    known = KINDS.get(kind)
    if known is None:
        raise InvalidInput(
            f"cannot make a channel of kind {kind!r}: expected one of {', '.join(OFFERED)}", field="kind"
        )
    if known.endpoint == "URL":
        parse_url(endpoint)
    elif known.endpoint == "addresses":
        recipients(endpoint)
    surplus = sorted(set(secret) - set(known.secrets))
    if surplus:
        raise InvalidInput(f"cannot give {surplus[0]} to a channel of kind {kind}: it has none", field=surplus[0])
    if kind == "pagerduty" and not _ROUTING_KEY.fullmatch(secret.get("routing_key", "")):
        raise InvalidInput(
            "cannot use routing_key: expected the 32 characters of an Events v2 key", field="routing_key"
        )
    authorization = secret.get("authorization", "")
    if not authorization.isascii() or not authorization.isprintable():
        raise InvalidInput("cannot use authorization: expected a header value, such as Bearer …", field="authorization")
    if wrong := [name for name in owners(options) if not name.strip() or not name.isprintable()]:
        raise InvalidInput(
            f"cannot use the owner {wrong[0]!r}: expected a name, such as that of a team", field="owners"
        )
    window = options.get("group_s", 0.0)
    if not 0 <= window <= _LONGEST_GROUP_S:
        raise InvalidInput(f"cannot use group_s {window}: expected 0 to {_LONGEST_GROUP_S:g} seconds", field="group_s")
    if window and not known.people:
        raise InvalidInput(f"cannot group on a channel of kind {kind}: machines get every event", field="group_s")


def owners(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whose questions a channel with these options gets."""
    return tuple(options.get("owners", ()))


def recipients(endpoint: str) -> list[str]:
    """The addresses of an e-mail channel. Raises InvalidInput."""
    found = [part.strip() for part in endpoint.split(",") if part.strip()]
    wrong = [part for part in found if not _MAIL.fullmatch(part) or not part.isprintable()]
    if wrong or not 0 < len(found) <= _MOST_RECIPIENTS:
        got = repr(wrong[0]) if wrong else f"{len(found)} addresses"
        raise InvalidInput(
            f"cannot send mail: got {got}; expected 1 to {_MOST_RECIPIENTS} addresses such as ops@example.com",
            field="endpoint",
        )
    return found


def group_s(kind: str, options: Mapping[str, Any]) -> float:
    """Seconds for which a message of such a channel waits for others of its group; 0 for machines."""
    return float(options.get("group_s", GROUP_S)) if KINDS[kind].people else 0.0


def shown(kind: str, endpoint: str) -> str:
    """The endpoint as lists show it: without query, and of those that are secrets only the host."""
    known = KINDS.get(kind)
    if known is None or known.endpoint != "URL":
        return endpoint
    parts = urlsplit(endpoint)
    host = f"{parts.scheme}://{parts.netloc}"
    return f"{host}/…" if known.hidden else f"{host}{parts.path}{'?…' if parts.query else ''}"
