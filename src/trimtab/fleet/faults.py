"""Faults of GPUs and switches over a range, by machine, device and code, with NVIDIA's words and action for each."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.concepts import FAULTS, Finder, Registry
from trimtab.fleet.telemetry.identity import host_of, index_of, model_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.gpu_faults import catalogue
from trimtab.gpu_faults.catalogue import Takes
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

_SUM = parse_statistic("Sum")
MOST_STEPS = 1_500
_STEPS_S = (60, 300, 3_600)
"""Steps in which faults are counted: the finest that a range has no more than MOST_STEPS of, else an hour."""


class DeviceFault(Struct, frozen=True, kw_only=True):
    """A code that a device told, `count` times from `first_ms` to `last_ms` (to a step). `index` is of the GPU on its
    machine, "" where only its place on the bus is known.
    """

    account: str
    region: str
    machine: str
    device: str
    index: str
    model: str
    kind: str
    code: int
    count: int
    first_ms: int
    last_ms: int
    meaning: str
    action: str
    takes: str


async def read(reader: Reader, registry: Registry, scope: Scope, start_ms: int, end_ms: int) -> list[DeviceFault]:
    """The faults within `[start_ms, end_ms)`, the last first. Raises QueryAborted, Unavailable."""
    found = Finder(registry, scope, start_ms).all(FAULTS)
    spans = (step for step in _STEPS_S if (end_ms - start_ms) <= MOST_STEPS * step * 1000)
    step_s = next(spans, _STEPS_S[-1])
    requests = [StatRequest((one.series.id,), _SUM, step_s) for one in found]
    answers = await reader.statistics(scope, requests, start_ms, end_ms) if requests else []
    faults = []
    for one, answer in zip(found, answers, strict=True):
        times = [int(at) for at, value in zip(answer.times, answer.values, strict=True) if value > 0]
        kind, _, number = one.series.dimensions.get("error.type", "").partition(".")
        if not times or kind not in ("xid", "sxid") or not number.isdecimal():
            continue
        pairs, identity = one.series.dimensions, one.series.identity
        faults.append(
            DeviceFault(
                account=identity.account,
                region=identity.region,
                machine=host_of(one.series),
                device=_device(pairs),
                index=index_of(one.series) if "gpu.number" in pairs else "",
                model=model_of(one.series),
                kind=kind,
                code=int(number),
                count=round(float(answer.values.sum())),
                first_ms=max(times[0], start_ms),
                last_ms=max(times[-1], start_ms),
                **_words(kind, int(number)),
            )
        )
    return sorted(faults, key=lambda one: (-one.last_ms, one.machine, one.device, one.kind, one.code))


def _device(pairs: Mapping[str, str]) -> str:
    return pairs.get("gpu.uuid") or pairs.get("gpu.pci.bus_id") or pairs.get("hw.id", "")


def _words(kind: str, code: int) -> dict[str, str]:
    """Meaning, action and whether it takes the device, by the catalogue; "" and unknown for an unknown code."""
    if kind == "sxid":
        switch = catalogue.sxids().get(code)
        if switch is None:
            return {"meaning": "", "action": "", "takes": str(Takes.UNKNOWN)}
        takes = {"always": Takes.YES, "can be": Takes.DECODE}.get(switch.fatal, Takes.NO)
        return {"meaning": switch.name, "action": switch.recovery, "takes": str(takes)}
    known = catalogue.xids().get(code)
    if known is None:
        return {"meaning": "", "action": "", "takes": str(Takes.UNKNOWN)}
    return {"meaning": known.meaning, "action": catalogue.words(known.action), "takes": str(known.takes)}
