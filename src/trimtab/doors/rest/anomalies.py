"""`/rest/v1/anomalies`, `/rest/v1/anomaly-mutes`: what the always-on detector found, and what nobody wants to see."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta, Struct, field

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.anomalies import model
from trimtab.anomalies.mutes import Mute
from trimtab.anomalies.naming import place_of
from trimtab.anomalies.occasions import occasions
from trimtab.anomalies.progress import Progress
from trimtab.anomalies.room import AnomalyRoom
from trimtab.anomalies.sentence import what_else, what_happened
from trimtab.anomalies.subjects import statistic_name
from trimtab.anomalies.together import Changed
from trimtab.base.errors import NotFound
from trimtab.client import anomalies_wire as wire
from trimtab.doors.rest.metrics import NameFilter, NamespaceFilter
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Dimension, Instant, dimension_filters, time_range
from trimtab.metrics.model import Series

_PATH, _MUTES, _TAG = "/rest/v1/anomalies", "/rest/v1/anomaly-mutes", "anomalies"
_ID: Mapping[str, str] = {"id": "The id of the anomaly, as listed."}
_SERIES: Mapping[str, str] = {"series": "The id of the series, as listed."}
_DIRECTIONS: dict[model.Direction, wire.DirectionName] = {
    model.Direction.ABOVE: "above",
    model.Direction.BELOW: "below",
    model.Direction.SHAPE: "shape",
}
_HOUR_MS = 3_600_000
_IDS = 2**64


class AnomaliesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which anomalies; all that are given must hold."""

    start: Instant = "-24h"
    end: Instant = "now"
    namespace: NamespaceFilter | None = None
    name: NameFilter | None = None
    dimension: Annotated[list[Dimension], Meta(max_length=10, description="name=value; may be repeated.")] = field(
        default_factory=list
    )
    series: Annotated[list[wire.SeriesText], Meta(max_length=100, description="Series ids; may be repeated.")] = field(
        default_factory=list
    )
    muted: Annotated[bool, Meta(description="Those of muted series too.")] = False
    slight: Annotated[bool, Meta(description="Those in which the value moved by less than 2 %, too.")] = False
    order: Annotated[Literal["score", "time"], Meta(description="The most unusual or the newest first.")] = "score"
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100


def operations(room: AnomalyRoom) -> list[Operation]:
    """The operations on anomalies and on mutes."""
    return [*_anomalies(room), *_mutes(room)]


def _anomalies(room: AnomalyRoom) -> list[Operation]:
    async def listed(call: Call[AnomaliesQuery, None]) -> wire.AnomalyList:
        asked, scope = call.query, call.principal.scope
        range_ = time_range(asked.start, asked.end, room.clock.now_ms())
        named = [int(text) for text in asked.series] or None
        found, mutes, watch = await asyncio.gather(
            room.found.in_range(scope, range_.start_ms, range_.end_ms, series=named, muted=asked.muted),
            room.mutes.active(),
            room.progress.last(),
        )
        known = [(one, room.registry.readable(scope, one.series)) for one in found]
        kept = [(one, series) for one, series in known if series is not None and _matches(series, asked)]
        matching = len(kept)
        if not asked.slight:
            kept = [(one, series) for one, series in kept if not one.is_slight]
        if asked.order == "time":
            kept.sort(key=lambda pair: (-pair[0].start_ms, pair[0].series))
        muted = {one.series for one in mutes}
        leads = {one.id: group.lead[0].id for group in occasions(kept) for one, _ in group.members}
        shown = [anomaly_on_wire(one, series, muted, leads[one.id]) for one, series in kept[: asked.limit]]
        return wire.AnomalyList(shown, len(kept), matching - len(kept), watch_on_wire(watch))

    async def get(call: Call[Any, None]) -> wire.AnomalyDetail:
        scope = call.principal.scope
        one = await room.found.get(scope, call.path["id"])
        series = _series(room, scope, one.series)
        together, mutes = await asyncio.gather(room.comparison.together(scope, one), room.mutes.active())
        return wire.AnomalyDetail(
            anomaly_on_wire(one, series, {mute.series for mute in mutes}, one.id),
            one.picture_ms,
            model.SLOT_MS,
            _numbers(one.points),
            _numbers(one.lows),
            _numbers(one.highs),
            [_changed(other) for other in together.changed],
            together.compared,
            what_else(together),
        )

    return [
        Operation(
            "GET",
            _PATH,
            "list anomalies",
            "What was unusual in a range, in all series, without any set-up.",
            listed,
            wire.AnomalyList,
            query=AnomaliesQuery,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_PATH}/{{id}}",
            "get anomaly",
            "One anomaly: its picture, what was expected, and which series changed together with it.",
            get,
            wire.AnomalyDetail,
            errors=(404, 504),
            path_parameters=_ID,
            tag=_TAG,
            bound=True,
        ),
    ]


