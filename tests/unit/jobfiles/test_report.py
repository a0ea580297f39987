from decimal import Decimal

from trimtab.client.budgets_wire import Budget
from trimtab.client.job_prices_wire import ExpectedWait, JobPrice
from trimtab.jobfiles.comment import MARK, headline, markdown_of
from trimtab.jobfiles.read import read
from trimtab.jobfiles.report import Limits, asked, fits, report_of
from trimtab.jobfiles.sums import all_needs

NOW = 1_764_000_000_000
HOUR = 3_600_000
WAIT = ExpectedWait(60, 300, 7200, 400, "similar")
JOB = "#SBATCH --nodes=2\n#SBATCH --gpus-per-node=h100:8\n#SBATCH --time=10:00:00\n#SBATCH --account=vision\n"


def priced(text: str, *amounts: str | None, before: str | None = None, old: str = "2", limits=None, budgets=()):
    now = read(text, "job.sbatch")
    then = None if before is None else [read(before, "job.sbatch")]
    prices = {
        "after": [JobPrice(one, None, "USD" if one else "", "rate card", "no price", WAIT, "") for one in amounts],
        "before": [JobPrice(old, None, "USD", "rate card", "", None, "")] if then else [],
    }
    return report_of([now], then, prices, budgets, limits or Limits(), NOW)


def budget(name="vision", limit="1000", actual="900", hours=100, **more):
    known = {"definition": {"CostFilters": {"TagKeyValue": [f"user:team${name}"]}}, "type": "COST", **more}
    return Budget(
        account="1", name=name, arn="", time_unit="MONTHLY", state="OK", unit="USD", limit=limit, actual=actual,
        forecast=None, forecast_lower=None, forecast_upper=None, period_start_ms=0, period_end_ms=NOW + hours * HOUR,
        judged_ms=0, problem="", notifications=[], **known,
    )  # fmt: skip


def test_an_hour_and_the_whole_time_limit():
    report = priced(JOB, "2.5")
    ask = report.asks[0]
    assert ({"USD": "40.0000"}, {"USD": "400.0000"}, {"h100": 16.0}) == (ask.per_hour, ask.cost, report.gpu_types)
    assert (WAIT, 16) == (ask.wait, report.gpus)


def test_an_array_costs_all_its_tasks_and_an_hour_those_that_run_together():
    ask = priced("#SBATCH --gres=gpu:1\n#SBATCH --array=0-9%2\n#SBATCH --time=60\n", "3").asks[0]
    assert (2, {"USD": "6.0000"}, {"USD": "30.0000"}) == (ask.gpus, ask.per_hour, ask.cost)


def test_what_has_no_price_or_no_number_says_why():
    unpriced = priced(JOB, None).asks[0]
    unknown = priced("#SBATCH --exclusive\n").asks[0]
    unasked = report_of([read(JOB, "a.sh")], None, {}, (), Limits(), NOW).asks[0]
    assert ({}, "no price") == (unpriced.per_hour, unpriced.unpriced)
    assert (None, "") == (unknown.gpus, unknown.unpriced)
    assert "whole nodes" in unknown.unknown
    assert "no server was asked" == unasked.unpriced


def test_limits_are_passed_by_more_and_not_by_as_much():
    def over(**limits):
        return priced(JOB, "2.5", limits=Limits(**limits)).over

    assert [False, True] == [over(gpus=16), over(gpus=15)]
    assert [False, True] == [over(per_hour=Decimal("40")), over(per_hour=Decimal("39.99"))]
    assert [False, True] == [over(cost=Decimal("400")), over(cost=Decimal("399"))]


def test_a_budget_is_compared_with_what_is_asked_until_its_period_ends():
    fits_in = priced(JOB, "0.5", budgets=[budget()]).budgets[0]
    too_much = priced(JOB, "2.5", budgets=[budget()]).budgets[0]
    ends_soon = priced(JOB, "2.5", budgets=[budget(hours=2)]).budgets[0]
    assert ("100.0000", "80.0000", False) == (fits_in.left, fits_in.asked, fits_in.over)
    assert ("400.0000", True) == (too_much.asked, too_much.over)
    assert ("80.0000", False) == (ends_soon.asked, ends_soon.over)
    assert not priced(JOB, "2.5", budgets=[budget(actual="600")]).over  # all of what is left, and no more


def test_a_change_asks_a_budget_only_for_the_difference():
    report = priced(JOB, "2.5", before=JOB, old="2.4", budgets=[budget()])
    assert ("16.0000", False) == (report.budgets[0].asked, report.budgets[0].over)
    assert "+0 GPUs, +1.60 USD an hour" in headline(report)


def test_a_budget_without_a_limit_is_not_passed():
    assert not priced(JOB, "2.5", budgets=[budget(limit=None)]).over


def test_a_budget_fits_the_team_that_its_filter_names():
    assert fits(budget("vision"), ["nlp", "vision"])
    assert fits(budget("x", definition={"FilterExpression": {"Tags": {"Key": "team", "Values": ["nlp"]}}}), ["nlp"])
    assert not fits(budget("vision"), ["nlp", ""])
    assert not fits(budget("x", definition={"BudgetName": "nlp"}), ["nlp"])


def test_what_a_server_is_asked_is_of_the_file_before_the_options():
    needs = all_needs(read(JOB, "a.sh").asks)
    job = asked(needs, "", "fast", "atlas")[0]
    assert ("vision", "fast", "atlas", "h100", 16) == (job.team, job.queue, job.cluster, job.gpu_type, job.gpus)


def test_the_comment_has_a_mark_a_row_and_the_verdicts():
    text = markdown_of(priced(JOB, "2.5", limits=Limits(gpus=8), budgets=[budget()]))
    assert text.startswith(MARK + "\n### 16 GPUs (16 × h100), 40.00 USD an hour\n")
    assert "| 2 | 16 × h100 | 40.00 USD | 400.00 USD | 5.0 min (60 s – 2.0 h) |" in text
    assert "- ❌ GPUs at once: 16, limit 8" in text
    assert "- ❌ budget vision: 100.00 of 1,000.00 USD left, asked for until it ends 400.00" in text


def test_a_name_makes_no_markdown():
    text = markdown_of(priced("#SBATCH --gres=gpu:1\n#SBATCH --job-name='a|b<i>@me[x](y)`'\n", "1"))
    assert "a\\|b&lt;i>@\u200bme\\[x](y)'" in text
