"""`/runs` and `/runs/<cluster>/<job>`: the queue, what ran and what it cost, and one run in full."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base import typed
from trimtab.base.errors import NotFound
from trimtab.charts.svg import Svg
from trimtab.client import runs_wire
from trimtab.figures.areas import phases as phase_figures
from trimtab.figures.areas import profiles as profile_figures
from trimtab.figures.areas import progress as progress_figures
from trimtab.figures.areas import runs as figures
from trimtab.figures.areas.money import COULD_BE_SAVED, RUN_COST
from trimtab.figures.register import REGISTER
from trimtab.fleet.basis import DEFAULT
from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import RunState
from trimtab.kpis.runs import queue, starts
from trimtab.kpis.runs.placement import Idle
from trimtab.kpis.runs.profile import ProfiledGpu
from trimtab.kpis.runs.queue import QueueReport
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import RunReport, length_of
from trimtab.kpis.runs.starts import WaitingRun
from trimtab.progress.report import RunProgress
from trimtab.web import format as words
from trimtab.web import respond, run_progress
from trimtab.web.gpu_reader import fresh_s
from trimtab.web.money_tiles import money
from trimtab.web.run_charts import (
    HELD_STYLE,
    IDLE_STYLES,
    MOST_STRIPS,
    PHASE_STYLES,
    USE_STYLES,
    activity_payload,
    course,
    phase_band,
    profiled_bar,
    queue_payload,
    strips,
    use_bar,
)
from trimtab.web.run_rows import COLUMNS, TEXT, RunRow, Sums, as_dict, row_of, sums_of
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_page, read_sort
from trimtab.web.tiles import Tile
from trimtab.web.view import View, link

LARGEST_LOSS = COULD_BE_SAVED.aliases[0]
HELD = REGISTER["gpu_hours_held"]
MOST_RUNS = 2000
"""Runs of a range that the page looks at: the last submitted of more."""
_STALE_S = 600.0
_AROUND_MS = 3_600_000
_STARTS_FRESH_S = 60.0
"""Expected starts are learnt anew once a minute: it takes a good part of a second."""
_MOST_STARTING = 20
_LEADING = 4
"""Tiles of runs on the overview: what runs, what it held, cost and could have saved."""
_SORTABLE = frozenset(COLUMNS) - {"job", "cluster", "currency", "priced_by", "gpu_type", "loss", "ended_ms"}
_COMMANDS = """\
# SLURM: on a login node; then it follows
trimtab connect slurm --follow

# SLURM: from what its tools printed
trimtab connect slurm --sacct-file sacct.txt --jobs-file jobs.txt --nodes-file nodes.txt

