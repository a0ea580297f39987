"""Resources that do nothing: what Compute Optimizer and Trusted Advisor document, told from the same use. Pure."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.rightsizing.model import Axis, Kind, Option, Recommendation
from trimtab.advice.rightsizing.use import DailyUse
from trimtab.advice.rightsizing.walk import Flags
from trimtab.base.records import replace

DAYS = {Kind.VOLUME: 32}
"""Days without use by kind; DEFAULT_DAYS for the others."""
DEFAULT_DAYS = 14
CPU = 0.05
"""Peak use below which a processor counts as idle."""
QUIET_BYTES_S = 5e6 / 86_400
"""Network in bytes a second that is as good as none: 5 MB a day."""
_TOLD_BY = {
    Kind.ENDPOINT: (Axis.ACTIVITY, 1e-300),
    Kind.DATABASE: (Axis.ACTIVITY, 1e-300),
    Kind.VOLUME: (Axis.IOPS, 1e-300),
}
"""What is looked at first by kind, and what it must stay below; of the others the processor."""
_CENT = Decimal("0.01")


def may_be_idle(kind: Kind, uses: Mapping[Axis, DailyUse], number: int) -> Flags:
    """Which of `number` subjects of a kind `judge_idle` might say so of: a look at all of them at once."""
    axis, below = _TOLD_BY.get(kind, (Axis.CPU, CPU))
    use, days = uses.get(axis), DAYS.get(kind, DEFAULT_DAYS)
    if use is None or use.days < days:
        return np.zeros(number, np.bool_)
    with np.errstate(invalid="ignore"):  # NaN is below nothing
        found: Flags = np.asarray(use.quantiles[:, -days:, -1].max(axis=1) < below)
    return found


def judge_idle(
    found: Recommendation, row: int, uses: Mapping[Axis, DailyUse], present: Option | None
) -> Recommendation:
    """A recommendation that says so too where its subject was idle on all days of its kind's window."""
    subject = found.subject
    days = DAYS.get(subject.kind, DEFAULT_DAYS)
    why = _reason(subject.kind, row, uses, present, days)
    if not why:
        return found
    saving = None
    if present is not None and present.per_hour is not None:
        saving = (present.per_hour * HOURS_A_MONTH * Decimal(str(subject.count))).quantize(_CENT)
    return replace(found, idle=True, idle_reason=why, idle_saving=saving)


def _reason(kind: Kind, row: int, uses: Mapping[Axis, DailyUse], present: Option | None, days: int) -> str:
    """Why it counts as idle; "" where it does not, or too little is known."""
    if kind in (Kind.ENDPOINT, Kind.DATABASE):
        most = _peak(uses.get(Axis.ACTIVITY), row, days)
        word = "invocations" if kind is Kind.ENDPOINT else "connections"
        return f"no {word} in {days} days" if most == 0.0 else ""
    if kind is Kind.VOLUME:
        return f"no reads or writes in {days} days" if _peak(uses.get(Axis.IOPS), row, days) == 0.0 else ""
    if kind not in (Kind.INSTANCE, Kind.GROUP, Kind.SERVICE):
        return ""
    cpu = _peak(uses.get(Axis.CPU), row, days)
    if cpu is None or cpu >= CPU:
        return ""
    gpu = _peak(uses.get(Axis.GPU), row, days)
    if gpu is not None and gpu >= CPU:
        return ""
    network = _mean(uses.get(Axis.NETWORK), row, days)
    if kind is Kind.INSTANCE and (network is None or present is None):
        return ""
    if network is not None and present is not None and network * present.capacity[Axis.NETWORK] > QUIET_BYTES_S:
        return ""
    quiet = " and hardly any network" if network is not None else ""
    return f"peak CPU {cpu:.1%}{quiet} in {days} days"


def _peak(use: DailyUse | None, row: int, days: int) -> float | None:
    """The highest use of the last days; None where one of them has no point."""
    if use is None or use.days < days or not (use.points[row, -days:] > 0).all():
        return None
    return float(np.max(use.quantiles[row, -days:, -1]))


def _mean(use: DailyUse | None, row: int, days: int) -> float | None:
    if use is None or use.days < days or not (use.points[row, -days:] > 0).all():
        return None
    return float(np.mean(use.means[row, -days:]))
