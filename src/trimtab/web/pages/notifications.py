"""`/notifications`: the channels and how each does, the delivery log with its reasons, alerts of Alertmanagers."""

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.base.records import asdict
from trimtab.notify import kinds
from trimtab.notify.model import Channel, Delivery
from trimtab.web import respond
from trimtab.web.site import Site

_MOST = 200  # rows of a table (UI.md)
_STATES = ("waiting", "failed", "delivered")
_COLUMNS = (
    "id",
    "created",
    "target",
    "kind",
    "title",
    "state",
    "attempts",
    "finished",
    "status",
    "reason",
)
_COMMANDS = """\
# a webhook; the secret that signs its messages is shown once
trimtab notify add ops-hook webhook https://example.com/hook --topic ops

# people: Slack, Teams, mail
trimtab notify add ops-slack slack https://hooks.slack.com/services/… --topic ops

# a pager that opens and closes incidents
trimtab notify add pager pagerduty --routing-key-file key.txt --event 'alarm.*'"""


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and CSV, and the button that sends a test."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        room, account = site.state.notify, view.principal.account
        channel, state = view.get("channel") or None, view.get("state") or None
        if state not in (None, *_STATES):
            raise InvalidInput(f"cannot show deliveries in state {state!r}: expected one of {', '.join(_STATES)}")
        before = _number(view.get("before"))
        deliveries = await room.log.page(account, channel=channel, state=state, before=before, limit=_MOST + 1)
        chosen = view.get("delivery")
        return site.page(
            request,
            view,
            "notifications",
            timed=False,
            channels=[_shown(one, topics) for one, topics in await room.channels.list(account)],
            kinds=kinds.KINDS,
            deliveries=deliveries[:_MOST],
            older=deliveries[_MOST - 1].seq if len(deliveries) > _MOST else None,
            states=_STATES,
            chosen=await room.log.get(account, chosen) if chosen else None,
            alerts=await room.received.list(account),
            may_write=view.principal.may(Role.WRITE),
            mail=room.mail,
            commands=_COMMANDS,
        )

    async def as_json(request: Request) -> Response:
        room, account = site.state.notify, request.state.principal.account
        channels = [_shown(one, topics) for one, topics in await room.channels.list(account)]
        deliveries = [asdict(one) for one in await room.log.page(account, limit=_MOST)]
        return respond.json(request, {"channels": channels, "deliveries": deliveries})

    async def as_csv(request: Request) -> Response:
        found = await site.state.notify.log.page(request.state.principal.account, limit=10_000)
        return respond.table(request, "deliveries", _COLUMNS, map(_row, found))

    async def test(request: Request) -> Response:
        principal = request.state.principal
        sent = await site.state.notify.log.test(principal.account, request.path_params["name"], principal.name)
        return RedirectResponse(f"/notifications?delivery={quote(sent.id)}", 303)

    return [
        Route("/notifications", site.guarded(page)),
        Route("/notifications.json", site.guarded(as_json)),
        Route("/notifications.csv", site.guarded(as_csv)),
        Route("/notifications/test/{name}", site.guarded(test, Role.WRITE), methods=["POST"]),
    ]


def _shown(channel: Channel, topics: list[str]) -> dict[str, Any]:
    """A channel without anything secret."""
    return {
        "name": channel.name,
        "account": channel.account,
        "kind": channel.kind,
        "endpoint": kinds.shown(channel.kind, channel.endpoint),
        "topics": topics,
        "events": list(channel.events),
        "failures": channel.failures,
        "away_until_ms": channel.open_until_ms,
        "last_ok_ms": channel.last_ok_ms,
        "last_error_ms": channel.last_error_ms,
        "last_error": channel.last_error,
    }


def _row(one: Delivery) -> list[Any]:
    finished = iso(one.finished_ms) if one.finished_ms else None
    told = [one.target, one.kind, one.title, one.state.value, one.attempts]
    return [one.id, iso(one.created_ms), *told, finished, one.status, one.reason]


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 15:
        raise InvalidInput(f"cannot read before {text[:30]!r}: expected the number that `Older` names")
    return int(text)
