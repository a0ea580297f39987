"""What a provider's commitments cover is its own: coverage, utilisation and rates are each provider's, and never mixed.

The companies are generated hour by hour in plain Python, which also says what the figures must be.
"""

import random
from dataclasses import dataclass
from decimal import Decimal as D
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.costs.bills import CUR2, FOCUS, table
from tests.unit.costs.conftest import Room, run

from trimtab.access.scope import EVERYTHING
from trimtab.costs.explorer.explorer import Explorer, Slice
from trimtab.costs.explorer.providers import kind_of, provider_of, shown
from trimtab.costs.model import CostQuery, Dimension, Metric
from trimtab.costs.read import years_of
from trimtab.doors.aws.cost_explorer.commitment_rows import available
from trimtab.doors.aws.cost_explorer.savings_plans import (
    get_savings_plans_coverage,
    get_savings_plans_utilization,
)
from trimtab.doors.aws.faults import AwsError
from trimtab.reports.datasets.source import Rows, Window
from trimtab.reports.datasets.sources.commitments import FIELDS, commitments

COVERED = {
    "line_item_line_item_type": "SavingsPlanCoveredUsage", "line_item_resource_id": "i-1", "product_instance_type":
    "p5.48xlarge", "pricing_public_on_demand_cost": "55.04", "savings_plan_savings_plan_a_r_n": "arn:aws:sp/1",
    "savings_plan_savings_plan_effective_cost": "30", "savings_plan_offering_type": "ComputeSavingsPlans",
    "line_item_unblended_cost": "55.04",
}  # fmt: skip
FEE = {
    "line_item_line_item_type": "SavingsPlanRecurringFee", "savings_plan_savings_plan_a_r_n": "arn:aws:sp/1",
    "savings_plan_total_commitment_to_date": "40", "savings_plan_used_commitment": "30",
    "line_item_usage_type": "ComputeSP:1yrNoUpfront", "line_item_unblended_cost": "40",
    "savings_plan_offering_type": "ComputeSavingsPlans",
}  # fmt: skip
ON_DEMAND = {
    "line_item_resource_id": "i-2", "product_instance_type": "p5.48xlarge", "pricing_public_on_demand_cost": "55.04",
    "pricing_term": "OnDemand", "line_item_unblended_cost": "55.04",
}  # fmt: skip
GOOGLE = {
    "ProviderName": "Google Cloud", "ServiceName": "Compute Engine", "ServiceCategory": "Compute",
    "PricingCategory": "Standard", "ResourceId": "vm-1", "BilledCost": "500", "EffectiveCost": "500",
    "ListCost": "500", "ConsumedQuantity": "1", "ConsumedUnit": "Hours",
}  # fmt: skip
VM = {
    "ProviderName": "Microsoft", "ServiceName": "Virtual Machines", "ServiceCategory": "Compute",
    "PricingCategory": "Standard", "x_InstanceType": "Standard_D4s_v5", "RegionId": "eastus", "ConsumedUnit": "Hours",
}  # fmt: skip
"""A virtual machine of Azure on demand."""
CORE = {
    "ProviderName": "Google Cloud", "ServiceName": "Compute Engine", "ServiceCategory": "Compute",
    "BillingAccountId": "google-2", "PricingCategory": "Standard", "RegionId": "us-central1",
    "ChargeDescription": "N2 Instance Core running in Iowa",
    "ConsumedUnit": "vCPU-Hours",
}  # fmt: skip
"""A processor of Google on demand."""
PLAN = {
    "CommitmentDiscountId": "/savings/1", "CommitmentDiscountType": "Savings Plan", "x_SkuTerm": "36",
    "CommitmentDiscountCategory": "Spend", "CommitmentDiscountName": "compute-2026", "PricingCategory": "Committed",
}  # fmt: skip
CUD = {
    "CommitmentDiscountId": "projects/p/cud-1", "CommitmentDiscountType": "Resource-based CUD",
    "CommitmentDiscountCategory": "Usage", "CommitmentDiscountName": "n2, 1 year", "PricingCategory": "Committed",
}  # fmt: skip


@dataclass
class Truth:
    """What an hour-by-hour count says of a provider."""

    covered: D = D(0)
    on_demand: D = D(0)
    used: D = D(0)
    unused: D = D(0)
    paid: D = D(0)

    @property
    def coverage(self) -> D:
        return self.covered / (self.covered + self.on_demand)

    @property
    def utilization(self) -> D:
        return self.used / (self.used + self.unused)


