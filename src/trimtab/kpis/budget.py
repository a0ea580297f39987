"""Success ratio, error budget and burn rate. Pure arithmetic.

With f failed among n completed requests and a target s (say 0.999):

    success ratio      1 − f ÷ n
    burn rate          (f ÷ n) ÷ (1 − s)         1 spends the whole budget exactly in the window of the SLO
    error budget left  1 − burn rate, when f and n are counted over that window

Source: Beyer et al., The Site Reliability Workbook, chapter 5 "Alerting on SLOs".
"""

from msgspec import Struct

from trimtab.base.errors import InvalidInput


class Outcomes(Struct, frozen=True):
    """Requests that ended: how many, and how many of them failed. Those still in flight are in neither."""

    completed: float
    failed: float

    @property
    def success_ratio(self) -> float | None:
        """1 − failed ÷ completed; None where nothing completed."""
        return 1 - self.failed / self.completed if self.completed > 0 else None


def burn_rate(outcomes: Outcomes, slo: float) -> float | None:
    """How fast the error budget of `slo` is spent; None where nothing completed. Raises InvalidInput for a bad SLO."""
    check_slo(slo)
    ratio = outcomes.success_ratio
    return None if ratio is None else (1 - ratio) / (1 - slo)


def error_budget_left(outcomes: Outcomes, slo: float) -> float | None:
    """The share of the error budget that is left, below 0 where it is overspent; None where nothing completed."""
    burnt = burn_rate(outcomes, slo)
    return None if burnt is None else 1 - burnt


def check_slo(slo: float) -> None:
    """Raise InvalidInput unless a target leaves a budget: 0 < slo < 1."""
    if not 0 < slo < 1:
        raise InvalidInput(f"cannot use an SLO of {slo:g}: expected a share between 0 and 1; try 0.999", field="slo")


_FAILED = frozenset({"error", "failed", "fail", "failure", "fault", "timeout", "timed_out", "aborted", "exception"})
_PENDING = frozenset({"pending", "running", "queued", "in_progress", "waiting"})


def outcome_of(status: str) -> str:
    """`failed`, `pending` or `ok` for a status text or HTTP status. 4xx is the caller's fault, so it is `ok` here."""
    text = status.strip().lower()
    if len(text) == 3 and text[0] in "12345" and (text[1:].isdecimal() or text[1:] == "xx"):
        return "failed" if text[0] == "5" else "ok"
    if text in _PENDING:
        return "pending"
    return "failed" if text in _FAILED else "ok"
