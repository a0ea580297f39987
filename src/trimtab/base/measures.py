"""What a unit on a bill or a rate card measures: time of GPUs, time of whole machines, or something else.

Providers write one unit in many ways: `Hrs`, `Hours`, `1 Hour`, `GPU-Hours`, `GPUHours`, `GPU Per Hour`, `node-hours`.
Every room that turns a quantity into hours asks `measure_of`, so that all of them mean the same by it.
"""

import re
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache


class Measure(StrEnum):
    """What a quantity counts."""

    GPU = "gpu"
    """Time of single GPUs: a machine of 8 makes 8 in an hour."""
    NODE = "node"
    """Time of the resource that the line names, as a whole: a machine makes 1 in an hour, however many GPUs it has."""
    OTHER = "other"
    """Neither: storage, traffic, memory, cores, requests, tokens."""


HOURS_A_MONTH = Decimal(730)
"""What AWS, Azure and Google Cloud take for a month in a price: 365 × 24 ÷ 12."""

HOURS = ("h", "hr", "hrs", "hour", "hours")
"""Words for an hour, in lower case. A unit of one of them alone is an hour of the resource that the line names."""

_TIMES: dict[str, Decimal] = {
    **dict.fromkeys(HOURS, Decimal(1)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), Decimal(1) / 60),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), Decimal(1) / 3600),
    **dict.fromkeys(("day", "days"), Decimal(24)),
    **dict.fromkeys(("week", "weeks"), Decimal(168)),
    **dict.fromkeys(("mo", "month", "months"), HOURS_A_MONTH),
    **dict.fromkeys(("year", "years", "yr", "yrs"), 12 * HOURS_A_MONTH),
}
"""Hours of each word for a time."""
_COUNTS = {"one": Decimal(1), "ten": Decimal(10), "hundred": Decimal(100), "k": Decimal(1000)}
_NODES = frozenset(
    {"instance", "instances", "node", "nodes", "vm", "vms", "machine", "machines", "server", "servers", "host", "hosts"}
)
_GPUS = frozenset({"gpu", "gpus", "accelerator", "accelerators"})
_GPU_MODEL = re.compile(r"(gb|gh|[abhlpv])\d{1,3}s?|a10g|l40s|t4g?|rtx\d+|mi\d{3}x?|tpu(v\d\w*)?|gaudi\d?")
"""A unit such as `H100-hours` names the model of the GPU."""
_FILLERS = frozenset({"", "per", "of", "used", "usage", "billed", "on", "demand", "a", "nvidia"})
_PLURAL = re.compile(r"\(s\)", re.IGNORECASE)
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAPS = re.compile(r"[^A-Za-z0-9.]+")
_JOINED = re.compile(
    r"(?P<thing>gpu|instance|node|vm|machine|server|host)s?(?P<time>hours?|hrs?|days?|months?|minutes?)"
)


@lru_cache(maxsize=4096)
def measure_of(unit: str) -> tuple[Measure, Decimal | None]:
    """What one of `unit` measures, and how many hours of it one is (None: the unit is no time).

    `GPU-Hours` → (GPU, 1); `Hrs` and `instance-hours` → (NODE, 1); `100 Hours` → (NODE, 100); `node-months` →
    (NODE, 730); `GPU-minutes` → (GPU, 1/60); `GPU` → (GPU, None); `GB-Mo`, `vCPU-Hours` and "" → (OTHER, None).
    """
    hours, count = None, Decimal(1)
    kinds: set[Measure] = set()
    for word in _words(unit):
        if word in _FILLERS:
            continue
        if word in _TIMES:
            hours = _TIMES[word] if hours is None else hours
        elif (number := _number(word)) is not None:
            count *= number
        elif word in _GPUS or _GPU_MODEL.fullmatch(word):
            kinds.add(Measure.GPU)
        elif word in _NODES:
            kinds.add(Measure.NODE)
        else:
            kinds.add(Measure.OTHER)
    if Measure.OTHER in kinds or not (kinds or hours):
        return Measure.OTHER, None
    kind = Measure.GPU if Measure.GPU in kinds else Measure.NODE
    return kind, None if hours is None else hours * count


def hours_of(unit: str, quantity: Decimal) -> tuple[Measure, Decimal]:
    """A quantity of `unit` in hours: of GPUs, of machines, or (OTHER, 0)."""
    kind, hours = measure_of(unit)
    return (Measure.OTHER, Decimal(0)) if hours is None else (kind, quantity * hours)


def is_time(unit: str) -> bool:
    """Whether a unit of a bill counts time of machines or GPUs."""
    measure, hours = measure_of(unit)
    return measure is not Measure.OTHER and hours is not None


def _words(unit: str) -> list[str]:
    found = []
    for word in _GAPS.split(_HUMPS.sub(" ", _PLURAL.sub("", unit))):
        joined = _JOINED.fullmatch(word.lower())
        found += [joined["thing"], joined["time"]] if joined else [word.lower()]
    return found


def _number(word: str) -> Decimal | None:
    if word in _COUNTS:
        return _COUNTS[word]
    return Decimal(word) if re.fullmatch(r"\d+(\.\d+)?", word) else None