def priced(base: dict[str, str], hour: int, listed: D, effective: D, status: str = "") -> dict[str, str]:
    """A line of an hour (of 3 August)."""
    period = {"ChargePeriodStart": f"2026-08-03T{hour:02}:00:00Z", "ChargePeriodEnd": f"2026-08-03T{hour:02}:59:59Z"}
    costs = {
        "ListCost": f"{listed}",
        "EffectiveCost": f"{effective}",
        "BilledCost": f"{effective if not status else 0}",
    }
    return {**base, **period, **costs, "CommitmentDiscountStatus": status, "ConsumedQuantity": "1"}


def company(seed: int, base: dict[str, str], deal: dict[str, str], committed: D, share: D) -> tuple[list[Any], Truth]:
    """24 hours of a machine under a commitment of `committed` an hour that charges `share` of list prices."""
    rng, truth, rows = random.Random(seed), Truth(), []
    for hour in range(24):
        listed = D(rng.randint(0, 400)) / 10
        pays = min(committed, listed * share)
        covered = pays / share
        truth.covered += covered
        truth.on_demand += listed - covered
        truth.used += pays
        truth.unused += committed - pays
        truth.paid += committed + listed - covered
        if covered:
            rows.append(priced({**base, **deal}, hour, covered, pays, "Used"))
        if listed > covered:
            rows.append(priced(base, hour, listed - covered, listed - covered))
        if committed > pays:
            rows.append(priced({**base, **deal, "ResourceId": "commitment"}, hour, D(0), committed - pays, "Unused"))
    return rows, truth


def figures(room: Room) -> tuple[Any, ...]:
    """What AWS's commitments do: spend under plans, the savings rate, reserved hours, what is said of the provider."""
    extent = run(room.reader.extent())
    assert extent is not None
    explorer = Explorer(room.reader)
    [spend] = run(explorer.spend_coverage(EVERYTHING, extent)).values()
    [rate] = run(explorer.savings_rate(EVERYTHING, extent)).values()
    hours = list(run(explorer.hour_coverage(EVERYTHING, extent)).values())
    [mine] = [one for place, one in run(explorer.by_provider(EVERYTHING, extent)).items() if place.keys == ("AWS",)]
    return spend.share, rate.rate, hours, mine


def asked(room: Room) -> tuple[SimpleNamespace, dict[str, Any], Any]:
    """What Cost Explorer's operations are given: the explorer, a question over August, and who asks."""
    return (
        SimpleNamespace(explorer=Explorer(room.reader), generation=_nothing, clock=None),
        {"TimePeriod": {"Start": "2026-08-01", "End": "2026-09-01"}},
        SimpleNamespace(principal=SimpleNamespace(scope=EVERYTHING), scope=EVERYTHING, account="1"),
    )


async def _nothing() -> int:
    return 0


def test_a_bill_of_another_provider_changes_no_coverage_of_aws(room: Room) -> None:
    room.bring("aws.csv", table(CUR2, COVERED, ON_DEMAND, FEE))
    before = figures(room)
    assert before[0] == D("0.5")
    assert (D(40), D(30)) == (before[3].use.total, before[3].use.used)
    azure, _ = company(1, VM, PLAN, D(20), D("0.6"))
    google, _ = company(2, CORE, CUD, D(15), D("0.63"))
    for name, rows in (("plain", [GOOGLE]), ("azure", azure), ("google", google)):
        room.bring(f"{name}.csv", table(FOCUS, *rows))
        assert figures(room) == before