# Kubernetes: with your kubeconfig, or in the cluster
trimtab connect kubernetes --follow"""


def routes(site: Site) -> list[BaseRoute]:
    """The list with its JSON and CSV, the queue's chart, and a run's page with its JSON."""
    return [*_lists(site), *_ones(site)]


def _lists(site: Site) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = await site.fleet_view(request)
        rows, found, starting = await asyncio.gather(
            _rows(site, view), _queue(site, view), _starting(site, view) if view.window.moving else _none_starts()
        )
        shown, sort = _chosen(view, rows), _sort(view)
        ordered = sort.apply(shown)
        part = read_page(view, len(ordered))
        return site.page(
            request,
            view,
            "runs",
            timed=True,
            tiles=_tiles(sums_of(shown, view.window.end_ms), found, view.window.words),
            rows=ordered[part.start : part.end],
            page=part,
            sort=sort,
            any_run=bool(rows),
            hanging=site.state.hangs.hanging(view.scope) if site.state.hangs is not None else [],
            more=len(rows) >= MOST_RUNS,
            queue=found,
            starting=starting[:_MOST_STARTING],
            queue_source=link("/runs/queue.json", list(view.window.parameters)),
            uses=[(use, use_bar(use)) for use in found.gpus],
            legend=[("held", HELD_STYLE), *((why.value, style) for why, style in IDLE_STYLES.items())],
            idle_kinds=tuple(Idle),
            worst=_worst(shown),
            states=[state.value for state in RunState if any(row.state == state.value for row in rows)],
            teams=sorted({row.team for row in rows}, key=lambda name: (name == UNOWNED, name)),
            length=length_of,
            money=money,
            commands=_COMMANDS,
        )

    async def as_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        rows = _sort(view).apply(_chosen(view, await _rows(site, view)))
        found = await _queue(site, view)
        waiting = typed.convert(found.waiting, list[runs_wire.Waiting], from_attributes=True)
        return respond.json(request, {"runs": [as_dict(row) for row in rows], "waiting": waiting})

    async def as_csv(request: Request) -> Response:
        view = await site.fleet_view(request)
        rows = _sort(view).apply(_chosen(view, await _rows(site, view)))
        return respond.table(request, "runs", COLUMNS, (list(as_dict(row).values()) for row in rows))

    async def queue_json(request: Request) -> Response:
        return respond.json(request, queue_payload(await _queue(site, await site.fleet_view(request))))

    return [
        Route("/runs", site.guarded(page, bound=True)),
        Route("/runs.json", site.guarded(as_json, bound=True)),
        Route("/runs.csv", site.guarded(as_csv, bound=True)),
        Route("/runs/queue.json", site.guarded(queue_json, bound=True)),
    ]


def _ones(site: Site) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        report = await _one(site, view, request)
        activity = report.activity
        progress = await _progress(site, view, report)
        return site.page(
            request,
            view,
            "run",
            timed=False,
            moment=(report.run.end_ms or report.run.start_ms or view.now_ms, _AROUND_MS),
            report=report,
            run=report.run,
            row=row_of(report),
            tiles=_run_tiles(report),
            course=course(report, view.now_ms),
            strips=strips(activity) if activity is not None else [],
            band=phase_band(report.gpu_phases) if report.gpu_phases is not None else None,
            phase_styles=PHASE_STYLES,
            profiled=_profiled(report),
            use_legend=[(use.value, style) for use, style in USE_STYLES.items()],
            figures=profile_figures,
            money=money,
            length=length_of,
            progress=run_progress.shown(progress) if progress is not None else None,
            pace_cost=report.part_of_cost(report.slow_rank_hours),
            rank_figures=progress_figures,
            phase_figures=phase_figures,
            held_figure=HELD,
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        report = await _one(site, view, request)
        progress = await _progress(site, view, report)
        losses = [
            {"kind": one.loss.kind.value, "gpu_hours": one.loss.gpu_hours, "words": one.words} for one in report.losses
        ]
        phases = [{"phase": one.phase.words, "gpu_hours": one.gpu_hours} for one in report.phases]
        told = {"progress": run_progress.as_dict(progress)} if progress is not None else {}
        if report.pace is not None:
            told["pace"] = run_progress.pace_as_dict(report.pace, report.slow_rank_hours)
        return respond.json(request, {"run": as_dict(row_of(report)), "losses": losses, "phases": phases, **told})

    async def activity_json(request: Request) -> Response:
        return respond.json(request, activity_payload(await _one(site, site.view(request), request)))

    one = "/runs/{cluster}/{job:path}"
    return [
        Route(one + "/activity.json", site.guarded(activity_json, bound=True)),
        Route(one + ".json", site.guarded(as_json, bound=True)),
        Route(one, site.guarded(page, bound=True)),
    ]


async def lead_run_tiles(site: Site, view: View) -> list[Tile]:
    """What the overview leads with where a scheduler is connected and no GPU reports; nothing without runs."""
    if site.state.runs is None:
        return []
    rows = await _rows(site, view)
    if not rows:
        return []
    return _tiles(sums_of(rows, view.window.end_ms), await _queue(site, view), view.window.words)[:_LEADING]


def _reports(site: Site) -> RunReports:
    """What is known of runs. Raises NotFound where the pages were put together without it."""
    if site.state.runs is None:
        raise NotFound("this server has no runs")
    return site.state.runs


async def _rows(site: Site, view: View) -> list[RunRow]:
    """Every run of the range: one answer for all who look."""

    async def read() -> list[RunRow]:
        wanted = RunFilter(start_ms=view.window.start_ms, end_ms=view.window.end_ms)
        found = await _reports(site).listed(view.scope, wanted, MOST_RUNS)
        return [row_of(report) for report in found]

    key = ("runs", view.scope, view.window.parameters)
    return await site.cache.get(key, fresh_s(view.window), read, stale_s=_STALE_S)


async def _queue(site: Site, view: View) -> QueueReport:
    async def read() -> QueueReport:
        return await queue.read(_reports(site).room, view.scope, view.window.start_ms, view.window.end_ms)

    key = ("queue", view.scope, view.window.parameters)
    return await site.cache.get(key, fresh_s(view.window), read, stale_s=_STALE_S)


async def _starting(site: Site, view: View) -> list[WaitingRun]:
    """The runs that wait now, and when they are expected to start."""

    async def read() -> list[WaitingRun]:
        return await starts.waiting(_reports(site).room, view.scope, view.now_ms)

    return await site.cache.get(("starts", view.scope), _STARTS_FRESH_S, read, stale_s=_STALE_S)


async def _none_starts() -> list[WaitingRun]:
    """Of a range that is over nothing is expected."""
    return []


async def _one(site: Site, view: View, request: Request) -> RunReport:
    cluster, job = request.path_params["cluster"], request.path_params["job"]
    key = ("run", view.scope, cluster, job)
    return await site.cache.get(key, 15.0, lambda: _reports(site).one(view.scope, job, cluster))


async def _progress(site: Site, view: View, report: RunReport) -> RunProgress | None:
    """The progress of a run; None of one that never started, and where the pages were put together without it."""
    room = site.state.progress
    if room is None or report.run.start_ms is None:
        return None
    others = [one.run for one in report.attempts]
    key = ("progress", view.scope, report.run.key)
    return await site.cache.get(key, 15.0, lambda: room.one(view.scope, report.run, report.whole_hours, others))


def _chosen(view: View, rows: Sequence[RunRow]) -> list[RunRow]:
    """The rows that the URL's filters take."""
    state, team, text = view.get("state"), view.get("team"), view.get("q")
    wanted = RunFilter(text=text)
    return [
        row
        for row in rows
        if (not state or row.state == state) and (not team or row.team == team) and wanted.takes(row.report.run)
    ]


