"""`/rest/v1/anomaly-detectors`: detectors that were put for one metric, whose bands charts and alarms use."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trimtab.access.principal import Role
from trimtab.anomalies.progress import ProgressStore
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.tags import make_tags
from trimtab.client import anomalies_wire as wire
from trimtab.detectors.model import Detector, Settings, Target
from trimtab.detectors.room import DetectorRoom
from trimtab.doors.rest.anomalies import watch_on_wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.metrics.statistics import parse_statistic

_PATH, _TAG = "/rest/v1/anomaly-detectors", "anomalies"
_ID: Mapping[str, str] = {"id": "The id of the detector, as listed."}


def operations(room: DetectorRoom, progress: ProgressStore, account: str, region: str) -> list[Operation]:
    """The operations on detectors; those put here belong to the caller's account (`account` without) and `region`."""

    async def listed(call: Call[Any, None]) -> wire.DetectorList:
        found = [one for one in await room.store.all() if one.seen_by(call.principal.scope)]
        return wire.DetectorList([detector_on_wire(one) for one in found], watch_on_wire(await progress.last()))

    async def put(call: Call[Any, wire.PutDetector]) -> wire.Detector:
        target, settings = read_detector(call.body)
        made = await room.store.put(call.principal.account or account, region, target, settings)
        room.book.forget()
        return detector_on_wire(made)

    async def remove(call: Call[Any, None]) -> wire.DetectorList:
        id_ = call.path["id"]
        known = [one for one in await room.store.all() if one.id == id_]
        found = next((one for one in known if one.seen_by(call.principal.scope)), None)
        if found is None:
            raise NotFound(f"cannot delete anomaly detector {id_}: there is none; `trimtab detectors list` shows them")
        await room.store.delete(found.account, found.region, found.id)
        room.book.forget()
        return await listed(call)

    return [
        Operation(
            "GET",
            _PATH,
            "list anomaly detectors",
            "Detectors that were put, and how far the always-on one is.",
            listed,
            wire.DetectorList,
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "PUT",
            _PATH,
            "put anomaly detector",
            "Add a detector of one statistic of a metric, or change how an existing one learns.",
            put,
            wire.Detector,
            body=wire.PutDetector,
            role=Role.WRITE,
            tag=_TAG,
        ),
        Operation(
            "DELETE",
            f"{_PATH}/{{id}}",
            "delete anomaly detector",
            "Forget a detector; those that are left.",
            remove,
            wire.DetectorList,
            errors=(404,),
            path_parameters=_ID,
            role=Role.WRITE,
            tag=_TAG,
        ),
    ]


def read_detector(wanted: wire.PutDetector) -> tuple[Target, Settings]:
    """What a request asks for. Raises InvalidInput."""
    statistic = parse_statistic(wanted.statistic, "statistic")
    if wanted.zone:
        try:
            ZoneInfo(wanted.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
            raise InvalidInput(
                f"cannot use time zone {wanted.zone!r}: there is none; expected a name such as Europe/Berlin",
                field="zone",
            ) from problem
    target = Target(wanted.namespace, wanted.name, make_tags(wanted.dimensions), statistic.text)
    return target, Settings(zone=wanted.zone, spikes=wanted.spikes or None)


def detector_on_wire(one: Detector) -> wire.Detector:
    """A detector as it is shown."""
    expressions = [str(query["Expression"]) for query in one.target.queries if "Expression" in query]
    return wire.Detector(
        id=one.id,
        account=one.account,
        region=one.region,
        namespace=one.target.namespace,
        name=one.target.name,
        dimensions=dict(one.target.dimensions),
        statistic=one.target.stat,
        expression="; ".join(expressions),
        zone=one.settings.zone,
        spikes=bool(one.settings.spikes),
        state=one.state.value,
        trained_ms=one.trained_ms or None,
        created_ms=one.created_ms,
    )
