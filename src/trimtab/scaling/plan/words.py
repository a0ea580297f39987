"""The plan in words: why each choice is what it is, and what to do."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.scaling.plan.model import Choice, Measured, Offer, Question, Server


def dollars(amount: Decimal) -> str:
    """Whole dollars, or cents below 100."""
    return f"${amount:,.0f}" if amount >= 100 else f"${amount:,.2f}"


def share(value: float) -> str:
    """A risk as a percentage with as many digits as it needs."""
    if value == 0:
        return "0 %"
    return f"{value * 100:.1f} %" if value >= 0.01 else f"{value * 100:.2g} %"


def why(policy: str, zones: int, offer: Offer | None, level: int, spot_share: float) -> str:
    """A choice in a sentence."""
    parts = [policy]
    if zones:
        parts.append(f"times {zones}/{zones - 1}, so that what a lost zone leaves is enough")
    if offer is not None:
        replicas, term = _counted(level, "replica"), _counted(offer.years, "year")
        parts.append(f"{replicas} committed for {term} at {1 - offer.share:.0%} off ({offer.basis})")
    if spot_share:
        parts.append(f"{spot_share:.0%} of the replica-hours on spot")
    return "; ".join(parts)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def measured_words(server: Server, capacity: float | None, question: Question) -> str:
    """What was measured of a type, and what it means here."""
    if capacity is None:
        lowest = min((point.latency_ms[question.percentile].value for point in server.curve.points
                      if question.percentile in point.latency_ms), default=None)  # fmt: skip
        if lowest is None:
            return f"no {question.percentile} was measured"
        return f"does not meet {question.slo_ms:g} ms: its {question.percentile} is {lowest:.3g} ms at the least load"
    return f"{capacity:.4g}/s within {question.slo_ms:g} ms ({question.percentile}), {server.basis}"


def plan_words(
    question: Question, measured: Sequence[Measured], ordered: Sequence[Choice], best: Choice | None
) -> tuple[str, ...]:
    """What to do, what it saves beside AWS's suggestion, and what it does not hold."""
    if not ordered:
        return ("No measured type meets the objective: allow more latency, or measure a larger type.",)
    risk = "while a zone is gone " if question.zone_fails else ""
    if best is None:
        safest = min(ordered, key=lambda one: one.counted(zone_fails=question.zone_fails))
        return (
            f"Nothing keeps {risk}{share(question.allowed)}: the safest, {safest.type} with {safest.policy}, breaks "
            f"the objective for {share(safest.counted(zone_fails=question.zone_fails))} at "
            f"{dollars(safest.monthly)} a month.",
        )
    said = [
        f"{best.type}, {best.policy}, {best.purchase}: {dollars(best.monthly)} a month "
        f"({dollars(best.least)} to {dollars(best.most)}), {share(best.counted(zone_fails=question.zone_fails))} "
        f"of requests {risk}out of the objective."
    ]
    usual = [one for one in ordered if one.policy == "target tracking 50%" and one.purchase == "on demand"]
    if usual:
        same = min(usual, key=lambda one: one.monthly)
        if same.monthly > best.monthly:
            said.append(f"{dollars(same.monthly - best.monthly)} a month less than AWS's suggested tracking at 50 % "
                        f"on demand on {same.type} ({share(same.risk)}).")  # fmt: skip
    if not question.zone_fails and best.zone_risk > question.allowed:
        said.append(f"While a zone is gone it would break the objective for {share(best.zone_risk)} of requests.")
    left = [one.type for one in measured if one.capacity is None]
    if left:
        said.append(f"{', '.join(left)} cannot meet {question.slo_ms:g} ms at all.")
    return tuple(said)
