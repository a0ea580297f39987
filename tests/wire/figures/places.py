"""Every place of every figure that is walked, and the figures that are not."""

from collections.abc import Mapping

from wire.figures import bill_places, gpu_places, host_places, kpi_places, run_places
from wire.figures.place import Places

OF_RANGES: Places = {
    **gpu_places.PLACES, **bill_places.PLACES, **run_places.PLACES, **kpi_places.PLACES,
}  # fmt: skip
OF_NOW: Places = host_places.PLACES
PLACES: Places = {**OF_RANGES, **OF_NOW}
NOT_WALKED: Mapping[str, str] = {
    id_: reason
    for reason, ids in (
        ("the plan is compared where it is made (tests/wire/rest/test_one_plan.py)", (
            "plan_total", "advice_cash", "advice_alone", "advice_gpu_hours", "advice_confidence",
        )),
        ("needs weeks of bill after advice was taken (tests/unit/advice)", (
            "savings_predicted", "savings_realised", "savings_ratio", "plan_promised", "plan_came",
        )),
        ("of a run's whole life: page, command and REST ask one room (tests/wire/rest/test_run_progress)", (
            "run_step", "run_tokens_per_s", "run_mfu", "run_goodput", "run_restarts", "run_energy_kwh",
            "run_slow_rank_hours", "run_slow_rank_cost", "run_productive_share", "phase_gpu_hours", "phase_cost",
        )),
        ("needs a batch job that runs", (
            "batch_running", "batch_records_per_s", "batch_left", "batch_records", "batch_cost", "batch_failed",
        )),
        ("shown beside the actual, which is walked", (
            "budget_limit", "budget_used",
        )),
        ("parts of the bill: Cost Explorer and the page read one reader (tests/wire/aws)", (
            "billed_cost", "amortised_cost", "net_billed_cost", "net_amortised_cost", "list_cost", "contracted_cost",
            "blended_cost", "split_cost", "split_unused_cost", "commitment_total", "commitment_used",
            "commitment_hours", "commitment_unused_hours", "usage_quantity", "normalised_usage", "bill_lines",
            "cost_together", "effective_savings_rate", "instance_hours_reserved", "spend_under_savings_plans",
            "reservations_used", "savings_plans_used", "cost_not_billed", "estimate_error", "month_forecast",
            "month_line", "month_forecast_error",
            "commitment_coverage", "commitment_utilisation",
        )),
        ("needs a profile that was imported (tests/wire/rest/test_profiles.py)", (
            "profile_use_share", "profile_use_cost", "profile_hidden_share", "profile_kernel_cost", "straggler_cost",
        )),
        ("of faults: page, command and REST show the report of one room (tests/wire/rest/test_gpu_faults.py)", (
            "fault_gpu_hours_lost", "fault_cost_lost", "fault_gpu_hours_at_most", "fault_gpu_hours_down",
            "machine_fault_rate", "run_throttled_share",
        )),
        ("needs functions that report", (
            "functions", "function_invocations", "function_failed_share", "function_cold_share",
            "function_slowest_p95", "function_p95", "function_memory_used", "function_cost",
        )),
        ("needs spans of calls of models (tests/wire/otlp/test_model_calls.py)", (
            "token_cost", "tokens_used", "token_cost_otherwise", "token_break_even",
        )),
        ("needs a load test", (
            "load_test_capacity", "load_test_latency", "load_test_per_thousand", "load_test_generator",
        )),
        ("parts of the statement total, which is walked", (
            "statement_unowned", "statement_usage", "statement_commitments", "statement_unused", "statement_fees",
            "statement_credits", "statement_adjustments", "statement_tax", "statement_late_corrections",
            "statement_share", "statement_change", "statement_bill", "statement_apart", "invoice_total",
            "statement_to_invoice", "untagged_usage", "untagged_suggested",
        )),
    )
    for id_ in ids
}  # fmt: skip
"""Figures whose places are not compared, each with the reason: a figure that is declared tomorrow is none of them."""
