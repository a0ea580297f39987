"""A function's memory curve from its own versions, where they ran with different sizes."""

from collections.abc import Sequence

from trimtab.base.errors import InvalidInput
from trimtab.inventory.catalog.functions import function_price
from trimtab.logs.serverless.model import FunctionUse
from trimtab.scaling.provisioned.memory import LEAST_MB, MOST_MB, Measured, Tuned, tune

_X86 = "x86_64"


def memory_curve(versions: Sequence[FunctionUse]) -> Tuned | None:
    """The curve; None where fewer than two sizes ran often enough. The newest version of a size counts.

    Durations are medians: a mean would count what waited for something else.
    """
    newest: dict[int, FunctionUse] = {}
    for one in versions:
        size = one.memory_mb
        if size is None or not LEAST_MB <= size <= MOST_MB or one.p50_ms <= 0:
            continue
        if size not in newest or one.last_ms > newest[size].last_ms:
            newest[size] = one
    if len(newest) < 2:
        return None
    some = next(iter(newest.values()))
    price = function_price(some.region, some.architecture or _X86, max(one.last_ms for one in newest.values()))
    if price is None:
        return None
    try:
        found = tune([Measured(size, one.invocations, one.p50_ms, one.p95_ms) for size, one in newest.items()], price)
    except InvalidInput:  # too few runs of every size
        return None
    return found if sum(one.runs > 0 for one in found.sizes) > 1 else None
