"""Hour by hour whether machines were used that no inventory of a cloud knows, by the fleet's ledger."""

import numpy as np

from trimtab.access.scope import Scope
from trimtab.advice.facts import DAY_MS, MachineUse
from trimtab.advice.gather.machines import KnownFleet
from trimtab.advice.quiet import HOUR_MS
from trimtab.fleet.frame import Frame
from trimtab.fleet.model import Floats, MachineKey, State
from trimtab.fleet.reading import HoursReader

DAYS = 28
"""Days that are looked at: three weeks to learn the rhythm of a week on, and one to prove it."""
_KNOWN = 0.5
"""The share of a machine's time in an hour of which somebody must tell for the hour to count."""
_INSTANCE = "instance"
"""The kind of machines that a cloud's inventory knows: their own checks look at them."""


async def machine_uses(hours: HoursReader, scope: Scope, now_ms: int, fleet: KnownFleet) -> list[MachineUse]:
    """The machines that only a scheduler, Kubernetes or telemetry knows. Raises QueryAborted, Unavailable."""
    end = now_ms // HOUR_MS * HOUR_MS
    mine = {path: one for path, one in fleet.machines.known.items() if one.resource.split("/", 4)[-2:-1] != [_INSTANCE]}
    if not mine:
        return []
    frame = await hours.frame(scope, end - DAYS * DAY_MS, end, HOUR_MS)
    used = _used(frame)
    found = []
    for at, path in enumerate(frame.machines):
        if path not in mine or path not in fleet.facts:
            continue
        provider, account, region, _, name = mine[path].resource.split("/", 4)
        key, facts = MachineKey.parse(path), fleet.facts[path]
        places = np.flatnonzero(~np.isnan(used[at]))
        found.append(
            MachineUse(
                machine=path,
                name=key.name or name,
                provider=provider,
                account=account,
                region=region,
                scheduler=fleet.schedulers.get((key.account, key.cluster), ""),
                type=facts.instance_type or facts.gpu_type,
                gpus=facts.devices,
                used={frame.start_ms + int(hour) * HOUR_MS: bool(used[at, hour]) for hour in places},
            )
        )
    return found


def _used(frame: Frame) -> Floats:
    """By machine and hour 1 where somebody held any of it, else 0; NaN of hours of which nobody tells."""
    shape = len(frame.machines), (frame.end_ms - frame.start_ms) // HOUR_MS
    place = frame.machine * shape[1] + (frame.bucket - frame.start_ms) // HOUR_MS

    def sums(amounts: Floats) -> Floats:
        return np.asarray(np.bincount(place, amounts, shape[0] * shape[1]).reshape(shape), dtype=np.float64)

    amount = frame.amount.astype(np.float64)
    held = sums(np.where(frame.state == State.HELD, amount, 0.0))
    told = held + sums(np.where(frame.state == State.FREE, amount, 0.0))
    existing, known = sums(amount), sums(frame.known.astype(np.float64))
    is_known = (held > 0) | ((existing > 0) & (np.maximum(told, known) >= _KNOWN * existing))
    return np.where(is_known, np.where(held > 0, 1.0, 0.0), np.nan)
