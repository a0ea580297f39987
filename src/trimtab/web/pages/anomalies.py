"""`/anomalies`: what was unusual in any series, and when; `/anomalies/<id>`: one, and what changed with it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.anomalies.model import Anomaly
from trimtab.anomalies.naming import called, place_of
from trimtab.anomalies.occasions import Found, Occasion, occasions
from trimtab.anomalies.room import AnomalyRoom
from trimtab.anomalies.sentence import what_else, what_happened
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.charts.expected import strip
from trimtab.metrics.model import Series
from trimtab.web import respond
from trimtab.web.anomaly_view import (
    alarm_link,
    chart_payload,
    expected_words,
    explore_link,
    moments_of,
    rows_of,
    unit_for,
)
from trimtab.web.audit.changes import ChangesPanel, changes_panel
from trimtab.web.logs.unusual import unusual_patterns
from trimtab.web.site import Site
from trimtab.web.view import View

_MOST = 100
_ON_STRIP = 1000
_DAY_MS = 86_400_000
_AROUND_MS = 3_600_000
_COLUMNS = (
    "id",
    "began",
    "ended",
    "open",
    "score",
    "direction",
    "value",
    "low",
    "high",
    "series",
    "metric",
    "of",
    "what",
)
_ORDERS = ("score", "time")


def routes(site: Site) -> list[BaseRoute]:
    """The list and its JSON and CSV, one anomaly and its chart's data, and the buttons that mute."""
    return [*_lists(site), *_ones(site), *_buttons(site)]


def _lists(site: Site) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request, "24h")
        (found, slight), watch, mutes = await asyncio.gather(
            found_in(site, view), site.state.anomalies.progress.last(), site.state.anomalies.mutes.active()
        )
        grouped = _ordered(view, occasions(found))
        drawn = strip(
            moments_of(sorted(grouped, key=lambda one: one.lead[0].rank)[-_ON_STRIP:]),
            view.window.start_ms,
            view.window.end_ms,
            label=f"{len(found)} anomalies over time",
        )
        muted = [(one, site.state.registry.readable(view.scope, one.series)) for one in mutes]
        return site.page(
            request,
            view,
            "anomalies",
            timed=True,
            rows=rows_of(grouped[:_MOST]),
            total=len(found),
            groups=len(grouped),
            slight=slight,
            strip=drawn,
            watch=watch,
            order=_order(view),
            patterns=await unusual_patterns(site, view),
            muted=[(one, series, called(series)) for one, series in muted if series is not None],
            places=_places(found),
            place_of=place_of,
            may_write=view.principal.may(Role.WRITE),
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request, "24h")
        found, _ = await found_in(site, view)
        return respond.json(
            request, {"total": len(found), "anomalies": [_as_dict(*pair) for pair in found[:_ON_STRIP]]}
        )

    async def as_csv(request: Request) -> Response:
        view = site.view(request, "24h")
        found, _ = await found_in(site, view)
        return respond.table(request, "anomalies", _COLUMNS, (list(_as_dict(*pair).values()) for pair in found))

    return [
        Route("/anomalies", site.guarded(page, bound=True)),
        Route("/anomalies.json", site.guarded(as_json, bound=True)),
        Route("/anomalies.csv", site.guarded(as_csv, bound=True)),
    ]


