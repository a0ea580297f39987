"""Values together."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.reports.analyses.model import Value


def added(values: Sequence[Value]) -> Value:
    """Values together, exact where they are; None where there is none."""
    known = [one for one in values if one is not None]
    exact = [one for one in known if isinstance(one, Decimal)]
    if known and len(exact) == len(known):
        return sum(exact, Decimal(0))
    return float(sum(float(one) for one in known)) if known else None