def _sort(view: View) -> Sort:
    return read_sort(view, "runs", _SORTABLE, TEXT, "submitted_ms")


def _worst(rows: Sequence[RunRow]) -> list[RunRow]:
    """The three runs whose largest loss is worth most."""
    found = [row for row in rows if row.loss_hours]
    return sorted(found, key=lambda row: (-(row.loss_cost or 0.0), -(row.loss_hours or 0.0)))[:3]


def _tiles(sums: Sums, found: QueueReport, span: str) -> list[Tile]:
    share = sums.active_share
    active = f"{share:.0%} {', '.join(sums.measured_by)}" if share is not None else ""
    waits = [one for one in found.waiting if one.wait_p95_s is not None]
    slowest = max(waits, key=lambda one: one.wait_p95_s or 0.0, default=None)
    priced = f"by {', '.join(sums.priced_by)}" if sums.priced_by else "no price is known"
    if sums.unpriced_hours and sums.priced_by:
        priced += f"; {words.value(sums.unpriced_hours)} GPU-h without a price"
    amount, currency = _amount(money(sums.costs))
    saved, saved_currency = _amount(money(sums.saved))
    return [
        Tile(
            figures.RUNNING,
            words.count(sums.running),
            "",
            f"{sums.waiting} wait for {words.value(sums.waiting_gpus)} GPUs, at the end of the range",
        ),
        Tile(HELD, words.value(sums.gpu_hours), "h", f"{span} · {active or 'activity unknown'}"),
        Tile(RUN_COST, amount, currency, f"{span} · {DEFAULT.value} · {priced}"),
        Tile(COULD_BE_SAVED, saved, saved_currency, "the largest loss of each run"),
        Tile(figures.PENDING, words.value(found.gpu_hours), "GPU-h", "pending in this range, of all teams"),
        Tile(
            figures.WAIT_P95,
            *(length_of(slowest.wait_p95_s or 0.0) if slowest else "–").partition(" ")[::2],
            f"{slowest.team}: {slowest.reason}" if slowest else "no run started in this range",
        ),
    ]


def _run_tiles(report: RunReport) -> list[Tile]:
    run, loss = report.run, report.largest_loss
    share = words.NONE if report.active_share is None else f"{report.active_share * 100:.1f}"
    active = f"by {', '.join(report.measured_by)}" if report.measured_by else report.unknown
    if report.active_share is not None and report.known_hours < 0.99 * report.gpu_hours:
        active += f", known for {words.value(report.known_hours)} GPU-h"
    basis = ", ".join(one.value for one in report.cost.bases) or report.cost.reason
    why = ", ".join(dict.fromkeys(one.reason for one in report.stretches)) or "from submission to start"
    return [
        Tile(
            HELD, words.value(report.gpu_hours), "h", f"whole life · {words.value(run.gpus)} × {run.gpu_type or 'GPU'}"
        ),
        Tile(figures.ACTIVE, share, "%" if report.active_share is not None else "", active),
        Tile(RUN_COST, *_amount(money(report.cost.amounts)), f"whole life · {DEFAULT.value} · {basis}"),
        Tile(
            figures.WAITED, *(length_of(report.wait_ms / 1000) if report.wait_ms else "0 min").partition(" ")[::2], why
        ),
        Tile(
            COULD_BE_SAVED,
            *_amount(money(loss.amounts) if loss and loss.amounts else "–"),
            f"{loss.loss.kind.value}, {words.value(loss.loss.gpu_hours)} GPU-h" if loss else "none found",
            name=LARGEST_LOSS,
        ),
    ]


def _profiled(report: RunReport) -> list[tuple[ProfiledGpu, Svg, str]]:
    """GPUs of a run's profile with bar and cost; of more than `MOST_STRIPS` those that compute least."""
    if report.profile is None:
        return []
    gpus = [one for one in report.profile.gpus if one.uses]
    if len(gpus) > MOST_STRIPS:
        least = sorted(gpus, key=lambda one: one.uses[0].share)[:MOST_STRIPS]
        gpus = [one for one in gpus if one in least]
    rows = []
    for one in gpus:
        name = f"rank {one.rank}" if one.rank is not None else one.file
        rows.append((one, profiled_bar(name, one.uses), money(one.amounts)))
    return rows


def _amount(said: str) -> tuple[str, str]:
    """An amount and its currency apart; several currencies stay together."""
    head, _, tail = said.rpartition(" ")
    return (head, tail) if head and " + " not in said else (said, "")
