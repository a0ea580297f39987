"""`/sizing`: from load tests to type × count × target: the Pareto front, a choice, and the endpoint's policy."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.inference.room import InferenceRoom
from trimtab.inference.sizing import TARGET_SHARE, Sizing, Wanted
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.load_tests import curves
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/sizing"
_FORM_BYTES = 2048
_COLUMNS = ("instance_type", "count", "target_per_min", "capacity", "latency_ms", "fleet_per_hour", "per_1k",
            "per_1m_tokens", "setup_s", "joules", "spot", "batch", "on_front", "estimate", "test_id")  # fmt: skip


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and CSV, and the button that makes a row the endpoint's policy."""
    room = site.state.inference
    if room is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        wanted, name = _wanted(view), view.get("name")
        names = await _names(room, view)
        rows = await _sized(room, view, name, wanted) if name else []
        chosen = await room.policies.of(view.scope, name) if name else None
        return site.page(
            request, view, "sizing", timed=False, name=name, names=names, rows=rows, wanted=wanted,
            picked=next((one for one in rows if _key(one) == view.get("pick")), None), key=_key, chosen=chosen,
            drawn=curves.pareto(rows), policies=await room.policies.listed(view.scope), iso=iso,
            may_write=view.principal.may(Role.WRITE), estimated=view.get("estimated") == "yes",
        )  # fmt: skip

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        rows = await _sized(room, view, view.get("name"), _wanted(view))
        return respond.json(request, {"sizings": [_cells(one) for one in rows]})

    async def as_csv(request: Request) -> Response:
        view = site.view(request)
        rows = [_cells(one) for one in await _sized(room, view, view.get("name"), _wanted(view))]
        return respond.table(request, "sizing", _COLUMNS, [[row[name] for name in _COLUMNS] for row in rows])

    async def choose(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        name = form.get("name", "")
        rows = await _sized(
            room, view, name, _wanted_of(form.get("peak", ""), form.get("mean", ""), form.get("share", ""))
        )
        one = next((row for row in rows if _key(row) == form.get("pick")), None)
        if one is None or one.estimate:
            raise InvalidInput(f"cannot choose {form.get('pick')!r} for {name!r}: expected a type that was measured")
        account = view.principal.account or room.account
        await room.adoption.choose(account, name, one.policy, view.principal.name)
        return RedirectResponse(link(PATH, [("name", name), ("peak", form.get("peak", ""))]), 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}.csv", site.guarded(as_csv)),
        Route(f"{PATH}/choose", site.guarded(choose, Role.WRITE), methods=["POST"]),
    ]


async def _sized(room: InferenceRoom, view: View, name: str, wanted: Wanted) -> list[Sizing]:
    if not name:
        raise NotFound("name a load test or an endpoint: /sizing?name=…")
    return await room.advisor.sized(view.scope, name, wanted, estimated=view.get("estimated") == "yes")


async def _names(room: InferenceRoom, view: View) -> list[str]:
    found = await room.advisor.known(view.scope)
    return sorted({one.test.endpoint or one.test.name for one in found})


def _wanted(view: View) -> Wanted:
    return _wanted_of(view.get("peak"), view.get("mean"), view.get("share"))


def _wanted_of(peak: str, mean: str, share: str) -> Wanted:
    values = []
    for name, text, default in (("peak", peak, 0.0), ("mean", mean, 0.0), ("share", share, 100 * TARGET_SHARE)):
        try:
            values.append(float(text) if text else default)
        except ValueError:
            raise InvalidInput(f"cannot size for {name} {text!r}: expected a number", field=name) from None
    return Wanted(values[0], min(values[1], values[0]) if values[0] else 0.0, values[2] / 100)


def _key(one: Sizing) -> str:
    """What a row is called in the URL: its type with its parameters."""
    return one.instance_type + "".join(f" {key}={value}" for key, value in sorted(one.parameters.items()))


def _cells(one: Sizing) -> dict[str, Any]:
    money = {name: getattr(one, name) for name in ("fleet_per_hour", "per_1k", "per_1m_tokens")}
    return {
        **{name: getattr(one, name) for name in _COLUMNS if name not in (*money, "capacity")},
        **{name: None if value is None else f"{value:f}" for name, value in money.items()},
        "instance_type": _key(one),
        "capacity": one.capacity.value,
    }
