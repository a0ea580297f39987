"""Where the KPIs of services, teams and the fleet are shown; GPU time is among the places of GPUs."""

from functools import partial
from typing import Any
from urllib.parse import quote

from trimtab.fleet.figures import FIGURES
from trimtab.kpis.formulas import FORMULAS
from wire.figures.gpu_places import kpi_groups
from wire.figures.place import Place, Places
from wire.figures.reading import WHOLE, Site, Span, Values, lasting, measured, written

LEVELS = ("fleet", "team", "service")
_TILES = {
    "requests_per_s": "Requests", "tokens_per_s": "Tokens", "latency_p95": "Latency p95",
    "ttft_p95": "First token p95", "success_ratio": "Success",
}  # fmt: skip
_COLUMNS = (
    "requests_per_s", "tokens_per_s", "latency_p50", "latency_p95", "latency_p99", "ttft_p95", "inter_token_p95",
    "success_ratio", "error_budget_left",
)  # fmt: skip
_FEW = 6


def _name(level: str, group: str) -> str:
    return WHOLE if level == "fleet" else group if level == "team" else f"service {group}"


def _values(id_: str, level: str, groups: Any) -> Values:
    found: Values = {}
    for group in groups:
        [value] = [one["value"] for one in group["kpis"] if one["id"] == id_]
        if value is not None:
            found[_name(level, group["group"]), ""] = measured(value)
    return found


def _door(id_: str, door: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for level in LEVELS:
        found |= _values(id_, level, kpi_groups(site, span, level, door))
    return found


def _csv(id_: str, site: Site, span: Span) -> Values:
    return {
        (_name(level, one["group"]), ""): measured(one["value"])
        for level in LEVELS
        for one in site.csv("/kpis.csv", level=level, **span.page)
        if one["kpi"] == id_ and one["value"]
    }


def _dataset(id_: str, site: Site, span: Span) -> Values:
    rows = site.dataset("kpis", {"level": "", "owner": "", "endpoint": "", "kpi": "", "value": ""}, span)
    mine = [one for one in rows if one["kpi"] == id_ and one["value"] is not None]
    return {(_name(one["level"], one["owner"] or one["endpoint"]), ""): measured(one["value"]) for one in mine}


def _endpoints(id_: str, site: Site, span: Span) -> Values:
    return _values(id_, "service", site.json("/endpoints.json", **span.page)["endpoints"])


def _endpoints_csv(id_: str, site: Site, span: Span) -> Values:
    rows = site.csv("/endpoints.csv", **span.page)
    return {(f"service {one['name']}", ""): measured(one[id_]) for one in rows if one[id_]}


def _tiles(id_: str, site: Site, span: Span) -> Values:
    """The tile of each endpoint's page."""
    found: Values = {}
    for one in site.json("/endpoints.json", **span.page)["endpoints"][:_FEW]:
        value, unit = site.tile(f"/endpoints/{quote(one['group'], safe='')}", _TILES[id_], **span.page)
        text = f"{value} {unit}"
        shown = lasting(text) if FORMULAS[id_].unit == "s" else written(text)
        if shown is not None:
            found[f"service {one['group']}", ""] = shown
    return found


def _places(id_: str) -> list[Place]:
    found = [
        Place("GET /rest/v1/kpis", partial(_door, id_, "REST")),
        Place("trimtab kpis", partial(_door, id_, "command")),
        Place("/kpis.json", partial(_door, id_, "page")),
        Place("/kpis.csv", partial(_csv, id_)),
        Place("dataset kpis", partial(_dataset, id_), part=True),
        Place("/endpoints.json", partial(_endpoints, id_), part=True),
    ]
    if id_ in _COLUMNS:
        found.append(Place("/endpoints.csv", partial(_endpoints_csv, id_), part=True))
    if id_ in _TILES:
        found.append(Place("/endpoints/NAME, tile", partial(_tiles, id_), part=True))
    return found


PLACES: Places = {id_: _places(id_) for id_ in FORMULAS if id_ not in FIGURES}
