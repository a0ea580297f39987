"""Where figures of runs and of the queue are shown."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import quote

from wire.figures.gpu_places import UNOWNED, kpi_groups
from wire.figures.place import Place, Places
from wire.figures.reading import (
    WHOLE,
    Shown,
    Site,
    Span,
    Values,
    added,
    amounts,
    exact,
    lasting,
    measured,
    rounded,
    written,
)

_STEP = 6  # digits of amounts of runs in answers
_MOST = "500"
_KEPT_UP = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
Rows = Iterable[Any]


def name_of(run: Any) -> str:
    """The group that a run is."""
    return f"run {run['cluster']}/{run.get('job') or run.get('run')}"


def page_rows(site: Site, span: Span) -> list[Any]:
    """Runs of a range, as the page has them."""
    found: list[Any] = site.json("/runs.json", **span.page)["runs"]
    return found


def _rest_rows(site: Site, span: Span) -> list[Any]:
    found: list[Any] = site.json("/rest/v1/runs", limit=_MOST, **span.rest)["runs"]
    return found


def _command_rows(site: Site, span: Span) -> list[Any]:
    found: list[Any] = site.command("runs", "list", "--limit", _MOST, *span.options)["runs"]
    return found


_DATASET = ("cluster", "run", "owner", "cost", "currency", "active_share", "wait", "state")


def _dataset_rows(site: Site, span: Span) -> list[Any]:
    return site.dataset("runs", dict.fromkeys(_DATASET, ""), span)


def _team_rows(site: Site, span: Span) -> list[Any]:
    """Runs of each team's own page."""
    names = {one["team"] or UNOWNED for one in page_rows(site, span)}
    held = {one["team"] for one in site.json("/teams.json", **span.page)["teams"]}
    pages = ((name, site.json(f"/teams/{quote(name, safe='')}.json", **span.page)) for name in sorted(names & held))
    return [{**run, "team": name} for name, page in pages for run in page["runs"]]


# -- money


def _by_run(pairs: Iterable[tuple[Any, str, Shown]]) -> Values:
    """By run, by team and of all, in each currency."""
    return added(
        ((group, currency), amount)
        for run, currency, amount in pairs
        for group in (name_of(run), run.get("team") or run.get("owner") or UNOWNED, WHOLE)
    )


def _amounts_of(rows: Rows, name: str = "amounts") -> Values:
    return _by_run(
        (run, currency, rounded(amount, _STEP))
        for run in rows
        for currency, amount in ((run.get(name) or {}) if name == "amounts" else _loss_of(run)).items()
    )


def _loss_of(run: Any) -> Any:
    return run["largest_loss"]["amounts"] if run["largest_loss"] else {}


def _cost_rest(site: Site, span: Span) -> Values:
    return _amounts_of(_rest_rows(site, span))


def _training(rows: Rows) -> Values:
    """Of runs that end: what Kubernetes keeps up is not among them."""
    return _amounts_of([one for one in rows if one["tags"].get("kind", "") not in _KEPT_UP])


def _training_rest(site: Site, span: Span) -> Values:
    return _training(_rest_rows(site, span))


def _cost_command(site: Site, span: Span) -> Values:
    return _amounts_of(_command_rows(site, span))


def _cost_page(read: Callable[[Site, Span], list[Any]], site: Site, span: Span) -> Values:
    return _by_run((run, run["currency"], measured(run["cost"])) for run in read(site, span) if run["cost"] is not None)


def _cost_teams(site: Site, span: Span) -> Values:
    return {key: one for key, one in _cost_page(_team_rows, site, span).items() if key[0] != WHOLE}


def _cost_dataset(site: Site, span: Span) -> Values:
    rows = [one for one in _dataset_rows(site, span) if one["cost"] is not None]
    return _by_run((run, run["currency"], exact(run["cost"])) for run in rows)


def _unit_cost(answer: Any) -> Values:
    return _by_run((run, run["currency"], exact(run["cost"])) for run in answer["runs"])


