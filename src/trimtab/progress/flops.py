"""Model FLOPs utilisation: what training computed, as a share of what its accelerators could have.

    MFU = k · N · T ÷ (seconds × accelerators × peak)

k is 6 FLOPs a parameter and token (4 where the weights are frozen), N the parameters that a token passes, T the tokens
that were trained, seconds those of training alone, and peak the dense FLOP/s of the data sheet in the precision.
Attention's own products and recomputed activations are not counted (Chowdhery et al. 2022, appendix B).
"""

from msgspec import Struct

from trimtab.inventory.catalog.speeds import speeds_of
from trimtab.progress.model import FULL_TRAINING, Workload

ASSUMED_PRECISION = "bf16"


class Known(Struct, frozen=True):
    """A figure and how it came about; `value` None is not known, and `how` then says why."""

    value: float | None
    how: str


def utilisation(
    *, factor: float, parameters: float, tokens: float, seconds: float, accelerators: float, peak: float
) -> float:
    """The formula. `seconds`, `accelerators` and `peak` are more than 0."""
    return factor * parameters * tokens / (seconds * accelerators * peak)


def mfu(workload: Workload, tokens: float | None, seconds: float) -> Known:
    """MFU over `seconds` of training."""
    missing = [
        name
        for name, known in (
            ("how many parameters it has", workload.parameters),
            ("how many tokens it trained", tokens),
            ("how long it trained", seconds),
            ("how many accelerators it had", workload.accelerators),
            ("which accelerator it had", workload.accelerator),
        )
        if not known
    ]
    if missing or tokens is None:
        return Known(None, f"nothing says {', '.join(missing)}")
    speeds = speeds_of(workload.accelerator)
    if speeds is None:
        return Known(None, f"no peak is known of {workload.accelerator!r}")
    precision = workload.precision or ASSUMED_PRECISION
    factor, peak = workload.flops_factor or FULL_TRAINING, speeds.peak_flops(precision)
    value = utilisation(
        factor=factor,
        parameters=workload.parameters,
        tokens=tokens,
        seconds=seconds,
        accelerators=workload.accelerators,
        peak=peak,
    )
    return Known(
        value,
        f"{factor:g} × {workload.parameters:.4g} parameters × {tokens:.4g} tokens ÷ ({seconds:,.0f} s of training × "
        f"{workload.accelerators:g} {speeds.name} × {peak / 1e12:,g} TFLOP/s, dense {precision.upper()}"
        f"{'' if workload.precision else ' as nothing says which'}, data sheet read {speeds.as_of})",
    )
