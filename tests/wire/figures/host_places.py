"""Where figures of hosts and of what arrives are shown: all are of now."""

from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

from wire.figures.place import Place, Places
from wire.figures.reading import WHOLE, Shown, Site, Span, Values, exact, lasting, measured, written

_NOW = "the newest report, whatever range is chosen"
_FEW = 6
_LATER_S = 30
"""How much older something may have got between two looks."""
_FIELDS = {
    "host_cpu": ("cpu", "CPU"), "host_memory": ("memory", "Memory"), "host_disk": ("disk", "Fullest disk"),
    "host_received": ("receive", "Received"), "host_sent": ("transmit", "Sent"), "host_up": ("uptime_s", "Up"),
}  # fmt: skip


def _page(site: Site) -> list[Any]:
    found: list[Any] = site.json("/hosts.json")["hosts"]
    return found


def _rest(site: Site) -> list[Any]:
    found: list[Any] = site.json("/rest/v1/hosts")["hosts"]
    return found


def _values(name: str, rows: Iterable[Any]) -> Values:
    return {(f"host {one['name']}", ""): measured(one[name]) for one in rows if one[name] not in (None, "") and up(one)}


def up(host: Any) -> bool:
    """Whether it reports now, in JSON or in CSV."""
    return str(host["up"]) in ("True", "true", "1")


def _of(read: Any, name: str, site: Site, span: Span) -> Values:
    return _values(name, read(site))


def _csv(name: str, site: Site, span: Span) -> Values:
    return _values(name, site.csv("/hosts.csv"))


def _own(name: str, site: Site, span: Span) -> Values:
    names = [one["name"] for one in _page(site) if up(one)][:_FEW]
    return _values(name, [site.json(f"/hosts/{quote(one, safe='')}.json")["host"] for one in names])


def _tiles(label: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for one in [one for one in _page(site) if up(one)][:_FEW]:
        text = " ".join(site.tile(f"/hosts/{quote(one['name'], safe='')}", label))
        shown = lasting(text) if label == "Up" else written(text)
        if shown is not None:
            found[f"host {one['name']}", ""] = shown
    return found


def _up(read: Any, site: Site, span: Span) -> Values:
    rows = read(site)
    return {(WHOLE, ""): exact(sum(up(one) for one in rows)), ("host of", ""): exact(len(rows))}


def _up_page(site: Site, span: Span) -> Values:
    """The head of the table: `3 hosts`, `2 up, 1 stale`."""
    page = site.text("/hosts")
    panel = page[page.index('aria-label="Hosts"') :]
    total = panel.partition("<h2>")[2].partition(" host")[0]
    number = panel.partition('<span class="subtitle">')[2].partition(" up")[0]
    return {(WHOLE, ""): exact(number), ("host of", ""): exact(total)}


def _network(read: Any, site: Site, span: Span) -> Values:
    """Received and sent together, of each host: the tile of a fleet without GPUs is their sum."""
    rows = [one for one in read(site) if up(one) and one["receive"] not in (None, "")]
    return {
        (f"host {one['name']}", ""): measured(Decimal(str(one["receive"])) + Decimal(str(one["transmit"] or 0)))
        for one in rows
    }


def _network_csv(site: Site, span: Span) -> Values:
    return _network(lambda its: its.csv("/hosts.csv"), site, span)


def _sources(site: Site, path: str) -> list[Any]:
    found: list[Any] = site.json(path)["sources"]
    return found


def _arriving(path: str, site: Site, span: Span) -> Values:
    """Rows a second over the last minute: between two looks some of them are no more of it."""
    found = {f"source {one['id']}": Decimal(str(one["rows_per_s"])) for one in _sources(site, path)}
    return {(name, ""): Shown(value, value / 2 + Decimal("0.5")) for name, value in found.items()}


def _age(path: str, site: Site, span: Span) -> Values:
    """When anything last arrived, in seconds since the epoch: an age of now is another a moment later."""
    newest = max(one["last_seen_ms"] for one in _sources(site, path))
    return {(WHOLE, ""): Shown(Decimal(newest) / 1000, Decimal(_LATER_S))}


def _age_tile(site: Site, span: Span) -> Values:
    at_ms = site.json("/overview.json", **span.page)["at_ms"]
    tiles = site.json("/overview.json", **span.page)["tiles"]
    [tile] = [one for one in tiles if one["label"] == "Age of the data"]
    shown = lasting(f"{tile['value']} {tile['unit'].removesuffix(' old')}")
    if shown is None:
        return {}
    return {(WHOLE, ""): Shown(Decimal(at_ms) / 1000 - shown.value, shown.slack + 1)}


PLACES: Places = {
    "hosts_up": [
        Place("GET /rest/v1/hosts", partial(_up, _rest), reason=_NOW),
        Place("/hosts.json", partial(_up, _page)),
        Place("/hosts", _up_page),
    ],
    **{
        id_: [
            Place("GET /rest/v1/hosts", partial(_of, _rest, name), reason=_NOW),
            Place("/hosts.json", partial(_of, _page, name)),
            Place("/hosts.csv", partial(_csv, name)),
            Place("/hosts/NAME.json", partial(_own, name), part=True),
            Place("/hosts/NAME, tile", partial(_tiles, label), part=True),
        ]
        for id_, (name, label) in _FIELDS.items()
    },
    "host_network": [
        Place("GET /rest/v1/hosts", partial(_network, _rest), reason=_NOW),
        Place("/hosts.json", partial(_network, _page)),
        Place("/hosts.csv", _network_csv),
    ],
    "rows_arriving": [
        Place("GET /rest/v1/sources", partial(_arriving, "/rest/v1/sources"), reason=_NOW),
        Place("/sources.json", partial(_arriving, "/sources.json")),
    ],
    "data_age": [
        Place("GET /rest/v1/sources", partial(_age, "/rest/v1/sources"), reason=_NOW),
        Place("/sources.json", partial(_age, "/sources.json")),
        Place("overview, tile", _age_tile),
    ],
}
