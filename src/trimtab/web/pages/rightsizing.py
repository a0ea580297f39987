"""`/rightsizing`: sizes that are recommended; `/rightsizing/{id}`: one, with use, sizes before and after, and how."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.advice.rightsizing.applying import change
from trimtab.advice.rightsizing.model import Axis, Finding, Kind, Option, Recommendation, Walked
from trimtab.advice.rightsizing.planned import Planned, of_subject, totals
from trimtab.advice.rightsizing.room import Detailed, RightsizingRoom
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.store import Kept, Wanted
from trimtab.advice.rightsizing.use import DAY_MS, DailyUse
from trimtab.base.clock import to_datetime
from trimtab.base.coins import coins, money
from trimtab.base.errors import InvalidInput
from trimtab.base.viewer_zone import current, local
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.sizes import Day, SizeChart, Steps, draw_sizes
from trimtab.web import respond
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/rightsizing"
_MOST = 200
_NAMED = 5
_TITLES = {
    "portfolio": "Recommended way",
    "nothing": "Do nothing",
    "documented": "Compute Optimizer's rule",
    "p95": "95th percentile",
    "vpa": "p90 + 15 % (VPA)",
    "max": "Maximum + 15 %",
}
FINDING_WORDS = {
    Finding.UNDER.value: "Too small",
    Finding.OVER.value: "Too large",
    Finding.OPTIMIZED.value: "Fits",
    Finding.NOT_OPTIMIZED.value: "A cheaper type",
    Finding.UNAVAILABLE.value: "Not known",
    "Idle": "Idle",
}
_REASONS = (("Underprovisioned", "is too small"), ("Overprovisioned", "is too large"))
_AXES = {
    "GPU": "the GPU",
    "GPUMemory": "GPU memory",
    "NetworkBandwidth": "network",
    "EBSIOPS": "volume operations",
    "EBSThroughput": "volume throughput",
}
_STRATEGIES = ("portfolio", "documented", "p95", "vpa", "max")
_SHOWN = (Axis.CPU, Axis.MEMORY, Axis.GPU, Axis.GPU_MEMORY, Axis.NETWORK, Axis.IOPS, Axis.THROUGHPUT)
_SIZES = ((1080, 240), (350, 220))


def routes(site: Site) -> list[BaseRoute]:
    """The list, one recommendation, their JSON, and the button that judges anew."""
    room = site.state.rightsizing
    if room is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        found = sorted(await _found(room, view), key=lambda kept: not _to_do(kept.recommendation))
        counts = await room.store.counts(view.principal.scope)
        worth = await room.worth(view.principal.scope)
        return site.page(
            request,
            view,
            "rightsizing",
            timed=False,
            finding_words=FINDING_WORDS,
            rows=[row_of(one, of_subject(worth, one.recommendation.subject)) for one in found[:_MOST]],
            sums=[(coins(amount, currency), currency) for currency, amount in totals(worth.values()).items()],
            more=len(found) > _MOST,
            total=sum(counts.values()),
            kinds=_kinds(counts),
            findings=_findings(counts, view.get("kind")),
            left_out=_reasons(await room.left_out(view.principal.scope)),
            made=_minute(found[0].at_ms) if found else "",
            may_write=view.principal.may(Role.WRITE),
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        found, worth = await _found(room, view), await room.worth(view.principal.scope)
        rows = [row_of(one, of_subject(worth, one.recommendation.subject)) for one in found[:_MOST]]
        return respond.json(request, {"recommendations": rows})

    async def one(request: Request) -> Response:
        view = site.view(request)
        detailed = await _detailed(room, view, request)
        subject = detailed.kept.recommendation.subject
        return site.page(
            request,
            view,
            "rightsizing_one",
            timed=False,
            strategies=_STRATEGIES,
            titles=_TITLES,
            reason_words=reason_words,
            finding_words=FINDING_WORDS,
            **shown(detailed, of_subject(await room.worth(view.principal.scope), subject)),
        )

    async def one_json(request: Request) -> Response:
        detailed = await _detailed(room, site.view(request), request)
        return respond.json(request, {"recommendation": msgspec.to_builtins(detailed.kept.recommendation)})

    async def recompute(request: Request) -> Response:
        await room.recompute(room.clock.now_ms())
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(f"{PATH}.json", site.guarded(as_json, bound=True)),
        Route(f"{PATH}/recompute", site.guarded(recompute, Role.WRITE), methods=["POST"]),
        Route(f"{PATH}/{{id:str}}.json", site.guarded(one_json, bound=True)),
        Route(f"{PATH}/{{id:str}}", site.guarded(one, bound=True)),
    ]


def _reasons(left_out: Sequence[tuple[str, str, str]]) -> list[tuple[int, str, str]]:
    """How many are left out for each reason, the most first, and the first of them by name."""
    by_reason: dict[str, list[str]] = {}
    for path, _, reason in left_out:
        by_reason.setdefault(reason, []).append(path.split("/", 4)[-1])
    rows = [(len(names), reason, ", ".join(names[:_NAMED])) for reason, names in by_reason.items()]
    return sorted(rows, key=lambda one: (-one[0], one[1]))


def reason_words(code: str) -> str:
    """A reason code of Compute Optimizer in words: `CPUUnderprovisioned` is "CPU is too small"."""
    for word, says in _REASONS:
        if code.endswith(word):
            axis = code.removesuffix(word)
            return f"{_AXES.get(axis, axis)} {says}"
    return code


def _minute(at_ms: int) -> str:
    return f"{local(at_ms):%Y-%m-%d %H:%M} {current()}"


def _to_do(told: Recommendation) -> bool:
    return bool(told.advised) or told.idle


async def _found(room: RightsizingRoom, view: View) -> list[Kept]:
    kind, finding = view.get("kind"), view.get("finding")
    if kind and kind not in set(Kind):
        raise InvalidInput(f"nothing of the kind {kind!r} is sized", field="kind")
    if finding and finding not in {*Finding, "Idle"}:
        raise InvalidInput(f"no finding is called {finding!r}", field="finding")
    idle = True if finding == "Idle" else None
    wanted = Wanted(kind, "" if idle else finding, view.get("owner"), text=view.get("text"), idle=idle)
    found = await room.store.listed(view.principal.scope, wanted, None if not finding else _MOST + 1)
    if not finding:
        found = [one for one in found if one.recommendation.finding is not Finding.OPTIMIZED or one.recommendation.idle]
    return found


async def _detailed(room: RightsizingRoom, view: View, request: Request) -> Detailed:
    strategy = view.get("strategy")
    if strategy and strategy not in _STRATEGIES:
        raise InvalidInput(f"no strategy is called {strategy!r}", field="strategy")
    sizing = Sizing(strategy=strategy) if strategy else None
    return await room.detailed(view.principal.scope, request.path_params["id"], sizing)


def row_of(kept: Kept, planned: Planned | None) -> dict[str, Any]:
    """A line of the list: what it saves at list prices, and what it adds in the plan."""
    told = kept.recommendation
    subject, first = told.subject, told.advised[0] if told.advised else None
    priced = next((one for one in told.advised if one.saving is not None), first)
    saving = told.idle_saving if told.idle else priced.saving if priced is not None else None
    return {
        "id": kept.id,
        "href": link(f"{PATH}/{kept.id}", []),
        "name": subject.name or subject.id,
        "resource_id": subject.id,
        "kind": subject.kind.value,
        "owner": subject.owner,
        "region": subject.region,
        "now": told.current.name if told.current is not None else subject.type,
        "count": f"{subject.count:g}",
        "advised": first.option.name if first is not None else "nothing" if told.idle else "",
        "finding": "Idle" if told.idle else told.finding.value,
        "reasons": list(told.reasons),
        "reason": told.idle_reason if told.idle else told.reason,
        "saving": "" if saving is None else f"{saving:,.2f}",
        "planned": "" if planned is None or planned.cash is None else coins(planned.cash, planned.currency),
        "planned_currency": planned.currency if planned is not None else "",
        "planned_note": planned.note if planned is not None else "",
        "currency": priced.option.currency if priced is not None else _currency(told),
        "saving_with": "" if told.idle or saving is None or priced is None or priced is first else priced.option.name,
        "risk": first.risk if first is not None else None,
        "over": told.replays[0].over if told.replays else None,
        "over_now": _nothing(told).over if _nothing(told) is not None else None,
    }


def _currency(told: Recommendation) -> str:
    return told.current.currency if told.current is not None else ""


def _nothing(told: Recommendation) -> Any:
    return next((one for one in told.replays if one.strategy == "nothing"), None)


def _kinds(counts: dict[tuple[str, str], int]) -> list[tuple[str, int]]:
    return [(kind.value, sum(n for (of, _), n in counts.items() if of == kind)) for kind in Kind]


def _findings(counts: dict[tuple[str, str], int], kind: str) -> list[tuple[str, int]]:
    found = {one.value: 0 for one in Finding}
    for (of, finding), number in counts.items():
        if kind in ("", of):
            found[finding] = found.get(finding, 0) + number
    return list(found.items())


def shown(detailed: Detailed, planned: Planned | None) -> dict[str, Any]:
    """What the page of one shows."""
    told = detailed.kept.recommendation
    applied = change(told)
    options = {one.name: one for one in detailed.options}
    return {
        "one": row_of(detailed.kept, planned),
        "told": told,
        "replays": [_replay(one, _currency(told)) for one in told.replays],
        "options": [
            {
                "name": one.option.name,
                "rank": one.rank,
                "saving": "not known" if one.saving is None else money(one.saving, one.option.currency),
                "risk": one.risk,
                "effort": one.option.effort.value,
                "use": ", ".join(
                    f"{_word(axis)} {share:.0%}" for axis, share in one.projected.items() if axis in _SHOWN
                ),
                "over": one.over,
                "note": one.option.note,
            }
            for one in told.advised
        ],
        "pictures": [_picture(axis, use, told, options) for axis, use in detailed.uses.items() if axis in _SHOWN],
        "command": applied.command.replace(" && ", " &&\n"),
        "diff": applied.diff,
        "restart": applied.restart,
        "made": _minute(detailed.kept.at_ms),
    }


def _replay(one: Walked, currency: str) -> dict[str, Any]:
    return {
        "title": _TITLES.get(one.strategy, one.strategy),
        "cost": "not known" if one.cost is None else money(one.cost, currency),
        "over": one.over,
        "headroom": one.headroom,
        "changes": one.changes,
    }


def _picture(axis: Axis, use: DailyUse, told: Recommendation, options: dict[str, Option]) -> dict[str, Any]:
    """Use along an axis with the sizes of each replay."""
    rows = use.quantiles[0]
    days = []
    for day in range(use.days):
        at = to_datetime(use.start_ms + day * DAY_MS)
        low, middle, high, most = (_number(rows[day, level]) for level in (1, 2, 8, 10))
        days.append(Day(f"{at:%b} {at.day}", low, middle, high, most))
    colors = {"nothing": PAGE_INK.muted, "documented": PAGE_INK.slot(2)}
    steps = []
    for one in told.replays:
        now = told.current.capacity.get(axis) if told.current is not None else None
        sizes = [_share(options.get(name), axis, now) for name in one.sizes[: use.days]]
        color = colors.get(one.strategy, "var(--accent)")
        steps.append(Steps(_TITLES.get(one.strategy, one.strategy), sizes, color, one.strategy == "documented"))
    label = f"{_word(axis)} by day, with the sizes of {', '.join(step.name for step in steps)}"
    wide, narrow = (draw_sizes(SizeChart(days, steps, label, *size)) for size in _SIZES)
    legend = [(step.name, step.color) for step in steps]
    return {"axis": _word(axis), "wide": wide, "narrow": narrow, "legend": legend}


def _share(option: Option | None, axis: Axis, now: float | None) -> float | None:
    if option is None or not now or axis not in option.capacity:
        return None
    return option.capacity[axis] / now


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _word(axis: Axis) -> str:
    return {
        Axis.MEMORY: "memory",
        Axis.GPU_MEMORY: "GPU memory",
        Axis.NETWORK: "network",
        Axis.IOPS: "I/O a second",
        Axis.THROUGHPUT: "throughput",
    }.get(axis, axis.value)
