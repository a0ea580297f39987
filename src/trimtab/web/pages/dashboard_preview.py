"""What the editor of a dashboard asks: `POST /dashboards/<name>/preview`, a widget drawn before it is saved, and
`GET /dashboards/<name>/metrics?find=…`, the metrics that fit words.
"""

import json

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.reports.dashboards.body import read_body
from trimtab.reports.dashboards.data import Question
from trimtab.reports.dashboards.lines import WidgetData
from trimtab.reports.dashboards.variables import apply
from trimtab.web.dashboards.board import open_board
from trimtab.web.dashboards.panels import frame_of, values_of
from trimtab.web.dashboards.series import payload
from trimtab.web.metric_picker import ROW, choices
from trimtab.web.site import Site

_MOST_BYTES = 262_144


def routes(site: Site) -> list[BaseRoute]:
    """The preview, and the finding of metrics."""

    async def preview(request: Request) -> Response:
        raw = await request.body()
        if len(raw) > _MOST_BYTES:
            raise InvalidInput(f"cannot preview: a widget has at most {_MOST_BYTES} bytes")
        room = site.state.dashboards
        name, principal = request.path_params["name"], request.state.principal
        board = await open_board(site, request, room.account_of(principal), name)
        body = read_body(json.dumps({"widgets": [_widget(raw)]}))
        widget = apply(body.widgets[0], board.opened.chosen)
        frame = frame_of(widget)
        answer, drawn = None, None
        if frame.kind != "text":
            [answer] = await room.widgets.read(
                principal.scope, [Question(widget, board.span, board.opened.body.inherit)]
            )
        if isinstance(answer, WidgetData) and frame.kind == "series":
            drawn = msgspec.json.encode(payload(answer)).decode()
        values = None if answer is None or drawn else values_of(widget, answer)
        return site.fragment(request, board.view, "preview", frame=frame, values=values, drawn=drawn)

    async def metrics(request: Request) -> Response:
        view = site.view(request)
        found = await choices(site.state, view, ROW)
        return site.fragment(request, view, "metric_choices", choices=found)

    return [
        Route("/dashboards/{name}/preview", site.guarded(preview, Role.WRITE, bound=True), methods=["POST"]),
        Route("/dashboards/{name}/metrics", site.guarded(metrics, Role.WRITE, bound=True)),
    ]


def _widget(raw: bytes) -> object:
    try:
        return typed.loads(raw)
    except ValueError as problem:
        raise InvalidInput(f"cannot preview: the widget is not JSON ({problem})") from None