def _unit_rest(site: Site, span: Span) -> Values:
    return _unit_cost(site.json("/rest/v1/unit-costs/runs", limit="1000", **span.rest_days))


def _unit_command(site: Site, span: Span) -> Values:
    return _unit_cost(site.command("costs", "per-run", "--limit", "1000", *span.day_options))


def _unit_dataset(site: Site, span: Span) -> Values:
    names = ("kind", "name", "run", "owner", "currency", "cost")
    rows = site.dataset("unit_costs", dict.fromkeys(names, ""), span)
    known = {one["job"]: one["cluster"] for one in page_rows(site, span)}
    mine = [one for one in rows if one["kind"] == "run" and one["run"] in known]
    return _by_run(({**one, "cluster": known[one["run"]]}, one["currency"], exact(one["cost"])) for one in mine)


def _page_tile(label: str, site: Site, span: Span) -> Values:
    return amounts(" ".join(site.tile("/runs", label, **span.page)).strip())


def _report(template: str, title: str, site: Site, span: Span) -> Values:
    """The dearest runs of the report, by run where one run alone has the name."""
    written_ = site.json("/rest/v1/reports/written", template=template, **span.rest_days)
    tables = [one for section in written_["sections"] for one in section["tables"] if one["title"].startswith(title)]
    rows = page_rows(site, span)
    names = [one["name"] for one in rows]
    known = {one["name"]: name_of(one) for one in rows if names.count(one["name"]) == 1}
    found: Values = {}
    for row in (row for table in tables for row in table["rows"] if row[0] in known):
        found |= amounts(row[5].replace(" and ", " + "), known[row[0]])
    return found


def _loss_rest(site: Site, span: Span) -> Values:
    return _amounts_of(_rest_rows(site, span), "loss")


def _loss_command(site: Site, span: Span) -> Values:
    return _amounts_of(_command_rows(site, span), "loss")


def _loss_page(site: Site, span: Span) -> Values:
    rows = [one for one in page_rows(site, span) if one["loss_cost"] is not None]
    return _by_run((run, run["currency"], measured(run["loss_cost"])) for run in rows)


# -- counts and times


def _count(read: Callable[[Site, Span], list[Any]], site: Site, span: Span) -> Values:
    return added(
        ((group, ""), exact(1))
        for run in read(site, span)
        for group in (run.get("team") or run.get("owner") or UNOWNED, WHOLE)
    )


def _count_teams(site: Site, span: Span) -> Values:
    return {key: one for key, one in _count(_team_rows, site, span).items() if key[0] != WHOLE}


def _count_tiles(site: Site, span: Span) -> Values:
    """The tile of each team's page."""
    found: Values = {}
    for name in sorted({one["team"] for one in _team_rows(site, span)}):
        shown = written(site.tile(f"/teams/{quote(name, safe='')}", "Runs", **span.page)[0])
        if shown is not None:
            found[name, ""] = exact(shown.value)
    return found


def _running(rows: Rows, span: Span) -> Values:
    """At the end of the range."""
    at = span.end_ms - 1
    started = [one for one in rows if one["start_ms"] is not None and one["start_ms"] <= at]
    return {
        (WHOLE, ""): exact(sum(one["end_ms"] > at if one["end_ms"] else one["state"] == "running" for one in started))
    }


def _running_rest(site: Site, span: Span) -> Values:
    return _running(_rest_rows(site, span), span)


def _running_command(site: Site, span: Span) -> Values:
    return _running(_command_rows(site, span), span)


def _running_tile(site: Site, span: Span) -> Values:
    return {(WHOLE, ""): exact(written(site.tile("/runs", "Running", **span.page)[0]).value)}  # type: ignore[union-attr]  # a count


def _queue_of(rows: Rows, id_: str, whole: Any = None) -> Values:
    """Of who waited, by team and reason: hours add up, and the slowest is the whole."""
    if id_ == "pending_gpu_hours":
        found = added(((group, ""), measured(one["gpu_hours"])) for one in rows for group in (one["team"], WHOLE))
        return found | ({} if whole is None else {(WHOLE, ""): measured(whole)})
    waits = [one["wait_p95_s"] for one in rows if one["wait_p95_s"] is not None]
    return {(WHOLE, ""): measured(max(waits))} if waits else {}


