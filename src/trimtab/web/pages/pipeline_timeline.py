"""`/event-rules/pipelines`: what was started, when and why — cause, rule, run and outcome, the newest first."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.records import asdict
from trimtab.charts.states import Stretch, state_strip
from trimtab.charts.svg import Svg
from trimtab.triggers.arns import name_of
from trimtab.triggers.pipelines.by_hand import NAME as START
from trimtab.triggers.pipelines.model import Cause, Run, RunState
from trimtab.triggers.room import TriggersRoom
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/event-rules/pipelines"
_MOST = 100
_RANGE = "7d"
_FORM_BYTES = 8192
_SHOWN_CAUSES = 20
_COLUMNS = ("run", "pipeline", "cause", "rule", "why", "causes", "state", "started", "finished", "outcome")
_COMMANDS = """\
# commands are named on the server, in the file that TRIMTAB_TRIGGER_COMMANDS names:
#   [retrain]
#   argv = ["python", "train.py"]
#   timeout_s = 3600
trimtab triggers pipeline put retrain command --set command=retrain --cooldown 3600"""


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and CSV, and the button that starts one."""
    if site.state.events is None:
        return []
    rooms = site.state.events
    room = rooms.room

    async def page(request: Request) -> Response:
        view = site.view(request, _RANGE)
        runs, causes = await _read(room, view)
        pipelines = await room.pipelines.listed(view.principal.account)
        chosen = next((one for one in runs if one.id == view.get("run")), None)
        if chosen is None and view.get("run"):
            chosen = await room.runs.get(view.principal.account, view.get("run"))
            causes |= await room.runs.causes([chosen.id])
        return site.page(
            request,
            view,
            "pipelines",
            timed=True,
            runs=runs,
            causes=causes,
            pipelines=pipelines,
            strips={one.name: _strip(view, one.name, runs) for one in pipelines},
            chosen=chosen,
            most=_SHOWN_CAUSES,
            name_of=name_of,
            may_write=view.principal.may(Role.WRITE),
            commands=_COMMANDS,
        )

    async def as_json(request: Request) -> Response:
        runs, causes = await _read(room, site.view(request, _RANGE))
        told = [{**asdict(run), "causes": [asdict(one) for one in causes.get(run.id, ())]} for run in runs]
        return respond.json(request, {"runs": told})

    async def as_csv(request: Request) -> Response:
        runs, causes = await _read(room, site.view(request, _RANGE))
        return respond.table(request, "pipeline-runs", _COLUMNS, [_row(run, causes.get(run.id, ())) for run in runs])

    async def start(request: Request) -> Response:
        view = site.view(request)
        fields = await read_form(request, _FORM_BYTES)
        place, who = rooms.place(view), view.principal.name
        target = f"{place.account}/{place.region}/{request.path_params['name']}"
        reason = f"{fields.get('reason', '').strip()[:300] or 'started by hand'}, by {who}"
        await rooms.actuators.run(START, target, {"reason": reason}, requested_by=who, dry_run=False)
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}.csv", site.guarded(as_csv)),
        Route(f"{PATH}/start/{{name}}", site.guarded(start, Role.WRITE), methods=["POST"]),
    ]


async def _read(room: TriggersRoom, view: View) -> tuple[list[Run], dict[str, list[Cause]]]:
    """The runs of the view's range and their causes; the newest where there are many."""
    found = await room.runs.page(
        view.principal.account, pipeline=view.get("pipeline") or None, before_ms=view.window.end_ms, limit=_MOST
    )
    runs = [one for one in found if one.at_ms >= view.window.start_ms or not one.state.over]
    return runs, await room.runs.causes([one.id for one in runs])


def _strip(view: View, name: str, runs: Sequence[Run]) -> Svg:
    """When a pipeline ran: well, or not."""
    stretches: list[Stretch] = []
    least_ms = (view.window.end_ms - view.window.start_ms) // 200  # a run of seconds in a week would not be seen
    for run in runs:
        if run.pipeline == name and run.started_ms is not None:
            kind = "bad" if run.state is RunState.FAILED else "good"
            ended_ms = run.finished_ms or view.now_ms
            begun_ms = min(run.started_ms, view.window.end_ms - least_ms)
            stretches.append((begun_ms, max(ended_ms, begun_ms + least_ms), kind))
    return state_strip(stretches, view.window.start_ms, view.window.end_ms, label=f"Runs of {name}")


def _row(run: Run, causes: Sequence[Cause]) -> list[Any]:
    times = [iso(one) if one is not None else None for one in (run.started_ms, run.finished_ms)]
    told = [run.id, run.pipeline, iso(run.at_ms), name_of(run.rule), run.why, len(causes), run.state.value]
    return [*told, *times, run.outcome]
