"""The figures of load tests."""

from trimtab.figures.model import Figure, Rollup

_TEST = "the time of the test, whatever range is chosen"


def _of_test(id_: str, label: str, unit: str, formula: str, basis: str = "") -> Figure:
    return Figure(
        id=id_, label=label, area="load tests", unit=unit, formula=formula, rollup=Rollup.WHOLE, basis=basis,
        span=_TEST, rows="/load-tests",
    )  # fmt: skip


CAPACITY = _of_test(
    "load_test_capacity", "Capacity", "1/s",
    "the most requests a second of which the share that the objective names is answered in time, with 95 % bounds",
)  # fmt: skip
LATENCY = _of_test(
    "load_test_latency", "Latency at capacity", "s",
    "the percentile that the objective names, at the load held nearest to the capacity, from each intended start",
)  # fmt: skip
PER_THOUSAND = _of_test(
    "load_test_per_thousand", "A thousand requests", "$",
    "price of an hour of the machine × 1,000 ÷ (3,600 × capacity)", "list prices",
)  # fmt: skip
GENERATOR = _of_test("load_test_generator", "Generator", "s", "CPU time of the load generator ÷ requests that it sent")

FIGURES = (CAPACITY, LATENCY, PER_THOUSAND, GENERATOR)
