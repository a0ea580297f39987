"""`/dashboards`: the list, and `/dashboards/<name>`: one of them, with what its panels show."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.charts.png import to_png
from trimtab.reports.dashboards.image import draw_widget
from trimtab.reports.dashboards.lines import WidgetData
from trimtab.reports.dashboards.starters import STARTERS
from trimtab.reports.dashboards.timing import fitting_period
from trimtab.reports.exports.grafana import grafana_link
from trimtab.web import respond
from trimtab.web.dashboards.board import POINTS, Board, numbers, open_board
from trimtab.web.dashboards.panels import frame_of, values_of
from trimtab.web.dashboards.series import payload
from trimtab.web.site import Site

DASHBOARDS = "/dashboards"
REFRESHES = ("5", "10", "30", "60", "300")
"""Seconds between two refreshes that can be chosen."""
_SLOWEST_S = 60
_TOLD = 4
_PNG = (800, 400)


def routes(site: Site) -> list[BaseRoute]:
    """The list, a dashboard, and the parts of it."""

    async def listed(request: Request) -> Response:
        view = site.view(request)
        rows = await _rows(site, request)
        text = view.get("q").lower()
        shown = [row for row in rows if text in row["name"].lower() or text in row["summary"].lower()]
        writer = view.principal.may(Role.WRITE)
        return site.page(request, view, "dashboards", timed=False, rows=shown, total=len(rows), writer=writer)

    async def listed_json(request: Request) -> Response:
        return respond.json(request, {"dashboards": await _rows(site, request)})

    async def page(request: Request) -> Response:
        board = await _board(site, request)
        writer = board.view.principal.may(Role.WRITE)
        return show_board(site, request, board, writer=writer)

    async def body_json(request: Request) -> Response:
        board = await _board(site, request)
        return respond.json(
            request, {"name": board.opened.name, "version": board.opened.version, "body": board.opened.body.raw}
        )

    async def series(request: Request) -> Response:
        return await series_of(site, request, await _board(site, request))

    async def panels(request: Request) -> Response:
        return await panels_of(site, request, await _board(site, request))

    async def one_json(request: Request) -> Response:
        data = await _data(site, request)
        return respond.json(request, payload(data))

    async def one_csv(request: Request) -> Response:
        data = await _data(site, request)
        rows = [
            (iso(int(at)), line.label, float(value))
            for line in data.lines
            for at, value in zip(line.times.tolist(), line.values.tolist(), strict=True)
        ]
        return respond.table(request, data.widget.title or "panel", ["time", "series", "value"], rows)

    async def one_png(request: Request) -> Response:
        data = await _data(site, request)
        dark = site.view(request).theme == "dark"
        return Response(to_png(draw_widget(data, *_PNG, dark=dark)), media_type="image/png")

    one = DASHBOARDS + "/{name}"
    return [
        Route(DASHBOARDS, site.guarded(listed, bound=True)),
        Route(DASHBOARDS + ".json", site.guarded(listed_json, bound=True)),
        Route(one + ".json", site.guarded(body_json, bound=True)),
        Route(one, site.guarded(page, bound=True)),
        Route(one + "/series.json", site.guarded(series, bound=True)),
        Route(one + "/panels", site.guarded(panels, bound=True)),
        Route(one + "/panels/{index:int}.json", site.guarded(one_json, bound=True)),
        Route(one + "/panels/{index:int}.csv", site.guarded(one_csv, bound=True)),
        Route(one + "/panels/{index:int}.png", site.guarded(one_png, bound=True)),
    ]


def show_board(site: Site, request: Request, board: Board, **facts: Any) -> Response:
    """The page of a dashboard, for its readers or behind a link."""
    frames = [frame_of(widget) for widget in board.opened.widgets]
    refresh = board.view.get("refresh")
    opened, grafana = board.opened, site.state.grafana_url
    seconds = int(refresh) if refresh in REFRESHES else _usual_refresh_s(site, board)
    return site.page(
        request,
        board.view,
        "dashboard",
        timed=True,
        board=board,
        frames=frames,
        refreshes=REFRESHES,
        refresh=refresh,
        refresh_s=seconds,
        grafana=grafana_link(grafana, opened.name, board.span, opened.chosen) if grafana else "",
        editing=bool(facts.get("writer")) and board.view.get("edit") == "1",
        **{"shared": "", "writer": False, "link": None, **facts},
    )


def _usual_refresh_s(site: Site, board: Board) -> int:
    """Four times a step: more often nothing new is seen. An hour refreshes every 15 s, a day every minute."""
    step_s = fitting_period(board.span, None, inherit=False, points=POINTS)
    return max(site.state.refresh_s, min(step_s // 4, _SLOWEST_S))


async def series_of(site: Site, request: Request, board: Board) -> Response:
    """The lines of several panels, `w=<index>` or `w=<index>:<since ms>` each, by index."""
    wanted = numbers(request.query_params.getlist("w"), len(board.opened.body.widgets))
    answers = await board.answers(site, tuple(wanted))
    found = {
        str(index): payload(answer, wanted[index]) if isinstance(answer, WidgetData) else {"error": str(answer)}
        for index, answer in zip(wanted, answers, strict=True)
    }
    return respond.json(request, found)


async def panels_of(site: Site, request: Request, board: Board) -> Response:
    """The values of several panels as fragments that htmx puts in their places."""
    wanted = numbers(request.query_params.getlist("w"), len(board.opened.body.widgets))
    answers = await board.answers(site, tuple(wanted))
    widgets = board.opened.widgets
    values = [values_of(widgets[at], answer) for at, answer in zip(wanted, answers, strict=True)]
    return site.fragment(request, board.view, "panels", values=values)


async def _board(site: Site, request: Request) -> Board:
    room = site.state.dashboards
    account = room.account_of(request.state.principal)
    return await open_board(site, request, account, request.path_params["name"])


async def _data(site: Site, request: Request) -> WidgetData:
    board = await _board(site, request)
    [answer] = await board.answers(site, (request.path_params["index"],))
    if not isinstance(answer, WidgetData):
        raise answer
    return answer


def _titles(body: str) -> str:
    """The titles of its first panels: what a dashboard shows, where nobody said it."""
    titles = [widget.get("properties", {}).get("title", "") for widget in json.loads(body)["widgets"]]
    named = [title for title in titles if title]
    return ", ".join(named[:_TOLD]) + (" …" if len(named) > _TOLD else "")


async def _rows(site: Site, request: Request) -> list[dict[str, Any]]:
    room, who = site.state.dashboards, request.state.principal
    stored = {one.name: one for one in await room.store.listed(room.account_of(who), within=who.scope)}
    rows = [
        {
            "name": one.name, "summary": STARTERS[one.name].summary if one.name in STARTERS else _titles(one.body),
            "widgets": len(json.loads(one.body)["widgets"]), "modified_ms": one.modified_ms, "version": one.version,
            "needs": "",
        }
        for one in stored.values()
    ]  # fmt: skip
    rows += [
        {
            "name": one.name, "summary": one.summary, "widgets": len(json.loads(one.text)["widgets"]),
            "modified_ms": 0, "version": 0, "needs": one.needs,
        }
        for one in STARTERS.values()
        if one.name not in stored
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["version"] == 0, row["name"]))