def _mutes(room: AnomalyRoom) -> list[Operation]:
    async def listed(call: Call[Any, None]) -> wire.MuteList:
        scope = call.principal.scope
        known = [(one, room.registry.readable(scope, one.series)) for one in await room.mutes.active()]
        return wire.MuteList([mute_on_wire(one, series) for one, series in known if series is not None])

    async def mute(call: Call[Any, wire.MuteSeries]) -> wire.Mute:
        series = _series(room, call.principal.scope, int(call.body.series))
        hours = call.body.hours
        until_ms = 0 if hours is None else room.clock.now_ms() + round(hours * _HOUR_MS)
        known = series.identity
        made = await room.mutes.mute(series.id, known.account, known.region, until_ms, call.principal.name)
        return mute_on_wire(made, series)

    async def unmute(call: Call[Any, None]) -> wire.MuteList:
        text = call.path["series"]
        number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else _IDS
        series = _series(room, call.principal.scope, number)
        await room.mutes.unmute(series.id)
        return await listed(call)

    return [
        Operation("GET", _MUTES, "list muted series", "The mutes that hold now.", listed, wire.MuteList, tag=_TAG),
        Operation(
            "POST",
            _MUTES,
            "mute series",
            "Do not show the anomalies of a series; it is still watched.",
            mute,
            wire.Mute,
            body=wire.MuteSeries,
            status=201,
            errors=(404,),
            role=Role.WRITE,
            tag=_TAG,
        ),
        Operation(
            "DELETE",
            f"{_MUTES}/{{series}}",
            "unmute series",
            "Show the anomalies of a series again; the mutes that are left.",
            unmute,
            wire.MuteList,
            errors=(404,),
            path_parameters=_SERIES,
            role=Role.WRITE,
            tag=_TAG,
        ),
    ]


def anomaly_on_wire(one: model.Anomaly, series: Series, muted: set[int], occasion: str) -> wire.Anomaly:
    """An anomaly of `series` as it is shown; `occasion` is the id of the one that leads it."""
    known = series.identity
    return wire.Anomaly(
        id=one.id,
        series=str(one.series),
        account=known.account,
        region=known.region,
        namespace=known.namespace,
        name=known.name,
        dimensions=series.dimensions,
        unit=known.unit,
        statistic=statistic_name(series),
        place=place_of(series).words,
        start_ms=one.start_ms,
        end_ms=one.end_ms,
        open=one.open,
        score=round(one.score, 3),
        direction=_DIRECTIONS[one.direction],
        peak_ms=one.peak_ms,
        value=one.value,
        low=_number(one.low),
        high=_number(one.high),
        muted=one.series in muted,
        occasion=occasion,
        what=what_happened(series, one),
    )


def mute_on_wire(one: Mute, series: Series) -> wire.Mute:
    """A mute of `series` as it is shown."""
    until_ms = one.until_ms or None
    place = place_of(series).words
    return wire.Mute(str(one.series), series.identity.name, place, until_ms, one.muted_by, one.created_ms)


def watch_on_wire(progress: Progress | None) -> wire.Watch | None:
    """How far the always-on detector is, as it is shown."""
    if progress is None:
        return None
    return wire.Watch(progress.watched, progress.learning, progress.beyond, progress.until_ms, progress.at_ms)


def _changed(one: Changed) -> wire.Changed:
    known = one.series.identity
    return wire.Changed(
        series=str(one.series.id),
        namespace=known.namespace,
        name=known.name,
        dimensions=one.series.dimensions,
        place=one.place.words,
        score=round(one.score, 3),
        likeness=round(one.likeness, 3),
        lag_ms=one.lag_ms,
        anomaly=one.anomaly,
        points=_numbers(one.points.tolist()),
    )


def _series(room: AnomalyRoom, scope: Scope, id_: int) -> Series:
    series = room.registry.readable(scope, id_) if id_ < _IDS else None
    if series is None:
        raise NotFound(f"cannot find series {id_}: there is none; `trimtab metrics list` shows the known ones")
    return series


def _matches(series: Series, asked: AnomaliesQuery) -> bool:
    known = series.identity
    return (
        asked.namespace in (None, known.namespace)
        and asked.name in (None, known.name)
        and set(dimension_filters(asked.dimension)) <= set(known.dimensions)
    )


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [_number(value) for value in values]
