"""Faults of GPUs, with what they did to runs."""

from collections.abc import Sequence
from urllib.parse import urlencode

from trimtab.access.principal import Principal
from trimtab.fleet.health.fault import Severity
from trimtab.fleet.health.impact import ENDING, Impact
from trimtab.fleet.model import MachineKey
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Level
from trimtab.reports.investigations.source import EntrySource, Readers

_LEVELS = {Severity.FATAL: Level.BAD, Severity.DEGRADED: Level.WARN, Severity.APPLICATION: Level.WARN}
_WEIGHTS = {Severity.FATAL: 4.0, Severity.DEGRADED: 2.0, Severity.APPLICATION: 1.5, Severity.NOTICE: 0.5}


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """The faults within the time; None where no machine with GPUs is known."""
    report = await readers.health.report(caller.scope, inquiry.start_ms, inquiry.end_ms)
    if not report.machines:
        return None
    return [_entry(one.impact, inquiry) for one in report.harms]


def _entry(one: Impact, inquiry: Inquiry) -> Entry:
    fault, machine = one.fault, MachineKey.parse(one.fault.machine).name
    device = "" if fault.device is None else f" GPU {fault.device}"
    run = (one.run.name or one.run.key.job) if one.run is not None else one.holder
    did = f"{'ended' if one.effect in ENDING else 'hit'} {run}" if run else ""
    times = f" × {fault.count}" if fault.count > 1 else ""
    return Entry(
        kind=Kind.FAULT,
        at_ms=fault.at_ms,
        title=f"{fault.name}{times} on {machine}{device}" + (f" {did}" if did else ""),
        href=f"/gpu-health?{urlencode({'from': inquiry.start_ms, 'to': inquiry.end_ms})}",
        detail=fault.meaning,
        level=_LEVELS.get(fault.severity, Level.PLAIN),
        weight=_WEIGHTS[fault.severity],
        names=(machine, *(one for one in (run, one.run.key.job if one.run is not None else "") if one)),
    )


SOURCE = EntrySource("GPUs", (Kind.FAULT,), read, "/connect", bound=False)