def _queue_rest(id_: str, site: Site, span: Span) -> Values:
    answer = site.json("/rest/v1/queue", **span.rest)
    return _queue_of(answer["waiting"], id_, answer["pending_gpu_hours"])


def _queue_command(id_: str, site: Site, span: Span) -> Values:
    answer = site.command("runs", "queue", *span.options)
    return _queue_of(answer["waiting"], id_, answer["pending_gpu_hours"])


def _queue_page(id_: str, site: Site, span: Span) -> Values:
    return _queue_of(site.json("/runs.json", **span.page)["waiting"], id_)


def _queue_tile(label: str, site: Site, span: Span) -> Values:
    value, unit = site.tile("/runs", label, **span.page)
    shown = written(value) if unit == "GPU-h" else lasting(f"{value} {unit}")
    return {} if shown is None else {(WHOLE, ""): shown}


def _each(name: str, rows: Rows) -> Values:
    """By run; one that waits has waited longer a moment later."""
    known = [one for one in rows if one[name] is not None and one["state"] != "pending"]
    return {(name_of(one), ""): measured(one[name]) for one in known}


def _listed(name: str, read: Callable[[Site, Span], list[Any]], site: Site, span: Span) -> Values:
    return _each(name, read(site, span))


def _listed_dataset(name: str, site: Site, span: Span) -> Values:
    return _each(name, [{**one, "wait_s": one["wait"]} for one in _dataset_rows(site, span)])


_FEW = 6
"""Runs of which the own page is opened."""


def _over(site: Site, span: Span) -> list[Any]:
    """Runs whose whole life is within the range: their own page, of the whole life, must say the same."""
    found = [
        one
        for one in page_rows(site, span)
        if one["ended_ms"] is not None and one["started_ms"] is not None
        and one["started_ms"] >= span.start_ms and one["ended_ms"] <= span.end_ms
    ]  # fmt: skip
    return sorted(found, key=lambda one: -one["gpu_hours"])[:_FEW]


def _path(run: Any) -> str:
    return f"/runs/{quote(run['cluster'], safe='')}/{quote(run['job'], safe='/')}"


def _own_json(name: str, site: Site, span: Span) -> Values:
    return _each(name, [site.json(f"{_path(one)}.json")["run"] for one in _over(site, span)])


def _own_rest(name: str, site: Site, span: Span) -> Values:
    found = (site.json("/rest/v1/runs/report", job=one["job"], cluster=one["cluster"]) for one in _over(site, span))
    return _each(name, [one["run"] for one in found])


def _own_command(name: str, site: Site, span: Span) -> Values:
    found = (site.command("runs", "show", one["job"], "--cluster", one["cluster"]) for one in _over(site, span))
    return _each(name, [one["run"] for one in found])


