"""`/scaling`: what is scaled, what was decided and why, guard rails, and what is broken to see it recover."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.coins import money
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.scaling.engine import scheduling
from trimtab.scaling.engine.activities import Wanted
from trimtab.scaling.engine.deciding import fleet_of
from trimtab.scaling.engine.model import Activity, Mode, ScalableTarget, Signal, Status
from trimtab.scaling.engine.offering import Offer, offer
from trimtab.scaling.engine.readings import HISTORY_S
from trimtab.scaling.engine.viewing import Viewed, Viewing
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.scaling import timeline
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/scaling"
_FORM_BYTES = 8192
_ACTIVITIES = 100
_COLUMNS = ("target", "mode", "ready", "desired", "wanted", "min", "max", "owner", "why")
_GOOD = frozenset({Status.SUCCESSFUL, Status.IN_PROGRESS, Status.PENDING})


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and CSV, and its buttons."""
    viewing = site.state.scaling
    if viewing is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        found = await viewing.listed(view.scope)
        chosen = view.get("target") or (found[0].target.id if found else "")
        opened = await _opened(site, viewing, view, chosen) if chosen else None
        rows = [_row(one, view) for one in found]
        may = view.principal.may(Role.WRITE)
        facts: dict[str, Any] = {"rows": rows, "opened": opened, "chosen": chosen, "may_write": may}
        return site.page(request, view, "scaling", timed=True, **facts)

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        rows = [_row(one, view) for one in await viewing.listed(view.scope)]
        wanted = Wanted(target_id=view.get("target"), limit=_ACTIVITIES)
        done = [_activity(one) for one in await viewing.room.activities.listed(view.scope, wanted)]
        return respond.json(request, {"targets": rows, "activities": done})

    async def as_csv(request: Request) -> Response:
        view = site.view(request)
        rows = [_row(one, view) for one in await viewing.listed(view.scope)]
        return respond.table(request, "scaling", _COLUMNS, [[one[name] for name in _COLUMNS] for one in rows])

    async def act(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        target = form.get("target", "")
        await _act(viewing, view, target, form)
        return RedirectResponse(link(PATH, [("target", target)]), 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}.csv", site.guarded(as_csv)),
        Route(f"{PATH}/act", site.guarded(act, Role.WRITE), methods=["POST"]),
    ]


async def _act(viewing: Viewing, view: View, id_: str, form: Mapping[str, str]) -> None:
    """Do what a button asks for. Raises InvalidInput, Conflict, NotFound."""
    room, scope, by, wish = viewing.room, view.scope, view.principal.name, form.get("do", "")
    if wish == "mode":
        mode = form.get("mode", "")
        if mode not in list(Mode):
            raise InvalidInput(f"got mode {mode[:40]!r}; expected {', '.join(Mode)}")
        target = await room.targets.get(scope, id_)
        if mode == Mode.ACT and form.get("confirm", "").strip() != target.key.resource:
            raise InvalidInput(f"to let the engine act, type {target.key.resource!r}: it will change replicas")
        await room.set_mode(scope, id_, Mode(mode))
    elif wish == "scale":
        await room.scale_to(scope, id_, _whole(form, "desired") or 0, by, "by the page")
    elif wish == "kill":
        zone = form.get("zone", "")
        await room.chaos(scope, id_, by, worker=None if zone else form.get("worker", ""), zone=zone)
    elif wish in ("approve", "refuse"):
        await room.proposals.decide(scope, form.get("proposal", ""), wish == "approve", by)
    elif wish == "guards":
        target = await room.targets.get(scope, id_)
        guards = replace(
            target.guards,
            max_step=_whole(form, "max_step"),
            price_per_hour=_amount(form, "price_per_hour"),
            hourly_cap=_amount(form, "hourly_cap"),
            monthly_cap=_amount(form, "monthly_cap"),
            approval=form.get("approval") == "on",
        )
        await room.targets.change(scope, id_, guards=guards)
    else:
        raise InvalidInput(f"cannot do {wish[:40]!r}")


