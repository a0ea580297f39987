"""What stands out of a function's use: memory that nobody needs, cold starts, failures. Pure, in plain words."""

from msgspec import Struct

from trimtab.logs.serverless.model import FunctionUse

LEAST = 50
"""Invocations below which nothing is said (AWS Compute Optimizer needs as many)."""
ROOMY = 0.6
"""Headroom from which a smaller memory size is worth a look."""
COLD = 0.1
"""Share of cold starts that users notice."""
FAILING = 0.1
"""Share of failures from which Trusted Advisor warns (reference: cost checks, Lambda errors and time-outs)."""
TIGHT = 0.05
"""Headroom below which the next larger input may end it."""


class Remark(Struct, frozen=True):
    """`level` is bad or warn; `words` are a sentence's end, behind the function's name."""

    function: str
    level: str
    words: str


def remarks(use: FunctionUse) -> list[Remark]:
    """What stands out, the worst first."""
    if use.invocations < LEAST:
        return []
    found = []
    if use.failed_share > FAILING:
        kinds = f"{use.errors:,} errors, {use.timeouts:,} time-outs"
        found.append(Remark(use.function, "bad", f"failed in {use.failed_share:.0%} of its invocations ({kinds})"))
    if use.cold_share > COLD and use.init_p95_ms is not None:
        found.append(
            Remark(
                use.function,
                "warn",
                f"began cold in {use.cold_share:.0%} of its invocations, which adds {use.init_p95_ms / 1000:.1f} s "
                f"(p95) to a median of {use.p50_ms / 1000:.2g} s",
            )
        )
    room = use.headroom
    if room is not None and room >= ROOMY and use.used_mb is not None:
        found.append(
            Remark(
                use.function,
                "warn",
                f"has {use.memory_mb:,} MB of memory and never used more than {use.used_mb:,.0f} MB "
                f"({1 - room:.0%}); CPU comes with memory: try less and watch its duration",
            )
        )
    if room is not None and room < TIGHT:
        found.append(Remark(use.function, "warn", f"used {1 - room:.0%} of its {use.memory_mb:,} MB of memory"))
    return found