@pytest.mark.parametrize("seed", [11, 12])
def test_figures_of_two_providers_are_those_of_their_own_hours(room: Room, seed: int) -> None:
    azure, plan = company(seed, VM, PLAN, D(20), D("0.6"))
    google, cud = company(seed + 100, CORE, CUD, D("15.5"), D("0.63"))
    room.bring("azure.csv", table(FOCUS, *azure))
    room.bring("google.csv", table(FOCUS, *google))
    extent = run(room.reader.extent())
    assert extent is not None
    found = run(Explorer(room.reader).by_provider(EVERYTHING, extent))
    assert {("Azure",), ("Google Cloud",)} == {place.keys for place in found}
    for place, one in found.items():
        truth = plan if place.keys == ("Azure",) else cud
        assert one.coverage.share == pytest.approx(truth.coverage, abs=D("1e-9"))
        assert one.utilization == pytest.approx(truth.utilization, abs=D("1e-9"))
        assert one.use.unused == pytest.approx(truth.unused, abs=D("1e-9"))
        assert one.rate.paid == pytest.approx(truth.paid, abs=D("1e-9"))
    source = commitments(room.reader)
    rows = run(source.read(Window(EVERYTHING, *extent, frozenset())))
    assert isinstance(rows, Rows)
    of = {one.name: at for at, one in enumerate(FIELDS)}
    for name, truth in (("Azure", plan), ("Google Cloud", cud)):
        mine = [row for row in rows.rows if row[of["provider"]] == name]
        covered, rest = (sum((row[of[key]] or D(0) for row in mine), D(0)) for key in ("covered", "on_demand"))
        assert covered / (covered + rest) == pytest.approx(truth.coverage, abs=D("1e-9"))


def test_a_commitment_says_whose_it_is_what_it_is_and_for_how_long(room: Room) -> None:
    room.bring("aws.csv", table(CUR2, COVERED, FEE))
    room.bring("azure.csv", table(FOCUS, *company(1, VM, PLAN, D(20), D("0.6"))[0]))
    room.bring("google.csv", table(FOCUS, *company(2, CORE, CUD, D(15), D("0.63"))[0]))
    extent = run(room.reader.extent())
    assert extent is not None
    facts = run(room.reader.commitment_facts(EVERYTHING, *extent))
    uses = run(Explorer(room.reader).commitments(EVERYTHING, extent))
    told = {
        place.keys[1]: (shown(place.keys[2]), kind_of(place.keys[2], place.keys[0]), facts[place.keys[1]].years)
        for place in uses
    }
    assert {
        "arn:aws:sp/1": ("AWS", "Savings Plan", 1),
        "/savings/1": ("Azure", "Azure savings plan", 3),
        "projects/p/cud-1": ("Google Cloud", "Resource committed use discount", 1),
    } == told
    assert "compute-2026" == facts["/savings/1"].name


@pytest.mark.parametrize(
    ("months", "texts", "years"),
    [
        ("36", (), 3),
        ("", ("Commitment v1: N2 Cpu in Iowa for 1 Year",), 1),
        ("", ("ComputeSP:3yrNoUpfront",), 3),
        ("", ("n2-1yr", "n2 3 years"), None),
        ("1", ("Virtual Machines",), None),
    ],
)
def test_a_term_is_what_lines_tell_of_it(months: str, texts: tuple[str, ...], years: int | None) -> None:
    assert years == years_of(months, texts)


def test_aws_operations_speak_of_aws_alone(room: Room) -> None:
    room.bring("aws.csv", table(CUR2, COVERED, ON_DEMAND, FEE))
    rooms, request, context = asked(room)
    before = run(get_savings_plans_utilization(rooms, request, context))  # type: ignore[arg-type] # what is asked
    assert "75" == before["Total"]["Utilization"]["UtilizationPercentage"]
    room.bring("azure.csv", table(FOCUS, *company(1, VM, PLAN, D(20), D("0.6"))[0]))
    assert before == run(get_savings_plans_utilization(rooms, request, context))  # type: ignore[arg-type] # what is asked


def test_coverage_answers_for_the_currency_that_has_plans(room: Room) -> None:
    room.bring("usd.csv", table(CUR2, COVERED, ON_DEMAND, FEE))
    euros = {"line_item_currency_code": "EUR", "bill_payer_account_id": "300000000003"}
    room.bring("eur.csv", table(CUR2, {**ON_DEMAND, **euros}))
    rooms, request, context = asked(room)
    found = run(get_savings_plans_coverage(rooms, request, context))  # type: ignore[arg-type] # what is asked
    [row] = found["SavingsPlansCoverages"]
    assert ("50", "55.04") == (row["Coverage"]["CoveragePercentage"], row["Coverage"]["OnDemandCost"])
    room.bring("eur-plan.csv", table(CUR2, {**COVERED, **euros, "bill_payer_account_id": "300000000004"}))
    with pytest.raises(AwsError, match="the bill is in EUR and USD"):
        run(get_savings_plans_coverage(rooms, request, context))  # type: ignore[arg-type] # what is asked


