"""The engine's objects as `/rest/v1/scaling` answers them, and what it takes as the engine's."""

from decimal import Decimal

from trimtab.client import scaling_engine_wire as wire
from trimtab.scaling.engine import scheduling
from trimtab.scaling.engine.memory import Memory
from trimtab.scaling.engine.model import (
    Activity,
    Freeze,
    Guards,
    Policy,
    Proposal,
    ScheduledChange,
    Service,
    Signal,
    Suspended,
)
from trimtab.scaling.engine.promising import Promised
from trimtab.scaling.engine.viewing import Viewed


def guards_of(one: wire.Guards) -> Guards:
    """Guard rails as they were sent."""
    freezes = tuple(Freeze(each.schedule, each.for_s, each.zone, each.why) for each in one.freezes)
    return Guards(
        one.max_step, _amount(one.price_per_hour), _amount(one.hourly_cap), _amount(one.monthly_cap), one.currency,
        freezes, one.approval, one.approve_above,
    )  # fmt: skip


def service_of(one: wire.Service) -> Service:
    """A service as it was sent."""
    signal = one.signal
    known = None
    if signal is not None:
        named = signal.namespace, signal.name, signal.dimensions, signal.statistic
        known = Signal(*named, signal.per_period, signal.waiting)
    return Service(one.capacity, one.launch_s, one.tick_s, known)


def suspended_of(one: wire.Suspended) -> Suspended:
    """A state of suspension as it was sent."""
    return Suspended(one.scaling_in, one.scaling_out, one.scheduled)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def target(one: Viewed) -> wire.Target:
    """A target."""
    own, key = one.target, one.target.key
    return wire.Target(
        id=own.id,
        arn=own.arn,
        account=key.account,
        region=key.region,
        namespace=key.namespace,
        resource=key.resource,
        dimension=key.dimension,
        least=own.least,
        most=own.most,
        mode=own.mode.value,
        backend=one.backend,
        guards=_guards(own.guards),
        service=_service(own.service),
        suspended=wire.Suspended(
            scaling_in=own.suspended.scaling_in,
            scaling_out=own.suspended.scaling_out,
            scheduled=own.suspended.scheduled,
        ),
        standing=_standing(one),
        decision=_decision(one.memory),
        felt=list(one.felt),
        created_ms=own.created_ms,
        updated_ms=own.updated_ms,
    )


def _guards(one: Guards) -> wire.Guards:
    def text(amount: Decimal | None) -> str | None:
        return None if amount is None else f"{amount:f}"

    return wire.Guards(
        max_step=one.max_step,
        price_per_hour=text(one.price_per_hour),
        hourly_cap=text(one.hourly_cap),
        monthly_cap=text(one.monthly_cap),
        currency=one.currency,
        freezes=[
            wire.Freeze(schedule=each.schedule, for_s=each.for_s, zone=each.zone, why=each.why) for each in one.freezes
        ],
        approval=one.approval,
        approve_above=one.approve_above,
    )


def _service(one: Service) -> wire.Service:
    signal = one.signal
    known = None
    if signal is not None:
        known = wire.Signal(
            namespace=signal.namespace,
            name=signal.name,
            dimensions=dict(signal.dimensions),
            statistic=signal.statistic,
            per_period=signal.per_period,
            waiting=signal.waiting,
        )
    return wire.Service(capacity=one.capacity, launch_s=one.launch_s, tick_s=one.tick_s, signal=known)


def _standing(one: Viewed) -> wire.Standing | None:
    found = one.standing
    if found is None:
        return wire.Standing(ready=0, coming=0, desired=0, problem=one.problem) if one.problem else None
    return wire.Standing(
        ready=found.ready,
        coming=found.coming,
        desired=found.desired,
        owner=found.owner,
        manifest=None if found.manifest is None else dict(found.manifest),
        zones=dict(found.zones),
        workers=[
            wire.Worker(
                name=f"w{each.number}",
                zone=each.zone,
                life=each.life.value,
                serving=each.serving,
                port=each.port,
                launch_s=None if each.ready_s is None else round(each.ready_s - each.started_s, 3),
            )
            for each in one.workers
        ],
        url=one.url,
        problem=one.problem,
    )


def _decision(memory: Memory) -> wire.Decision:
    return wire.Decision(
        wanted=memory.wanted,
        why=memory.why,
        reasons=memory.reasons,
        limited=memory.limited,
        at_ms=memory.looked_ms,
        spent=f"{memory.spent:.4f}",
        problem=memory.problem,
        promises=[_promise(one) for one in memory.promises.values()],
    )


def _promise(one: Promised) -> wire.Promise:
    return wire.Promise(
        policy=one.policy,
        allowed=one.allowed,
        since_ms=one.since_ms,
        violating=one.violating,
        reason=one.reason,
        words=one.words,
    )


def policy(one: Policy) -> wire.Policy:
    """A policy."""
    return wire.Policy(
        name=one.name,
        kind=one.kind.value,
        document=dict(one.document),
        enabled=one.enabled,
        arn=one.arn,
        created_ms=one.created_ms,
        updated_ms=one.updated_ms,
    )


def schedule(one: ScheduledChange, now_ms: int) -> wire.Schedule:
    """A scheduled action."""
    return wire.Schedule(
        name=one.name,
        schedule=one.schedule,
        zone=one.zone,
        start_ms=one.start_ms,
        end_ms=one.end_ms,
        least=one.least,
        most=one.most,
        desired=one.desired,
        next_ms=scheduling.next_ms(one, now_ms),
        arn=one.arn,
    )


def proposal(one: Proposal) -> wire.Proposal:
    """A proposal."""
    return wire.Proposal(
        id=one.id,
        before=one.before,
        after=one.after,
        cause=one.cause,
        at_ms=one.at_ms,
        verdict=one.verdict.value,
        by=one.by,
    )


def activity(one: Activity) -> wire.Activity:
    """An activity."""
    return wire.Activity(
        id=one.id,
        target_id=one.target_id,
        label=one.key.label,
        did=one.did.value,
        description=one.description,
        cause=one.cause,
        status=one.status.value,
        message=one.message,
        start_ms=one.start_ms,
        end_ms=one.end_ms,
        before=one.before,
        after=one.after,
        details=dict(one.details),
    )
