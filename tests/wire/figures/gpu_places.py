"""Where figures of GPU time and of its money are shown."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.figures import FIGURES
from trimtab.fleet.model import HOUR_MS
from wire.figures.place import Place, Places
from wire.figures.reading import (
    RELATIVE,
    WHOLE,
    Shown,
    Site,
    Span,
    Values,
    added,
    amounts,
    exact,
    measured,
    over_all,
    rounded,
    written,
)

ALL, NOBODY, UNOWNED = "All", "(held by nobody)", "unowned"
HEADS = {
    "gpu_hours_existing": "Existing", "gpu_hours_down": "Down", "gpu_hours_held": "Held", "gpu_hours_active": "Active",
    "gpu_hours_inactive": "Inactive", "gpu_hours_unmeasured": "Not measured", "gpu_hours_free": "Free",
    "gpu_hours_unknown": "Unknown", "gpu_hours_idle": "Idle", "gpu_active_share": "Active share",
}  # fmt: skip
"""Heads of tables of teams, in pages and reports."""
_TILES = {
    "gpu_hours_existing": "GPU-hours", "gpu_held_share": "GPU held share", "gpu_active_share": "GPU active share",
}  # fmt: skip
_TEAM_TILES = {"gpu_hours_held": "GPU-hours held", "gpu_active_share": "GPU active share"}
_IDLE_USES = ("idle", "unallocated")
_MONEY = {"gpu_time_cost": "cost", "idle_cost": "idle_cost"}


def column(id_: str) -> str:
    """The name of a figure of hours among a group's facts."""
    return id_.removeprefix("gpu_hours_").removeprefix("gpu_")


def team_of(name: str) -> str:
    """The group that a row of teams is of."""
    return WHOLE if name == ALL else name


def teams(site: Site, span: Span) -> list[str]:
    """The teams of a range, with what nobody held and what has no team."""
    return [one["team"] for one in site.json("/teams.json", **span.page)["teams"] if one["team"] != ALL]


# -- hours and shares


def _fleet(site: Site, span: Span, basis: Basis = DEFAULT, by: str = "team") -> Any:
    return site.json("/rest/v1/fleet/hours", **span.rest, by=by, basis=basis.value)


def _fleet_command(site: Site, span: Span, basis: Basis = DEFAULT) -> Any:
    return site.command("fleet", "hours", "--by", "team", "--basis", basis.value, *span.options)


def _groups(answer: Any) -> Iterable[tuple[str, Any]]:
    yield WHOLE, answer["total"]
    for one in answer["groups"]:
        yield one["keys"]["team"], one


def _of_groups(id_: str, answer: Any) -> Values:
    found = {(name, ""): one[column(id_)] for name, one in _groups(answer)}
    return {key: measured(value) for key, value in found.items() if value is not None}


def _rest(id_: str, site: Site, span: Span) -> Values:
    return _of_groups(id_, _fleet(site, span))


def _command(id_: str, site: Site, span: Span) -> Values:
    return _of_groups(id_, _fleet_command(site, span))


def _team_rows(id_: str, rows: Iterable[Any]) -> Values:
    name = column(id_)
    return {(team_of(one["team"]), ""): measured(one[name]) for one in rows if one.get(name) not in (None, "")}


def _teams_json(id_: str, site: Site, span: Span) -> Values:
    return _team_rows(id_, site.json("/teams.json", **span.page)["teams"])


def _teams_csv(id_: str, site: Site, span: Span) -> Values:
    return _team_rows(id_, site.csv("/teams.csv", **span.page))


def _team_json(id_: str, site: Site, span: Span) -> Values:
    found = (site.json(f"/teams/{quote(name, safe='')}.json", **span.page) for name in teams(site, span))
    return _team_rows(id_, (one["team"] for one in found))


def _cells(head: str, site: Site, span: Span, basis: Basis = DEFAULT) -> Iterable[tuple[str, str]]:
    """A column of the page of teams, as people see it."""
    asked = {} if basis is DEFAULT else {"basis": basis.value}
    heads, *rows = site.table("/teams", "teams", **span.page, **asked)
    if head in heads:  # what is zero everywhere has no column
        at = heads.index(head)
        yield from ((team_of(row[0]), row[at]) for row in rows)


