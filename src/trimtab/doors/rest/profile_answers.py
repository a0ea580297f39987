"""A run's profile as it travels."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec.structs import asdict

from trimtab.base import typed
from trimtab.client import profiles_wire as wire
from trimtab.kpis.runs.profile import ProfiledGpu, ProfiledKernel, ProfiledStragglers, RunProfile, UseShare


def profile_on_wire(found: RunProfile) -> wire.RunProfile:
    """The profile of a run."""
    judgement = found.judgement
    judged = None
    if judgement is not None:
        said = {**asdict(judgement), "steps": judgement.steps, "amounts": _money(found.slow_amounts)}
        judged = typed.convert(said, wire.RankJudgement, from_attributes=True)
    return wire.RunProfile(
        imported_ms=found.imported_ms,
        files=found.files,
        ranks=found.ranks,
        world_size=found.world_size,
        uses=[_use(one) for one in found.uses],
        gpus=[_gpu(one) for one in found.gpus],
        kernels=[_kernel(one) for one in found.kernels],
        judgement=judged,
        stragglers=[_stragglers(one) for one in found.stragglers],
        advice=list(found.advice),
        notes=list(found.notes),
    )


def _use(one: UseShare) -> wire.UseShare:
    return wire.UseShare(one.use.value, round(one.share, 6), _money(one.amounts))


def _gpu(one: ProfiledGpu) -> wire.ProfiledGpu:
    return wire.ProfiledGpu(
        rank=one.rank,
        device=one.device,
        gpu=one.gpu,
        file=one.file,
        window_s=one.window_s,
        uses=[_use(use) for use in one.uses],
        hidden_share=one.hidden_share,
        steps=one.steps,
        step_s=one.step_s,
        own_step_s=one.own_step_s,
    )


def _kernel(one: ProfiledKernel) -> wire.ProfiledKernel:
    return wire.ProfiledKernel(
        kind=one.kind.value,
        name=one.name,
        count=one.count,
        total_s=one.total_s,
        share=round(one.share, 6),
        amounts=_money(one.amounts),
    )


def _stragglers(one: ProfiledStragglers) -> wire.Stragglers:
    said = {
        **asdict(one.report),
        "file": one.file,
        "amounts": _money(one.amounts),
        "cause_amounts": _money(one.cause_amounts),
        "words": one.words,
    }
    return typed.convert(said, wire.Stragglers, from_attributes=True)


def _money(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: f"{amount:.6f}" for currency, amount in amounts.items()}