def _own_tile(label: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for one in _over(site, span):
        text = " ".join(site.tile(_path(one), label))
        shown = written(text) if text.endswith("%") else lasting(text)
        if shown is not None:
            found[name_of(one), ""] = shown
    return found


def _own_money(label: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for one in _over(site, span):
        found |= amounts(" ".join(site.tile(_path(one), label)).strip(), name_of(one))
    return found


# -- endpoints


def _gpus(path: str, site: Site, span: Span) -> Values:
    rows = site.json("/endpoints.json", **span.page)["endpoints"]
    names = {one["group"] for one in rows}
    if path == "/kpis.json":
        rows = [one for one in kpi_groups(site, span, "service", "page") if one["group"] in names]
    return {(f"service {one['group']}", ""): exact(one["gpus"]) for one in rows}


def _gpus_tiles(site: Site, span: Span) -> Values:
    found: Values = {}
    for one in site.json("/endpoints.json", **span.page)["endpoints"][:_FEW]:
        shown = written(site.tile(f"/endpoints/{quote(one['group'], safe='')}", "GPUs", **span.page)[0])
        if shown is not None:
            found[f"service {one['group']}", ""] = exact(shown.value)
    return found


def _gpus_listed(site: Site, span: Span) -> Values:
    """The GPUs that an endpoint's own page lists."""
    found: Values = {}
    for one in site.json("/endpoints.json", **span.page)["endpoints"][:_FEW]:
        answer = site.json(f"/endpoints/{quote(one['group'], safe='')}.json", **span.page)
        found[f"service {one['group']}", ""] = exact(len(answer["gpus"]))
    return found


PLACES: Places = {
    "run_cost": [
        Place("GET /rest/v1/runs", _cost_rest),
        Place("trimtab runs list", _cost_command),
        Place("/runs.json", partial(_cost_page, page_rows), part=True),
        Place("/runs, tile", partial(_page_tile, "Cost of runs"), part=True),
        Place("/teams/TEAM.json", _cost_teams, part=True),
        Place("dataset runs", _cost_dataset, part=True),
        Place("report weekly-fleet", partial(_report, "weekly-fleet", "Dearest runs,"), days=True, part=True),
        Place("/runs/CLUSTER/JOB, tile", partial(_own_money, "Cost of runs"), part=True),
    ],
    "training_cost": [
        Place("GET /rest/v1/runs", _training_rest),
        Place("GET /rest/v1/unit-costs/runs", _unit_rest, days=True, part=True),
        Place("trimtab costs per-run", _unit_command, days=True, part=True),
        Place("dataset unit_costs", _unit_dataset, days=True, part=True),
        Place("report training-cost", partial(_report, "training-cost", "Dearest training"), days=True, part=True),
    ],
    "run_losses": [
        Place("GET /rest/v1/runs", _loss_rest),
        Place("trimtab runs list", _loss_command),
        Place("/runs.json", _loss_page, part=True),
        Place("/runs, tile", partial(_page_tile, "Could be saved"), part=True),
    ],
    "runs": [
        Place("GET /rest/v1/runs", partial(_count, _rest_rows)),
        Place("trimtab runs list", partial(_count, _command_rows)),
        Place("/runs.json", partial(_count, page_rows)),
        Place("dataset runs", partial(_count, _dataset_rows)),
        Place("/teams/TEAM.json", _count_teams, part=True),
        Place("/teams/TEAM, tile", _count_tiles, part=True),
    ],
    "runs_running": [
        Place("GET /rest/v1/runs", _running_rest),
        Place("trimtab runs list", _running_command),
        Place("/runs, tile", _running_tile),
    ],
    **{
        id_: [
            Place("GET /rest/v1/queue", partial(_queue_rest, id_)),
            Place("trimtab runs queue", partial(_queue_command, id_)),
            Place("/runs.json", partial(_queue_page, id_)),
            Place("/runs, tile", partial(_queue_tile, label), part=True),
        ]
        for id_, label in (("pending_gpu_hours", "Waited for"), ("wait_p95", "Slowest wait, p95"))
    },
    **{
        id_: [
            Place("GET /rest/v1/runs", partial(_listed, name, _rest_rows)),
            Place("trimtab runs list", partial(_listed, name, _command_rows)),
            Place("/runs.json", partial(_listed, name, page_rows)),
            Place("dataset runs", partial(_listed_dataset, name)),
            Place("GET /rest/v1/runs/report", partial(_own_rest, name), part=True),
            Place("trimtab runs show", partial(_own_command, name), part=True),
            Place("/runs/CLUSTER/JOB.json", partial(_own_json, name), part=True),
            Place("/runs/CLUSTER/JOB, tile", partial(_own_tile, label), part=True),
        ]
        for id_, name, label in (("run_wait", "wait_s", "Waited"), ("run_active_share", "active_share", "Active"))
    },
    "gpus_held": [
        Place("/endpoints.json", partial(_gpus, "/endpoints.json")),
        Place("/kpis.json", partial(_gpus, "/kpis.json")),
        Place("/endpoints/NAME.json", _gpus_listed, part=True),
        Place("/endpoints/NAME, tile", _gpus_tiles, part=True),
    ],
}  # fmt: skip