def _teams_page(id_: str, site: Site, span: Span) -> Values:
    found = {(name, ""): written(cell) for name, cell in _cells(HEADS[id_], site, span)}
    return {key: one for key, one in found.items() if one is not None}


def _overview_json(id_: str, site: Site, span: Span) -> Values:
    gpus, name = site.json("/overview.json", **span.page)["gpus"], column(id_)
    found = _team_rows(id_, gpus["by_team"])
    if name in gpus["whole"]:
        found[WHOLE, ""] = measured(gpus["whole"][name])
        assert {key[0]: one.value for key, one in found.items() if key[0]} == {
            team: Decimal(str(hours[name])) for team, hours in gpus["teams"].items()
        }, "the overview has two tables of teams"
    return found


def _overview_tile(id_: str, site: Site, span: Span) -> Values:
    return _tile(site, "/", _TILES[id_], span)


def _tile(site: Site, path: str, label: str, span: Span, group: str = WHOLE) -> Values:
    found = written(" ".join(site.tile(path, label, **span.page)))
    return {} if found is None else {(group, ""): found}


def _idle_note(site: Site, span: Span) -> Values:
    """The hours beside the idle dollars."""
    [tile] = [
        one for one in site.json("/overview.json", **span.page)["tiles"] if one["label"] in ("Idle $", "GPU-hours idle")
    ]
    text = next((part for part in tile["note"].split(" · ") if part.endswith("idle GPU-h")), tile["value"])
    found = written(text.removesuffix(" idle GPU-h"))
    return {} if found is None else {(WHOLE, ""): found}


