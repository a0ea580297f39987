"""The figures of functions: what runs for a short time."""

from trimtab.figures.model import Figure, Rollup


def _function(id_: str, label: str, unit: str, formula: str, rollup: Rollup = Rollup.RATIO, basis: str = "") -> Figure:
    return Figure(
        id=id_,
        label=label,
        area="functions",
        unit=unit,
        formula=formula,
        rollup=rollup,
        basis=basis,
        rows="/serverless",
    )


FUNCTIONS = _function("functions", "Functions", "1", "functions that were invoked in the range", Rollup.SUM)
INVOCATIONS = _function("function_invocations", "Invocations", "1", "invocations of the range", Rollup.SUM)
FAILED = _function("function_failed_share", "Failed invocations", "1", "(errors + time-outs) ÷ invocations")
COLD = _function("function_cold_share", "Cold starts", "1", "invocations that waited for a new sandbox ÷ invocations")
SLOWEST = _function(
    "function_slowest_p95", "Slowest function, p95", "s",
    "the largest p95 of billed durations among the functions", Rollup.WHOLE,
)  # fmt: skip
DURATION = _function(
    "function_p95", "Duration, p95", "s", "p95 of the durations of the function's invocations", Rollup.WHOLE
)
MEMORY = _function(
    "function_memory_used", "Memory used", "1", "the most that an invocation used ÷ the memory that is set",
    Rollup.WHOLE,
)  # fmt: skip
COST = _function(
    "function_cost", "Cost of functions", "$",
    "Σ over invocations: request price + billed time × memory × price of a GB-second", Rollup.SUM, "list prices",
)  # fmt: skip

FIGURES = (FUNCTIONS, INVOCATIONS, FAILED, COLD, SLOWEST, DURATION, MEMORY, COST)
