"""Sizes of containers: what they may ask for. Requests are free numbers: here they are steps of a quarter octave."""

from trimtab.advice.rightsizing.model import Axis, Option
from trimtab.advice.rightsizing.sizes.fargate import GB_HOUR, VCPU_HOUR

_STEPS = tuple(2.0 ** (step / 2.0) for step in range(-10, 7))
_LEAST_CORES, _LEAST_GIB = 0.01, 0.0625


def requests(cores: float, gib: float) -> list[Option]:
    """The options for a container that asks for so much now, its own first; what it does not ask for stays."""
    if cores <= 0 and gib <= 0:
        return []
    own = _option(cores, gib)
    found = {own.name: own}
    for part in _STEPS if cores > 0 else (1.0,):
        for share in _STEPS if gib > 0 else (1.0,):
            more = _option(
                max(_LEAST_CORES, cores * part) if cores else 0.0, max(_LEAST_GIB, gib * share) if gib else 0.0
            )
            found.setdefault(more.name, more)
    return list(found.values())


def _option(cores: float, gib: float) -> Option:
    milli, mib = round(cores * 1000), round(gib * 1024)
    capacity = {}
    if milli:
        capacity[Axis.CPU] = milli / 1000.0
    if mib:
        capacity[Axis.MEMORY] = mib / 1024.0
    worth = milli / 1000.0 * float(VCPU_HOUR) + mib / 1024.0 * float(GB_HOUR)
    note = "what a request costs depends on the nodes; the order of options goes by Fargate's prices"
    name = " ".join((*([f"cpu={milli}m"] if milli else []), *([f"memory={mib}Mi"] if mib else [])))
    facts = {"milli_cores": milli, "mib": mib}
    return Option(name, capacity, None, "USD", note, order=worth, facts=facts)