def _ones(site: Site) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        room = site.state.anomalies
        one, series = await _one(site, view, request.path_params["id"])
        together, mutes, changes = await asyncio.gather(
            room.comparison.together(view.scope, one),
            site.state.anomalies.mutes.active(),
            _changes(site, view, one, series),
        )
        changed = [
            (other, called(other.series), explore_link(other.series, together.start_ms, together.end_ms))
            for other in together.changed
        ]
        return site.page(
            request,
            view,
            "anomaly",
            timed=False,
            moment=(one.start_ms, _AROUND_MS),
            one=one,
            series=series,
            name=called(series),
            place=place_of(series),
            what=what_happened(series, one),
            what_else=what_else(together),
            expected=expected_words(one, series),
            unit=unit_for(series),
            changed=changed,
            compared=together.compared,
            explore=explore_link(series, together.start_ms, together.end_ms),
            alarm=alarm_link(series),
            muted=next((mute for mute in mutes if mute.series == one.series), None),
            changes=changes,
            may_write=view.principal.may(Role.WRITE),
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        one, series = await _one(site, view, request.path_params["id"])
        changes = await _changes(site, view, one, series)
        return respond.json(request, chart_payload(one, series, changes.marks() if changes else ()))

    return [
        Route("/anomalies/{id}.json", site.guarded(as_json, bound=True)),
        Route("/anomalies/{id}", site.guarded(page, bound=True)),
    ]


async def _changes(site: Site, view: View, one: Anomaly, series: Series) -> ChangesPanel | None:
    """What changed in the hour before it began."""
    known = series.identity
    words = [known.namespace, *(value for _, value in known.dimensions)]
    chart = one.picture_ms, one.end_ms
    return await changes_panel(site, view, one.start_ms, words, account=known.account, chart=chart)


def _buttons(site: Site) -> list[BaseRoute]:
    async def mute(request: Request) -> Response:
        view = site.view(request)
        series = _series(site, view, request.path_params["series"])
        days = request.path_params["days"]
        until_ms = view.now_ms + days * _DAY_MS if days else 0
        known = series.identity
        room: AnomalyRoom = site.state.anomalies
        await room.mutes.mute(series.id, known.account, known.region, until_ms, view.principal.name)
        return RedirectResponse("/anomalies#muted", 303)

    async def unmute(request: Request) -> Response:
        series = _series(site, site.view(request), request.path_params["series"])
        await site.state.anomalies.mutes.unmute(series.id)
        return RedirectResponse("/anomalies#muted", 303)

    return [
        Route("/anomalies/mute/{series}/{days:int}", site.guarded(mute, Role.WRITE), methods=["POST"]),
        Route("/anomalies/unmute/{series}", site.guarded(unmute, Role.WRITE), methods=["POST"]),
    ]


async def found_in(site: Site, view: View) -> tuple[list[Found], int]:
    """What the URL asks for, in its order, and how many are left out because the value hardly moved."""
    found = await site.state.anomalies.found.in_range(view.scope, view.window.start_ms, view.window.end_ms)
    words, place = view.get("q").lower().split(), view.get("of")
    every = {id_: site.state.registry.readable(view.scope, id_) for id_ in {one.series for one in found}}
    known = {id_: one for id_, one in every.items() if one is not None and _matches(one, words, place)}
    kept = [(one, known[one.series]) for one in found if one.series in known]
    if _order(view) == "time":
        kept.sort(key=lambda pair: (-pair[0].start_ms, -pair[0].score))
    shown = kept if view.get("slight") else [(one, series) for one, series in kept if not one.is_slight]
    return shown, len(kept) - len(shown)


def _matches(series: Series, words: Sequence[str], place: str) -> bool:
    if place and place_of(series).words != place:
        return False
    if not words:
        return True
    known = series.identity
    text = " ".join((known.namespace, known.name, *(f"{key}={value}" for key, value in known.dimensions))).lower()
    return all(word in text for word in words)


def _ordered(view: View, found: list[Occasion]) -> list[Occasion]:
    return sorted(found, key=lambda one: -one.start_ms) if _order(view) == "time" else found


def _places(found: Sequence[Found]) -> list[tuple[str, int]]:
    """Where the anomalies are, the most frequent first."""
    counts: dict[str, int] = {}
    for _, series in found:
        words = place_of(series).words
        counts[words] = counts.get(words, 0) + 1
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:8]


def _order(view: View) -> str:
    order = view.get("order", "score")
    if order not in _ORDERS:
        raise InvalidInput(f"cannot order by {order!r}: expected one of {', '.join(_ORDERS)}", field="order")
    return order


async def _one(site: Site, view: View, id_: str) -> tuple[Anomaly, Series]:
    one = await site.state.anomalies.found.get(view.scope, id_)
    return one, _series(site, view, str(one.series))


def _series(site: Site, view: View, text: str) -> Series:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else 2**64
    series = site.state.registry.readable(view.scope, number) if number < 2**64 else None
    if series is None:
        raise NotFound(f"no series has the id {text}")
    return series


def _as_dict(one: Anomaly, series: Series) -> dict[str, Any]:
    values = (
        one.id, iso(one.start_ms), iso(one.end_ms), one.open, one.score, one.direction.name.lower(), one.value, one.low,
        one.high, str(one.series), series.identity.name, place_of(series).words, what_happened(series, one),
    )  # fmt: skip
    return dict(zip(_COLUMNS, values, strict=True))
