"""Tells what kind of charge lines of the bill are: AWS's line item types and FOCUS's categories alike.

On the billed and net bases the part of a commitment's fee that covered nothing is a line of its own: the fee's
amortised cost, which is what its unused part is (AWS, "Understanding your amortized costs").
"""

from collections.abc import Mapping
from decimal import Decimal

from trimtab.costs.model import Dimension, Metric
from trimtab.economics.rules.model import Basis
from trimtab.economics.statements.model import Kind

DIMENSIONS = (
    Dimension.CHARGE_CATEGORY,
    Dimension.CHARGE_CLASS,
    Dimension.COMMITMENT_STATUS,
    Dimension.COMMITMENT_TYPE,
    Dimension.RECORD_TYPE,
    Dimension.SERVICE,
    Dimension.SERVICE_CODE,
)
"""What must be known of a line."""

_FEES = ("RIFee", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee")
_COMPANION = {Metric.UNBLENDED: Metric.AMORTIZED, Metric.NET_UNBLENDED: Metric.NET_AMORTIZED}


UNUSED_DIMENSIONS = (
    Dimension.CHARGE_CATEGORY,
    Dimension.CHARGE_CLASS,
    Dimension.COMMITMENT_STATUS,
    Dimension.RECORD_TYPE,
)
"""What tells of a line whether it is what a commitment cost and nothing used."""


def is_unused(facts: Mapping[Dimension, str]) -> bool:
    """Whether the amortised cost of a line is that of a commitment which nothing used."""
    return _before_fees(facts) is Kind.UNUSED_COMMITMENT or (
        _before_fees(facts) is None and facts.get(Dimension.RECORD_TYPE, "") in _FEES
    )


def metrics_of(basis: Basis) -> tuple[Metric, ...]:
    """The basis's metric and, where a fee's unused part must be told, its amortised one."""
    companion = _COMPANION.get(basis.metric)
    return (basis.metric,) if companion is None else (basis.metric, companion)


def kinds_of(facts: Mapping[Dimension, str], amounts: tuple[Decimal, ...], basis: Basis) -> dict[Kind, Decimal]:
    """The first amount of a line by kind: in one piece, or in two where a part of a fee was not used."""
    kind = _kind(facts, basis)
    if kind is not Kind.COMMITMENT_FEE or basis.amortizes or len(amounts) < 2:
        return {kind: amounts[0]}
    unused = min(max(amounts[1], Decimal(0)), max(amounts[0], Decimal(0)))
    if not unused:
        return {kind: amounts[0]}
    parts = {Kind.COMMITMENT_FEE: amounts[0] - unused, Kind.UNUSED_COMMITMENT: unused}
    return {kind: part for kind, part in parts.items() if part}


def _kind(facts: Mapping[Dimension, str], basis: Basis) -> Kind:
    if (known := _before_fees(facts)) is not None:
        return known
    type_, category = facts[Dimension.RECORD_TYPE], facts[Dimension.CHARGE_CATEGORY]
    if type_ in _FEES:
        return Kind.UNUSED_COMMITMENT if basis.amortizes else Kind.COMMITMENT_FEE
    if "support" in f"{facts[Dimension.SERVICE]} {facts[Dimension.SERVICE_CODE]}".lower():
        return Kind.SUPPORT
    if category == "Purchase" or type_ == "Fee":
        return Kind.COMMITMENT_FEE if facts[Dimension.COMMITMENT_TYPE] else Kind.FEE
    return Kind.USAGE


def _before_fees(facts: Mapping[Dimension, str]) -> Kind | None:
    """The kind of a line by what it says of itself, whatever it is a fee of; None where that says nothing."""
    type_, category = facts.get(Dimension.RECORD_TYPE, ""), facts.get(Dimension.CHARGE_CATEGORY, "")
    if "Tax" in (type_, category):
        return Kind.TAX
    if type_ == "Refund":
        return Kind.REFUND
    if "Credit" in (type_, category):
        return Kind.CREDIT
    if type_ == "SavingsPlanNegation":
        return Kind.COMMITMENT_DISCOUNT
    if type_.endswith("Discount"):
        return Kind.DISCOUNT
    if facts.get(Dimension.CHARGE_CLASS, "") == "Correction":
        return Kind.CORRECTION
    if category == "Adjustment":
        return Kind.ADJUSTMENT
    return Kind.UNUSED_COMMITMENT if facts.get(Dimension.COMMITMENT_STATUS, "") == "Unused" else None
