"""Every KPI with its unit and its formula in words; docs/reference/kpis.md repeats each, and a test compares."""

from msgspec import Struct

from trimtab.fleet.figures import FIGURES
from trimtab.kpis.model import Area


class Formula(Struct, frozen=True):
    """How a KPI is computed. `better` is +1 where more is better, -1 where less is, 0 where neither."""

    id: str
    area: Area
    label: str
    unit: str
    text: str
    better: int = 0


_ALL = (
    # -- utilisation
    *(
        Formula(one.id, Area.UTILISATION, one.label, one.unit, one.text, one.better)
        for one in FIGURES.values()
    ),
    Formula("cpu_utilisation", Area.UTILISATION, "CPU utilisation", "1",
            "1 − mean over hosts and time of the idle share of all cores"),
    Formula("memory_utilisation", Area.UTILISATION, "Memory utilisation", "1",
            "mean over hosts and time of the used share of memory"),
    # -- throughput
    Formula("requests_per_s", Area.THROUGHPUT, "Requests", "1/s",
            "increase of the request counter over the range ÷ seconds", 1),
    Formula("tokens_per_s", Area.THROUGHPUT, "Tokens", "1/s",
            "increase of input and output token counters over the range ÷ seconds", 1),
    Formula("output_tokens_per_s", Area.THROUGHPUT, "Output tokens", "1/s",
            "increase of the output token counter over the range ÷ seconds", 1),
    Formula("records", Area.THROUGHPUT, "Batch records", "1",
            "increase of the record counter of batch jobs over the range", 1),
    # -- latency
    *(
        Formula(f"{kind}_{rank}", Area.LATENCY, f"{label} {rank}", "s",
                f"{rank} of {what} over the range; exact from raw values, inside the bucket an estimate", -1)
        for kind, label, what in (
            ("latency", "Latency", "request durations"),
            ("ttft", "Time to first token", "times to first token"),
            ("inter_token", "Inter-token", "times between output tokens"),
        )
        for rank in ("p50", "p95", "p99")
    ),
    # -- availability and fault tolerance
    Formula("success_ratio", Area.AVAILABILITY, "Success ratio", "1",
            "1 − failed ÷ completed requests; requests still in flight count in neither", 1),
    Formula("probe_uptime", Area.AVAILABILITY, "Probe uptime", "1",
            "mean over targets and time of the probe's success (1 or 0)", 1),
    Formula("error_budget_left", Area.AVAILABILITY, "Error budget left", "1",
            "1 − (failed ÷ completed) ÷ (1 − SLO), over the range; below 0 it is overspent", 1),
    Formula("burn_rate", Area.AVAILABILITY, "Burn rate", "1",
            "(failed ÷ completed) ÷ (1 − SLO), over the range; 1 spends the budget exactly in the SLO's window", -1),
    Formula("burn_rate_1h", Area.AVAILABILITY, "Burn rate, last hour", "1",
            "(failed ÷ completed) ÷ (1 − SLO), over the last hour of the range", -1),
    Formula("failover_node", Area.AVAILABILITY, "Head room after losing a node", "1",
            "min over nodes j of (Σ capacity of the others − peak) ÷ peak; 0 or more holds the peak", 1),
    Formula("failover_zone", Area.AVAILABILITY, "Head room after losing a zone", "1",
            "min over zones j of (Σ capacity of the others − peak) ÷ peak; 0 or more holds the peak", 1),
    # -- scalability
    Formula("usl_lambda", Area.SCALABILITY, "Throughput of one (λ)", "1/s",
            "λ of X(N) = λN ÷ (1 + σ(N − 1) + κN(N − 1)), least squares of relative errors", 1),
    Formula("usl_sigma", Area.SCALABILITY, "Contention (σ)", "1",
            "σ of the same fit, held at 0 or above", -1),
    Formula("usl_kappa", Area.SCALABILITY, "Coherency (κ)", "1",
            "κ of the same fit, held at 0 or above", -1),
    Formula("knee", Area.SCALABILITY, "Load at the knee", "1",
            "N* = √((1 − σ) ÷ κ), where the fitted throughput is greatest", 1),
    Formula("head_room", Area.SCALABILITY, "Head room to the knee", "1",
            "N* ÷ N − 1, with N the 95th percentile of the load in the range", 1),
)  # fmt: skip  # a table reads better with its texts aligned

FORMULAS: dict[str, Formula] = {formula.id: formula for formula in _ALL}
"""By id, in the order in which KPIs are shown."""