def test_a_question_without_a_commitment_in_any_currency_stays_open() -> None:
    usd, eur = (Slice(0, 1, (), name) for name in ("USD", "EUR"))
    with pytest.raises(AwsError, match="EUR and USD"):
        available({usd: 1, eur: 2}, "spend", lambda _: False)
    assert {usd: 1} == available({usd: 1, eur: 0}, "spend", lambda _: False)


def test_providers_are_known_by_the_names_that_bills_have() -> None:
    assert ("Azure", "Google Cloud", "Oracle") == (shown("Microsoft"), shown("Google"), shown("Oracle"))
    assert provider_of("Oracle") is None


def test_azures_own_export_of_amortised_costs_tells_the_same(room: Room) -> None:
    room.take(Path(__file__).parents[1] / "native/azure-amortized.csv", mapping="azure-amortized")
    extent = run(room.reader.extent())
    assert extent is not None
    [(place, one)] = run(Explorer(room.reader).by_provider(EVERYTHING, extent)).items()
    assert (("Azure",), "EUR") == (place.keys, place.currency)
    assert (D("2653.92"), D("1.92")) == (one.coverage.covered, one.coverage.on_demand)
    assert (D("1201.60"), D("100.25")) == (one.use.used, one.use.unused)
    kinds = {kind_of(at.keys[2], at.keys[0]) for at in run(Explorer(room.reader).commitments(EVERYTHING, extent))}
    assert {"Azure reservation", "Azure savings plan"} == kinds


def test_only_use_that_a_commitment_of_its_provider_could_cover_is_eligible(room: Room) -> None:
    def of(base: dict[str, str], amount: int, **more: str) -> dict[str, str]:
        return {**priced(base, 5, D(amount), D(amount)), **more}

    google = [
        of(CORE, 10), of(CORE, 20, ChargeDescription="N2 Instance Ram running in Iowa"),
        of(CORE, 40, ServiceName="Cloud Run", ChargeDescription="Services CPU in Iowa"),
        of(CORE, 1, ChargeDescription="Spot Preemptible N2 Instance Core running in Iowa"),
        of(CORE, 1, ChargeDescription="Commitment v1: N2 Cpu in Iowa for 1 Year"),
        of(CORE, 1, ChargeDescription="Balanced PD Capacity"), of(CORE, 1, PricingCategory="Dynamic"),
        of(CORE, 1, ChargeDescription="Licensing Fee for Windows on N2 per core"),
        of(CORE, 1, ServiceName="BigQuery"), of(CORE, 1, ChargeCategory="Tax"),
    ]  # fmt: skip
    azure = [
        of(VM, 7), of(VM, 70, ServiceName="Azure Kubernetes Service"), of(VM, 1, ChargeDescription="Windows License"),
        of(VM, 1, ServiceName="Storage Accounts", ServiceCategory="Storage"),
        of(VM, 1, ChargeDescription="D4s v5 Spot"),
    ]  # fmt: skip
    room.bring("google.csv", table(FOCUS, *google))
    room.bring("azure.csv", table(FOCUS, *azure))
    extent = run(room.reader.extent())
    assert extent is not None
    found = run(Explorer(room.reader).by_provider(EVERYTHING, extent))
    assert {"Google Cloud": D(70), "Azure": D(77)} == {
        place.keys[0]: one.coverage.on_demand for place, one in found.items()
    }


def test_credits_of_googles_own_export_are_committed_use_that_no_coverage_is_told_of(room: Room) -> None:
    room.take(Path(__file__).parents[1] / "native/google-cloud.jsonl")
    extent = run(room.reader.extent())
    assert extent is not None
    assert {} == run(Explorer(room.reader).by_provider(EVERYTHING, extent))
    query = CostQuery(*extent, (Metric.LIST,), group_by=(Dimension.PURCHASE_TYPE,))
    listed = {row.keys[0]: row.amounts[0] for row in run(room.reader.costs(EVERYTHING, query))}
    assert D("88.5") == listed["Reserved"]
    room.bring("azure.csv", table(FOCUS, *company(1, VM, PLAN, D(20), D("0.6"))[0]))
    assert [("Azure",)] == [place.keys for place in run(Explorer(room.reader).by_provider(EVERYTHING, extent))]