def _whole(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    if text and not text.isdecimal():
        raise InvalidInput(f"cannot read {name}: got {text[:40]!r}; expected a whole number", field=name)
    return int(text) if text else None


def _amount(form: Mapping[str, str], name: str) -> Decimal | None:
    text = form.get(name, "").strip()
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        raise InvalidInput(f"cannot read {name}: got {text[:40]!r}; expected an amount", field=name) from None


def _row(one: Viewed, view: View) -> dict[str, Any]:
    standing, memory, target = one.standing, one.memory, one.target
    return {
        "id": target.id,
        "target": target.key.label,
        "resource": target.key.resource,
        "mode": target.mode.value,
        "backend": one.backend or "",
        "ready": standing.ready if standing else None,
        "desired": standing.desired if standing else None,
        "wanted": memory.wanted,
        "min": target.least,
        "max": target.most,
        "owner": memory.owner,
        "why": one.problem or memory.why or "not looked at yet: it is within seconds",
        "problem": one.problem,
        "href": view.url(path=PATH, target=target.id),
    }


async def _opened(site: Site, viewing: Viewing, view: View, id_: str) -> dict[str, Any]:
    room, one = viewing.room, await viewing.one(view.scope, id_)
    target, now_ms = one.target, view.now_ms
    done = await room.activities.listed(view.scope, Wanted(target_id=id_, limit=_ACTIVITIES))
    drawing = await timeline.draw(site.state.evaluator, view.scope, target, done, view.window)
    memory, guards = one.memory, target.guards
    told = await _offer(viewing, one, now_ms) if one.standing is not None and one.standing.owner else None
    pool = room.pool_of(target)
    return {
        **_row(one, view),
        "arn": target.arn,
        "drawing": drawing,
        "activities": [_activity(each) for each in done],
        "policies": [
            {"name": each.name, "kind": each.kind.value, "says": memory.reasons.get(each.name, ""),
             "promise": memory.promises.get(each.id)}
            for each in await room.policies.of(target)
        ],
        "schedules": [
            {"name": each.name, "schedule": each.schedule, "zone": each.zone, "least": each.least, "most": each.most,
             "next": _when(scheduling.next_ms(each, now_ms))}
            for each in await room.schedules.of(target)
        ],
        "proposals": [each for each in await room.proposals.listed(target) if each.verdict == "open"],
        "limited": list(memory.limited.values()),
        "guards": guards,
        "spent": money(memory.spent, guards.currency) if guards.price_per_hour else "",
        "month": memory.month,
        "workers": one.workers,
        "zones": dict(one.standing.zones) if one.standing else {},
        "all_zones": list(pool.settings.zones) if pool else [],
        "url": one.url,
        "felt": one.felt,
        "recovery": _recovery(done),
        "offer": told,
        "simulate": _simulate(target),
    }  # fmt: skip


async def _offer(viewing: Viewing, one: Viewed, now_ms: int) -> Offer:
    assert one.standing is not None  # noqa: S101 - asked before
    demand = await viewing.room.readings.demand(one.target, now_ms, HISTORY_S)
    return await asyncio.to_thread(offer, one.standing.manifest, demand.values, fleet_of(one.target))


def _recovery(done: Sequence[Activity]) -> list[float]:
    """Seconds that the newest losses took to be made good."""
    return [float(one.details["recovery_s"]) for one in done if "recovery_s" in one.details][:10]


def _simulate(target: ScalableTarget) -> str:
    """The simulator over the target's own demand."""
    signal: Signal | None = target.service.signal
    if signal is None:
        return ""
    pairs = ",".join(f"{name}={value}" for name, value in signal.dimensions.items())
    metric = f"{signal.namespace}|{signal.name}" + (f"{{{pairs}}}" if pairs else "") + f"@{signal.statistic}"
    price = target.guards.price_per_hour
    given = [("metric", metric), ("launch", f"{target.service.launch_s:g}"), ("least", str(target.least))]
    return link("/simulate", given + ([("price", f"{price:f}")] if price else []))


def _when(ms: int | None) -> str:
    return iso(ms) if ms is not None else "never again"


def _activity(one: Activity) -> dict[str, Any]:
    level = "good" if one.status in _GOOD else "bad" if one.status is Status.FAILED else "warn"
    return {
        "at": iso(one.start_ms // 1000 * 1000),
        "did": one.did.value,
        "description": one.description,
        "cause": one.cause,
        "status": one.status.value,
        "level": level,
        "message": one.message,
        "limited": list(one.details.get("limited", {}).values()),
        "recovery_s": one.details.get("recovery_s"),
        "took_s": one.details.get("took_s"),
    }
