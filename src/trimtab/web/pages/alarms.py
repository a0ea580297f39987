"""`/alarms`: every alarm, those that fire first, composite alarms with what they are made of; as page, JSON and CSV."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.alarms.model import StateValue
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.base.records import asdict, replace
from trimtab.web import respond
from trimtab.web.alarms.desk import Desk
from trimtab.web.alarms.rows import Row, ranked, row_of, tree
from trimtab.web.site import Site
from trimtab.web.sorting import read_page
from trimtab.web.view import View

PATH = "/alarms"
_COLUMNS = ("name", "kind", "state", "since", "watches", "reason", "enabled", "muted by", "account", "region")
COMMANDS = """\
# try one on the past before you save it
trimtab alarms replay alarm.yaml --since 30d
trimtab alarms put alarm.yaml"""


def routes(site: Site) -> list[BaseRoute]:
    """The list in its three forms."""
    if site.alarms is None:
        return []
    desk = site.alarms

    async def page(request: Request) -> Response:
        view = site.view(request)
        rows = await alarm_rows(desk, view)
        chosen = _filtered(view, rows)
        counts = {state: sum(row.state is state for row in rows) for state in StateValue}
        plain = bool(view.get("state") or view.get("q"))
        shown = ranked(chosen) if plain else tree(chosen)
        pager = read_page(view, len(shown))
        return site.page(
            request,
            view,
            "alarms",
            timed=False,
            rows=shown[pager.start : pager.end],
            pager=pager,
            total=len(rows),
            counts=counts,
            states=list(StateValue),
            places=len({(row.account, row.region) for row in rows}),
            may_write=view.principal.may(Role.WRITE),
            commands=COMMANDS,
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        return respond.json(
            request, {"alarms": [_plain(row) for row in ranked(_filtered(view, await alarm_rows(desk, view)))]}
        )

    async def as_csv(request: Request) -> Response:
        view = site.view(request)
        rows = ranked(_filtered(view, await alarm_rows(desk, view)))
        return respond.table(request, "alarms", _COLUMNS, map(_cells, rows))

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(PATH + ".json", site.guarded(as_json, bound=True)),
        Route(PATH + ".csv", site.guarded(as_csv, bound=True)),
    ]


async def alarm_rows(desk: Desk, view: View) -> list[Row]:
    """Every alarm that the viewer may see, as rows."""
    alarms = await desk.alarms(view.scope)
    rules = await desk.rules([(one.key.account, one.key.region) for one in alarms])
    found = []
    for one in alarms:
        mine = [stored.rule for stored in rules[(one.key.account, one.key.region)]]
        found.append(replace(row_of(one, mine, view.now_ms), url=desk.url(view, one.key)))
    return found


def _filtered(view: View, rows: list[Row]) -> list[Row]:
    state, text = view.get("state"), view.get("q").lower()
    if state and state not in tuple(StateValue):
        raise InvalidInput(f"cannot show alarms in state {state[:30]!r}: expected one of {', '.join(StateValue)}")
    found = [row for row in rows if not state or row.state == state]
    return [row for row in found if text in f"{row.name} {row.description} {row.watches}".lower()]


def _plain(row: Row) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in ("depth", "url")}


def _cells(row: Row) -> list[Any]:
    told = [row.name, row.kind, row.state.value, iso(row.since_ms), row.watches, row.reason, row.enabled]
    return [*told, " ".join(row.muted), row.account, row.region]
