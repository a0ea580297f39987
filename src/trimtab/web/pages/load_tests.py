"""`/load-tests`: recorded load tests, one with its curves, several side by side; and tests of registered endpoints."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.figures.areas import load_tests as figures
from trimtab.inference.advisor import test_of
from trimtab.inference.cost import Price
from trimtab.inference.orders import RUNNING, WAITING, Asked
from trimtab.inference.result import LoadTest
from trimtab.inference.room import InferenceRoom
from trimtab.inference.sizing import Known, capacity_of, nearest, percentile_name
from trimtab.inventory.served.model import ENDPOINT
from trimtab.web import format as words
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.load_tests import curves
from trimtab.web.site import Site
from trimtab.web.sorting import read_page
from trimtab.web.tiles import Tile
from trimtab.web.view import View, link

PATH = "/load-tests"
_MOST_COMPARED = 8  # series colours
_FORM_BYTES = 2048
_COLUMNS = ("id", "started", "name", "endpoint", "machine", "traffic", "capacity", "lower", "upper", "latency_ms",
            "slo_ms", "slo_share", "bottleneck", "per_1k")  # fmt: skip


def routes(site: Site) -> list[BaseRoute]:
    """The list, one test, the comparison, their JSON and CSV, and the form that asks for a test."""
    room = site.state.inference
    if room is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        rows = await _rows(room, view)
        shown = read_page(view, len(rows))
        orders = [one for one in await room.orders.listed(view.scope) if one.status in (WAITING, RUNNING, "failed")][:5]
        return site.page(
            request, view, "load_tests", timed=False, rows=rows[shown.start : shown.end], page=shown,
            endpoints=[one.name for one in await room.served.listed(view.scope, ENDPOINT)], orders=orders,
            names=sorted({row["name"] for row in rows}), iso=iso, may_write=view.principal.may(Role.WRITE),
        )  # fmt: skip

    async def as_json(request: Request) -> Response:
        return respond.json(request, {"load_tests": await _rows(room, site.view(request))})

    async def as_csv(request: Request) -> Response:
        rows = await _rows(room, site.view(request))
        return respond.table(request, "load-tests", _COLUMNS, [[row[name] for name in _COLUMNS] for row in rows])

    async def one(request: Request) -> Response:
        view = site.view(request)
        found = test_of(await room.tests.get(view.scope, request.path_params["id"]))
        return site.page(request, view, "load_test", timed=False, one=found, **_facts(room, found))

    async def one_json(request: Request) -> Response:
        found = await room.tests.get(site.view(request).scope, request.path_params["id"])
        return respond.json(request, {"id": found.id, "test": typed.decode(found.test)})

    async def order(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        asked = Asked(_number(form, "slo_ms", 1e6), _number(form, "share", 99.99) / 100, _number(form, "seconds", 3600))
        place = view.principal.account or room.account, room.region
        await room.orders.order(place, form.get("endpoint", ""), asked, view.principal.name)
        return RedirectResponse(PATH, 303)

    async def stop(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        await room.orders.stop(view.scope, form.get("id", ""))
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}.csv", site.guarded(as_csv)),
        Route(f"{PATH}/order", site.guarded(order, Role.WRITE), methods=["POST"]),
        Route(f"{PATH}/stop", site.guarded(stop, Role.WRITE), methods=["POST"]),
        *_comparison(site, room),
        Route(f"{PATH}/{{id}}.json", site.guarded(one_json)),
        Route(f"{PATH}/{{id}}", site.guarded(one)),
    ]


def _comparison(site: Site, room: InferenceRoom) -> list[BaseRoute]:
    async def found(view: View) -> list[Known]:
        ids = list(dict.fromkeys(view.all("id")))
        if len(ids) > _MOST_COMPARED:
            raise InvalidInput(f"cannot compare {len(ids)} load tests: at most {_MOST_COMPARED}")
        return [test_of(await room.tests.get(view.scope, one)) for one in ids]

    async def compare(request: Request) -> Response:
        view = site.view(request)
        tests = await found(view)
        labels = _labels(tests)
        drawn = curves.compared(dict(zip(labels, [one.test for one in tests], strict=True))) if tests else None
        rows = [_row(room, one) | {"label": label} for one, label in zip(tests, labels, strict=True)]
        return site.page(request, view, "load_tests_compare", timed=False, rows=rows, drawn=drawn, words=words)

    async def as_json(request: Request) -> Response:
        return respond.json(request, {"load_tests": [_row(room, one) for one in await found(site.view(request))]})

    return [
        Route(f"{PATH}/compare", site.guarded(compare)),
        Route(f"{PATH}/compare.json", site.guarded(as_json)),
    ]


async def _rows(room: InferenceRoom, view: View) -> list[dict[str, Any]]:
    name = view.get("name")
    found = await room.advisor.known(view.scope, name)
    return [_row(room, one) for one in found]


def _row(room: InferenceRoom, known: Known) -> dict[str, Any]:
    test = known.test
    capacity, price = capacity_of(test), room.advisor.price(test.instance_type)
    near = nearest(test, capacity.value) if capacity else None
    name = percentile_name(test.slo_share)
    thousand = price.per_thousand(capacity.value) if price and capacity else None
    return {
        "id": known.id,
        "started": iso(test.started_ms),
        "name": test.name,
        "endpoint": test.endpoint,
        "machine": test.instance_type or test.machine,
        "parameters": test.parameters,
        "traffic": test.traffic,
        "capacity": capacity.value if capacity else None,
        "lower": capacity.lower if capacity else None,
        "upper": capacity.upper if capacity else None,
        "latency_ms": near.latency_ms[name].value if near and name in near.latency_ms else None,
        "percentile": name,
        "slo_ms": test.slo_ms,
        "slo_share": test.slo_share,
        "errors": near.errors if near else None,
        "tokens_per_s": near.tokens_per_s if near else 0.0,
        "bottleneck": test.bottleneck,
        "bottleneck_why": test.bottleneck_why,
        "limited": test.overhead.limited,
        "per_1k": f"{thousand:f}" if thousand is not None else None,
        "per_hour": f"{price.per_hour:f}" if price else None,
    }


def _facts(room: InferenceRoom, known: Known) -> dict[str, Any]:
    test = known.test
    row = _row(room, known)
    return {
        "row": row,
        "tiles": _tiles(test, row, room.advisor.price(test.instance_type)),
        "latency": curves.latency(test) if test.levels else None,
        "throughput": curves.throughput(test) if test.levels else None,
        "busy": curves.utilisation(test),
        "growth": curves.growth(test),
        "levels": curves.levels_of(test),
        "streams": any("ttft_p50" in one.latency_ms for one in test.levels),
        "sizing": link("/sizing", [("name", test.endpoint or test.name)]),
        "started": iso(test.started_ms),
    }


def _tiles(test: LoadTest, row: dict[str, Any], price: Price | None) -> list[Tile]:
    capacity = capacity_of(test)
    bounds = "no capacity was sought" if capacity is None else f"95 %: {capacity.lower:,.4g} to " + (
        f"{capacity.upper:,.4g}" if capacity.upper is not None else "not known"
    )  # fmt: skip
    latency, thousand = row["latency_ms"], f"{float(row['per_1k']):.4g}" if row["per_1k"] else "–"
    over = test.overhead
    return [
        Tile(figures.CAPACITY, f"{capacity.value:,.4g}" if capacity else "–", "requests/s" if capacity else "", bounds),
        Tile(figures.LATENCY, f"{latency:,.4g}" if latency is not None else "–", "ms",
             f"objective {test.slo_ms:g} ms", of=row["percentile"]),
        Tile(figures.PER_THOUSAND, thousand, price.currency if price else "",
             f"{row['per_hour']} an hour, {price.basis}" if price else "the machine type has no list price"),
        Tile(figures.GENERATOR, f"{over.cpu_us_per_request:.0f}", "µs a request",
             "its own delay is in the figures" if over.limited else f"{over.core_share:.0%} of a core"),
    ]  # fmt: skip


def _labels(tests: Sequence[Known]) -> list[str]:
    """A name for each that tells them apart."""
    plain = [one.test.instance_type or one.test.machine or one.test.name for one in tests]
    names = [one.test.name for one in tests]
    labels = [
        f"{name} on {machine}" if len(set(names)) > 1 else machine for name, machine in zip(names, plain, strict=True)
    ]
    return [label if labels.count(label) == 1 else f"{label} {number}" for number, label in enumerate(labels, 1)]


def _number(form: dict[str, str], name: str, most: float) -> float:
    try:
        value = float(form.get(name, ""))
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise InvalidInput(f"cannot test with {name} {form.get(name, '')!r}: expected a number above 0, up to {most:g}")
    return value
