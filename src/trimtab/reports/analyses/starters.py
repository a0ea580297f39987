"""Analyses that are there from the first day, until somebody saves another of their name."""

from msgspec import Struct

from trimtab.reports.analyses.spec import Analysis, read_analysis


class Starter(Struct, frozen=True):
    """A starter: what it answers, and its spec."""

    question: str
    spec: Analysis


_COST = {
    "title": "Cost by team and service",
    "description": "What the bill came to, whose it is, and where it is going. Equal to statements and the cost page.",
    "dataset": "allocated_costs",
    "range": "28d",
    "visuals": [
        {"id": "total", "title": "Cost", "measures": ["sum(effective_cost)", "sum(billed_cost)"],
         "compare": "previous"},
        {"id": "by-day", "title": "Cost by day and team", "by": ["day", "owner"], "measures": ["sum(effective_cost)"],
         "forecast": "14d", "anomalies": True, "drill": ["service", "account", "region"]},
        {"id": "by-team", "title": "Cost by team and service", "kind": "bars", "by": ["owner", "service"],
         "measures": ["sum(effective_cost)"], "drill": ["service", "account", "region"]},
        {"id": "table", "title": "Team by service", "kind": "pivot", "by": ["owner", "service"],
         "measures": ["sum(effective_cost)"], "top": 12},
    ],
}  # fmt: skip
_GPUS = {
    "title": "GPU-hours by hour and team",
    "description": "When which team's GPUs work, and when they exist and do nothing.",
    "dataset": "gpu_hours",
    "range": "7d",
    "visuals": [
        {"id": "layers", "title": "GPU-hours", "measures": ["sum(existing)", "sum(held)", "sum(active)", "sum(idle)"],
         "compare": "previous"},
        {"id": "by-hour", "title": "Active GPU-hours by hour of day (UTC) and team", "kind": "heat",
         "by": ["owner", "hour@hour-of-day"], "measures": ["sum(active)"]},
        {"id": "idle", "title": "Idle GPU-hours by day and team", "by": ["day", "owner"], "measures": ["sum(idle)"]},
        {"id": "share", "title": "Work among hours held", "kind": "bars", "by": ["owner"],
         "measures": [{"value": "100 * sum(active) / sum(held)", "name": "active of held", "unit": "%"}]},
    ],
}  # fmt: skip
_FLOW = {
    "title": "Where the money flows",
    "description": "From accounts over services to teams, and of GPUs from teams to their runs.",
    "dataset": "allocated_costs",
    "range": "28d",
    "visuals": [
        {"id": "account-service-team", "title": "Cost from account over service to team", "kind": "sankey",
         "by": ["account", "service", "owner"], "measures": ["sum(effective_cost)"]},
        {"id": "team-run", "title": "Cost of GPUs from team to run", "dataset": "gpu_costs", "kind": "sankey",
         "by": ["owner", "coalesce(run_name, run, '(no run)')"], "measures": ["sum(cost)"], "top": 10},
        {"id": "gpu-map", "title": "Cost of machines by cluster and use", "dataset": "gpu_costs", "kind": "fleet",
         "by": ["coalesce(cluster, 'no run')", "coalesce(node, resource_id)", "use"], "measures": ["sum(cost)"]},
    ],
}  # fmt: skip
_LATENCY = {
    "title": "Latency against cost by endpoint",
    "description": "Which endpoints are slow, which are dear, and which are both.",
    "dataset": "endpoints",
    "range": "7d",
    "datasets": {
        "endpoints": {
            "title": "Endpoints with their latency and cost",
            "range": "7d",
            "sources": [
                {"use": "unit_costs", "name": "costs_of", "where": ["kind = 'model'"], "by": ["endpoint"],
                 "take": {"cost": "sum(cost)", "requests": "sum(requests)", "tokens": "sum(tokens)"}},
                {"use": "spans", "name": "spans_of", "where": ["request"], "by": ["endpoint"], "on": ["endpoint"],
                 "take": {"p95": "percentile(duration, 95)", "traced": "count()",
                          "failed": "countIf(span_id, fault)"}},
            ],
        }
    },
    "visuals": [
        {"id": "latency-cost", "title": "p95 latency against cost; the size is requests", "kind": "scatter",
         "by": ["endpoint"],
         "measures": ["sum(cost)", {"value": "max(p95)", "name": "p95 latency", "unit": "s"}, "sum(requests)"]},
        {"id": "per-request", "title": "Cost of a thousand requests", "kind": "bars", "by": ["endpoint"],
         "measures": [{"value": "sum(cost)", "name": "cost of a thousand requests", "unit": "USD"}],
         "per": "sum(requests) / 1000"},
        {"id": "table", "title": "All of them", "kind": "table", "by": ["endpoint"],
         "measures": ["sum(cost)", "sum(requests)", {"value": "max(p95)", "name": "p95 latency", "unit": "s"},
                      "sum(traced)", "sum(failed)"]},
    ],
}  # fmt: skip
STARTERS = {
    "cost-by-team": Starter("What did whom what cost, and where is it going?", read_analysis(_COST)),
    "gpu-hours": Starter("When do whose GPUs work?", read_analysis(_GPUS)),
    "cost-flow": Starter("From where to where does the money flow?", read_analysis(_FLOW)),
    "latency-cost": Starter("Which endpoints are slow or dear?", read_analysis(_LATENCY)),
}
"""By the name that they can be saved under."""
