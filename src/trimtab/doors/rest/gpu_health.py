"""`GET /rest/v1/fleet/health`: faults of GPUs, the runs that they ended or slowed, what that cost, and what to do."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.client import health_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.fleet.health.actions import Proposal
from trimtab.fleet.health.lemons import Rate
from trimtab.fleet.health.loss import Harm, Hours
from trimtab.fleet.health.room import HealthReader, HealthReport
from trimtab.fleet.health.throttling import Slowdown
from trimtab.fleet.model import DAY_MS
from trimtab.fleet.telemetry.identity import short_host
from trimtab.inventory.runs.model import Run

_MOST_DAYS = 92


class HealthQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which range, and of which machine."""

    start: Instant = "-30d"
    end: Instant = "now"
    machine: Annotated[str, Meta(max_length=256, description="Name of a machine; empty for all.")] = ""


def operations(health: HealthReader) -> list[Operation]:
    """The operation that reads the health of GPUs."""

    async def report(call: Call[HealthQuery, None]) -> wire.FleetHealth:
        span = time_range(call.query.start, call.query.end, health.clock.now_ms())
        start_ms = max(span.start_ms, span.end_ms - _MOST_DAYS * DAY_MS)
        return on_wire(await health.report(call.principal.scope, start_ms, span.end_ms), call.query.machine)

    return [
        Operation(
            "GET",
            "/rest/v1/fleet/health",
            "get fleet health",
            "Faults of GPUs with the runs that they ended or slowed, GPU-hours and money lost, machines by their rate "
            "of faults, and what is to be done with what it would have saved. At most 92 days.",
            report,
            wire.FleetHealth,
            query=HealthQuery,
            errors=(504,),
            tag="fleet",
        )
    ]


def on_wire(found: HealthReport, machine: str = "") -> wire.FleetHealth:
    """A report, of one machine where it is named: sums are of all."""

    def mine(path: str) -> bool:
        return not machine or short_host(path.rpartition("/")[2]) == short_host(machine)

    every = found.rankings.every if found.rankings is not None else None
    ending = found.rankings.ending if found.rankings is not None else None
    return wire.FleetHealth(
        start_ms=found.start_ms,
        end_ms=found.end_ms,
        faults=harms_on_wire(found, mine_of(found, machine)),
        lost=_hours(found.lost),
        at_most=_hours(found.at_most),
        down=_hours(found.down),
        slowed=[slowed_on_wire(one, found.runs) for one in found.slowdowns if any(map(mine, one.machines))],
        fleet_rate=every.fleet_rate if every is not None else None,
        fleet_ending_rate=ending.fleet_rate if ending is not None else None,
        machines=[one for one in rates_on_wire(found) if mine(one.machine)],
        actions=[_action(one) for one in found.proposals if mine(one.machine)],
    )


def mine_of(found: HealthReport, machine: str) -> list[Harm]:
    """The harms of a machine, of all where none is named, the last first."""
    harms = [
        one
        for one in found.harms
        if not machine or short_host(one.impact.fault.machine.rpartition("/")[2]) == short_host(machine)
    ]
    return harms[::-1]


def harms_on_wire(found: HealthReport, harms: list[Harm]) -> list[wire.FaultHarm]:
    """Harms; what was down after a fault stands with the first of its harms."""
    downs = dict(found.downs)
    first: dict[int, Hours | None] = {id(one): downs.pop(one.impact.fault, None) for one in reversed(harms)}
    return [_harm(one, first[id(one)]) for one in harms]


def _harm(harm: Harm, down: Hours | None) -> wire.FaultHarm:
    impact = harm.impact
    fault, run = impact.fault, impact.run
    return wire.FaultHarm(
        machine=fault.machine,
        device=fault.device,
        gpu=fault.gpu,
        fault=fault.name,
        meaning=fault.meaning,
        severity=typed.convert(fault.severity.value, wire.SeverityName),
        since_ms=fault.since_ms,
        at_ms=fault.at_ms,
        sources=list(fault.sources),
        effect=typed.convert(impact.effect.value, wire.EffectName),
        run=impact.holder if run is None else run.key.job,
        run_name=run.name if run is not None else "",
        team=run.team if run is not None else "",
        ended_ms=impact.ended_ms,
        saved_ms=harm.saved_ms,
        lost=_maybe(harm.lost),
        at_most=_maybe(harm.at_most),
        down=_maybe(down),
    )


def slowed_on_wire(one: Slowdown, runs: Mapping[str, Run]) -> wire.SlowedRun:
    """A run whose clocks were held down."""
    run = runs.get(one.holder)
    return wire.SlowedRun(
        run=one.holder if run is None else run.key.job,
        run_name=run.name if run is not None else "",
        reason=one.reason,
        machines=list(one.machines),
        gpus=one.gpus,
        share=one.share,
        throttled_gpu_hours=one.throttled_gpu_hours,
        measured_gpu_hours=one.measured_gpu_hours,
        slowed=one.slowed,
    )


def rates_on_wire(found: HealthReport) -> list[wire.MachineRate]:
    """Machines with an incident, those that ended runs most first."""
    if found.rankings is None:
        return []
    every, ending = found.rankings.every.rates, found.rankings.ending.rates
    names = [name for name in dict.fromkeys((*ending, *every)) if _incidents(every, name) or _incidents(ending, name)]
    return [_rate(name, every.get(name), ending.get(name)) for name in names]


def _incidents(rates: Mapping[str, Rate], name: str) -> int:
    return rates[name].incidents if name in rates else 0


def _rate(name: str, every: Rate | None, ending: Rate | None) -> wire.MachineRate:
    known = every or ending
    return wire.MachineRate(
        machine=name,
        gpu_days=known.gpu_days if known is not None else 0.0,
        incidents=every.incidents if every is not None else 0,
        rate=every.rate if every is not None else None,
        low=every.low if every is not None else None,
        high=every.high if every is not None else None,
        ending_incidents=ending.incidents if ending is not None else 0,
        ending_rate=ending.rate if ending is not None else None,
        ending_low=ending.low if ending is not None else None,
        ending_high=ending.high if ending is not None else None,
        lemon=any(one is not None and one.lemon for one in (every, ending)),
    )


def _action(one: Proposal) -> wire.DueAction:
    return wire.DueAction(
        action=typed.convert(one.kind.value, wire.ActionName),
        machine=one.machine,
        device=one.device,
        since_ms=one.since_ms,
        why=one.why,
        command=one.command,
        fired=len(one.saved.taken_ms),
        spared_runs=len(one.saved.spared),
        spared=_hours(one.saved.lost),
        spared_at_most=_hours(one.saved.at_most),
        out=_hours(one.saved.out),
    )


def health_of_run(found: HealthReport | None) -> wire.RunHealth | None:
    """What a run's report says of the faults of its GPUs; None where nobody looked."""
    if found is None:
        return None
    slowed = [slowed_on_wire(one, found.runs) for one in found.slowdowns]
    return wire.RunHealth(harms_on_wire(found, list(found.harms)), slowed)


def _maybe(hours: Hours | None) -> wire.CostedHours | None:
    return None if hours is None else _hours(hours)


def _hours(hours: Hours) -> wire.CostedHours:
    cost = {currency: f"{amount:f}" for currency, amount in sorted(hours.amounts.items())}
    return wire.CostedHours(hours.gpu_hours, cost, hours.unpriced)