def _team_tiles(id_: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for name in teams(site, span):
        found |= _tile(site, f"/teams/{quote(name, safe='')}", _TEAM_TILES[id_], span, name)
    return found


def _gpus(id_: str, site: Site, span: Span) -> Values:
    """The sum of the GPUs, and the sums that stand beside them."""
    answer, name = site.json("/gpus.json", **span.page), column(id_)
    whole = sum((Decimal(str(one[f"{name}_h"])) for one in answer["gpus"]), Decimal(0))
    assert measured(whole).agrees(measured(answer["whole"][name])), f"/gpus.json: {whole} and {answer['whole'][name]}"
    return {(WHOLE, ""): measured(whole), **{(team, ""): measured(one[name]) for team, one in answer["teams"].items()}}


def _gpus_csv(id_: str, site: Site, span: Span) -> Values:
    rows = site.csv("/gpus.csv", **span.page)
    return {(WHOLE, ""): measured(sum((Decimal(one[f"{column(id_)}_h"]) for one in rows), Decimal(0)))}


def _figure(id_: str, site: Site, span: Span) -> Values:
    answer = site.json(f"/figures/{id_}.json", **span.page)["by_team"]
    found = {(team_of(one["team"]), ""): written(one["value"]) for one in answer}
    return {key: one for key, one in found.items() if one is not None}


def kpi_groups(site: Site, span: Span, level: str, door: str) -> Any:
    """The groups of a level, as a door of KPIs has them."""
    if door == "page":
        return site.json("/kpis.json", level=level, **span.page)["groups"]
    if door == "REST":
        return site.json("/rest/v1/kpis", level=level, **span.rest)["groups"]
    return site.command("kpis", "--by", level, *span.options)["groups"]


def _kpi(id_: str, door: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for level in ("fleet", "team"):
        for group in kpi_groups(site, span, level, door):
            [value] = [one["value"] for one in group["kpis"] if one["id"] == id_]
            if value is not None:
                found[WHOLE if level == "fleet" else group["group"], ""] = measured(value)
    return found


def _kpi_dataset(id_: str, site: Site, span: Span) -> Values:
    rows = site.dataset("kpis", {"level": "", "owner": "", "endpoint": "", "kpi": "", "value": ""}, span)
    mine = [one for one in rows if one["kpi"] == id_ and one["level"] == "team" and one["value"] is not None]
    return {(one["owner"], ""): measured(one["value"]) for one in mine}


def _hours_dataset(id_: str, site: Site, span: Span) -> Values | None:
    if span.start_ms % HOUR_MS or span.end_ms % HOUR_MS:
        return None  # an hour is the finest that it has
    names = [column(one) for one in FIGURES if one.startswith("gpu_hours")]
    finer = {} if span.whole_days else {"hour": ""}
    rows = site.dataset("gpu_hours", {**finer, "owner": "", **{name: f"sum({name})" for name in names}}, span)
    mine = [one for one in rows if span.whole_days or span.start_ms <= one["hour"] < span.end_ms]
    found = added(((one["owner"], ""), measured(one[column(id_)])) for one in mine)
    return found | over_all(found)


def _report(id_: str, site: Site, span: Span) -> Values:
    written_ = site.json("/rest/v1/reports/written", template="weekly-fleet", **span.rest_days)
    [table] = [
        one for section in written_["sections"] for one in section["tables"] if one["title"].startswith("GPU-hours,")
    ]
    if HEADS[id_] not in table["heads"]:
        return {}
    at = table["heads"].index(HEADS[id_])
    found: Values = {}
    for name, *cells in table["rows"]:
        shown = written(cells[at - 1])
        if shown is not None and not name.endswith(" others"):
            found[{"Total": WHOLE, "Nobody in particular": UNOWNED}.get(name, name), ""] = shown
    return found


def run_hours(rows: Iterable[Any]) -> Values:
    """GPU-hours of runs, by run."""
    return {(f"run {one['cluster']}/{one['job']}", ""): measured(one["gpu_hours"]) for one in rows}


def _holders(site: Site, span: Span) -> Values:
    """What runs held, by the ledger."""
    groups = _fleet(site, span, by="holder")["groups"]
    held = {one["keys"]["holder"].partition("/")[2]: one["held"] for one in groups}
    known = {name for name, _ in run_hours(site.json("/runs.json", **span.page)["runs"])}
    return {(f"run {name}", ""): measured(hours) for name, hours in held.items() if f"run {name}" in known}


def _held(site: Site, span: Span) -> Values:
    return _rest("gpu_hours_held", site, span) | _holders(site, span)


def _runs_page(site: Site, span: Span) -> Values:
    return run_hours(site.json("/runs.json", **span.page)["runs"])


def _runs_rest(site: Site, span: Span) -> Values:
    return run_hours(site.json("/rest/v1/runs", limit="500", **span.rest)["runs"])


def _runs_command(site: Site, span: Span) -> Values:
    return run_hours(site.command("runs", "list", "--limit", "500", *span.options)["runs"])


def _runs_dataset(site: Site, span: Span) -> Values:
    rows = site.dataset("runs", {"cluster": "", "run": "", "gpu_hours": ""}, span)
    return run_hours({**one, "job": one["run"]} for one in rows)


def _runs_by_team(site: Site, span: Span) -> Values:
    """By the team that runs name, of teams that hold GPUs with runs alone."""
    rows = site.json("/runs.json", **span.page)["runs"]
    return added(((one["team"], ""), measured(one["gpu_hours"])) for one in rows if one["team"] in site.runs_alone)


def _hours_places(id_: str) -> list[Place]:
    of: Callable[..., Any] = lambda read, *more: partial(read, id_, *more)  # noqa: E731  # a word for the table below
    share, held_share = FIGURES[id_].unit == "1", id_ == "gpu_held_share"
    found = [
        Place("GET /rest/v1/fleet/hours", _held if id_ == "gpu_hours_held" else of(_rest)),
        Place("trimtab fleet hours", of(_command), part=id_ == "gpu_hours_held"),
        Place("/figures/ID.json", of(_figure), part=id_ == "gpu_hours_held"),
        *(Place(f"KPIs, {door}", of(_kpi, door), part=True) for door in ("page", "REST", "command")),
        Place("dataset kpis", of(_kpi_dataset), part=True),
    ]
    if not held_share:
        found += [
            Place("/teams.json", of(_teams_json), part=id_ == "gpu_hours_held"),
            Place("/teams.csv", of(_teams_csv), part=id_ == "gpu_hours_held"),
            Place("/teams/TEAM.json", of(_team_json), part=True),
            Place("/teams", of(_teams_page), part=id_ == "gpu_hours_held"),
            Place("/overview.json", of(_overview_json), part=True),
        ]
    if not share:
        found += [
            Place("/gpus.json", of(_gpus), part=id_ == "gpu_hours_held"),
            Place("/gpus.csv", of(_gpus_csv), part=True),
            Place("dataset gpu_hours", of(_hours_dataset), part=id_ == "gpu_hours_held"),
            Place("report weekly-fleet", of(_report), days=True, part=True),
        ]
    if id_ in _TILES:
        found.append(Place("overview, tile", of(_overview_tile), part=True))
    if id_ in _TEAM_TILES:
        found.append(Place("/teams/TEAM, tile", of(_team_tiles), part=True))
    if id_ == "gpu_hours_idle":
        found.append(Place("overview, idle $", _idle_note, part=True))
    if id_ == "gpu_hours_held":
        found += [
            Place("/runs.json", _runs_page, part=True),
            Place("GET /rest/v1/runs", _runs_rest, part=True),
            Place("trimtab runs list", _runs_command, part=True),
            Place("dataset runs", _runs_dataset, part=True),
            Place("/runs.json by team", _runs_by_team, part=True),
        ]
    return found


# -- money


def _mark(basis: Basis) -> str:
    return "" if basis is DEFAULT else f" {basis.value}"


def _by_basis(read: Callable[[Basis], Iterable[tuple[str, Any]]], name: str) -> Values:
    """Amounts of groups on every basis: the usual one has no mark."""
    return {
        (group, f"{currency}{_mark(basis)}"): exact(amount)
        for basis in Basis
        for group, facts in read(basis)
        for currency, amount in facts[name].items()
    }


def _money_rest(name: str, site: Site, span: Span) -> Values:
    return _by_basis(lambda basis: _groups(_fleet(site, span, basis)), name)


def _money_command(name: str, site: Site, span: Span) -> Values:
    return _by_basis(lambda basis: _groups(_fleet_command(site, span, basis)), name)


def _money_teams(name: str, site: Site, span: Span) -> Values:
    def read(basis: Basis) -> Iterable[tuple[str, Any]]:
        rows = site.json("/teams.json", **span.page, basis=basis.value)["teams"]
        return ((team_of(one["team"]), one) for one in rows)

    return _by_basis(read, name)


def _money_csv(name: str, site: Site, span: Span) -> Values:
    return {
        (team_of(one["team"]), f"{one['currency']}{_mark(basis)}"): exact(one[name])
        for basis in Basis
        for one in site.csv("/teams.csv", **span.page, basis=basis.value)
        if one[name]
    }


def _money_page(head: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for basis in Basis:
        for team, cell in _cells(head, site, span, basis):
            found |= amounts(cell, team, _mark(basis))
    return found


def _money_figure(id_: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for basis in Basis:
        for one in site.json(f"/figures/{id_}.json", **span.page, basis=basis.value)["by_team"]:
            found |= amounts(one["value"], team_of(one["team"]), _mark(basis))
    return found


def _money_overview(name: str, site: Site, span: Span) -> Values:
    rows = site.json("/overview.json", **span.page)["gpus"]["by_team"]
    return {(team_of(one["team"]), currency): exact(amount) for one in rows for currency, amount in one[name].items()}


def _money_team_tiles(label: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for name in teams(site, span):
        found |= amounts(" ".join(site.tile(f"/teams/{quote(name, safe='')}", label, **span.page)).strip(), name)
    return found


def _idle_tile(site: Site, span: Span) -> Values:
    if not any(one["label"] == "Idle $" for one in site.json("/overview.json", **span.page)["tiles"]):
        return {}  # where no idle hour has a price
    value, unit = site.tile("/", "Idle $", **span.page)
    return amounts(f"{value} {unit}")


def _idle_gpus(site: Site, span: Span) -> Values:
    """The sum over GPUs: each is told in binary fractions, and only where it is in one currency."""
    rows = site.json("/gpus.json", **span.page)["gpus"]
    found = added(
        ((WHOLE, one["currency"]), measured(one["idle_cost"])) for one in rows if one["idle_cost"] is not None
    )
    return {key: Shown(one.value, one.slack + Decimal("1e-9")) for key, one in found.items()}


def _unit_rows(answer: Any) -> Values:
    found = {(one["name"], one["currency"]): exact(one["cost"]) for one in answer["teams"]}
    return found | {(WHOLE, currency): exact(amount) for currency, amount in answer["total"].items()}


def _unit_rest(site: Site, span: Span) -> Values:
    return _unit_rows(site.json("/rest/v1/unit-costs/gpu-hours", **span.rest_days))


def _unit_command(site: Site, span: Span) -> Values:
    return _unit_rows(site.command("costs", "per-gpu-hour", *span.day_options))


def _costs_dataset(site: Site, span: Span, uses: Sequence[str] = ()) -> Values:
    rows = site.dataset("gpu_costs", {"owner": "", "currency": "", "use": "", "cost": "sum(cost)"}, span)
    mine = [one for one in rows if not uses or one["use"] in uses]
    found = added(((one["owner"], one["currency"]), exact(one["cost"])) for one in mine)
    return found | over_all(found)


def _units_dataset(name: str, digits: int | None, site: Site, span: Span) -> Values:
    columns = ("kind", "name", "currency", "cost", "per_gpu_hour", "per_active_hour")
    rows = site.dataset("unit_costs", dict.fromkeys(columns, ""), span)
    return {
        (one["name"], one["currency"]): exact(one[name]) if digits is None else rounded(one[name], digits)
        for one in rows
        if one["kind"] == "team" and one[name] is not None
    }


def _unit_tile(label: str, site: Site, span: Span) -> Values:
    value, unit = site.tile("/unit-costs", label, **span.page)
    return amounts(f"{value} {unit}")


def _idle_report(answer: Any) -> Values:
    """Idle dollars by cause, with those of GPUs that were partly at work, which are told beside them."""
    parts = [*answer["total"].items(), *answer["partly"].items()]
    found = added(((WHOLE, currency), exact(amount)) for currency, amount in parts)
    return {key: Shown(one.value, max(abs(one.value), 1) * RELATIVE) for key, one in found.items()}  # rows cut to 1e-12


def _idle_rest(site: Site, span: Span) -> Values:
    return _idle_report(site.json("/rest/v1/unit-costs/idle", **span.rest_days, limit="1000"))


def _idle_command(site: Site, span: Span) -> Values:
    return _idle_report(site.command("costs", "idle", "--limit", "1000", *span.day_options))


def _idle_dataset(site: Site, span: Span) -> Values:
    found = _costs_dataset(site, span, _IDLE_USES)
    return {key: Shown(one.value, Decimal("1e-9")) for key, one in found.items()}


_AWS_METRICS = {
    Basis.BILLED: "UnblendedCost",
    Basis.AMORTISED: "AmortizedCost",
    Basis.NET_AMORTISED: "NetAmortizedCost",
}


def _cost_explorer(site: Site, span: Span) -> Values:
    """What Cost Explorer says of the machines' lines."""
    found: Values = {}
    if not site.billed:
        return found
    start, end = span.days
    answer = site.aws("ce").get_cost_and_usage_with_resources(
        TimePeriod={"Start": start, "End": end}, Granularity="DAILY", Metrics=list(_AWS_METRICS.values()),
        Filter={"Dimensions": {"Key": "RESOURCE_ID", "Values": [*site.billed]}},
    )  # fmt: skip
    for basis, metric in _AWS_METRICS.items():
        sums = [one["Total"][metric] for one in answer["ResultsByTime"]]
        total = sum((Decimal(one["Amount"]) for one in sums), Decimal(0))
        found[WHOLE, f"USD{_mark(basis)}"] = exact(total)
    return found


def _costs_by_resource(site: Site, span: Span) -> Values:
    if not site.billed:
        return {}
    found: Values = {}
    for basis, metric in {Basis.BILLED: "unblended", Basis.AMORTISED: "amortized", DEFAULT: "net_amortized"}.items():
        answer = site.json("/rest/v1/costs", **span.rest_days, metric=metric, granularity="total", group="resource")
        mine = [one for one in answer["cells"] if one["keys"][0] in site.billed]
        found |= added(((WHOLE, f"{one['currency']}{_mark(basis)}"), exact(one["amount"])) for one in mine)
    return found


def _ratio(per: str, site: Site, span: Span) -> Values:
    """GPU time $ ÷ GPU-hours that have a price in the same currency, which is what a price of an hour is."""
    rows = site.json("/rest/v1/unit-costs/gpu-hours", **span.rest_days)["teams"]
    cost = added(((one["name"], one["currency"]), exact(one["cost"])) for one in rows)
    hours = added(((one["name"], one["currency"]), measured(one[per])) for one in rows)
    whole, whole_hours = over_all(cost), over_all(hours)
    return {
        key: Shown(amount.value / all_[key].value, Decimal("1e-6"))
        for amounts_, all_ in ((cost, hours), (whole, whole_hours))
        for key, amount in amounts_.items()
        if all_[key].value
    }


def _per_rows(name: str, answer: Any) -> Values:
    return {(one["name"], one["currency"]): rounded(one[name], 6) for one in answer["teams"] if one[name] is not None}


def _per_rest(name: str, site: Site, span: Span) -> Values:
    return _per_rows(name, site.json("/rest/v1/unit-costs/gpu-hours", **span.rest_days))


def _per_command(name: str, site: Site, span: Span) -> Values:
    return _per_rows(name, site.command("costs", "per-gpu-hour", *span.day_options))


def _money_places(id_: str, head: str, label: str) -> list[Place]:
    name = _MONEY[id_]
    return [
        Place("GET /rest/v1/fleet/hours", partial(_money_rest, name)),
        Place("trimtab fleet hours", partial(_money_command, name)),
        Place("/teams.json", partial(_money_teams, name)),
        Place("/teams.csv", partial(_money_csv, name)),
        Place("/teams", partial(_money_page, head)),
        Place("/figures/ID.json", partial(_money_figure, id_)),
        Place("/overview.json", partial(_money_overview, name), part=True),
        Place("/teams/TEAM, tile", partial(_money_team_tiles, label), part=True),
        Place("/unit-costs, tile", partial(_unit_tile, label), days=True, part=True),
    ]


PLACES: Places = {
    **{id_: _hours_places(id_) for id_ in FIGURES},
    "gpu_time_cost": [
        *_money_places("gpu_time_cost", "$", "GPU time $"),
        Place("GET /rest/v1/unit-costs/gpu-hours", _unit_rest, days=True, part=True),
        Place("trimtab costs per-gpu-hour", _unit_command, days=True, part=True),
        Place("dataset gpu_costs", _costs_dataset, days=True, part=True),
        Place("dataset unit_costs", partial(_units_dataset, "cost", None), days=True, part=True),
        Place("Cost Explorer", _cost_explorer, days=True, part=True),
        Place("GET /rest/v1/costs by resource", _costs_by_resource, days=True, part=True),
    ],
    "idle_cost": [
        *_money_places("idle_cost", "Idle $", "Idle $"),
        Place("overview, tile", _idle_tile, part=True),
        Place("/gpus.json", _idle_gpus, part=True),
        Place("GET /rest/v1/unit-costs/idle", _idle_rest, days=True, part=True),
        Place("trimtab costs idle", _idle_command, days=True, part=True),
        Place("dataset gpu_costs", _idle_dataset, days=True, part=True),
    ],
    "cost_per_gpu_hour_existing": [
        Place("ratio of its parts", partial(_ratio, "gpu_hours"), days=True),
        Place("/unit-costs, tile", partial(_unit_tile, "$ per GPU-hour existing"), days=True, part=True),
    ],
    "cost_per_gpu_hour_held": [
        Place("ratio of its parts", partial(_ratio, "gpu_hours"), days=True),
        Place("GET /rest/v1/unit-costs/gpu-hours", partial(_per_rest, "per_paid"), days=True, part=True),
        Place("trimtab costs per-gpu-hour", partial(_per_command, "per_paid"), days=True, part=True),
        Place("dataset unit_costs", partial(_units_dataset, "per_gpu_hour", 6), days=True, part=True),
    ],
    "cost_per_gpu_hour_active": [
        Place("ratio of its parts", partial(_ratio, "active_hours"), days=True),
        Place("GET /rest/v1/unit-costs/gpu-hours", partial(_per_rest, "per_used"), days=True, part=True),
        Place("trimtab costs per-gpu-hour", partial(_per_command, "per_used"), days=True, part=True),
        Place("dataset unit_costs", partial(_units_dataset, "per_active_hour", 6), days=True, part=True),
        Place("/unit-costs, tile", partial(_unit_tile, "$ per GPU-hour active"), days=True, part=True),
    ],
}
"""By figure: the first place is what the others must equal."""
