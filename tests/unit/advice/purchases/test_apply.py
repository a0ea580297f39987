"""The order in which commitments apply.

The worked examples are those of the Savings Plans User Guide, "Understanding how Savings Plans apply to your AWS
usage" (2026; its rates are illustrative), re-tabulated.
"""

from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.advice.purchases.apply import apply, dollars, figures, hourly_utilisation
from trimtab.advice.purchases.model import Holdings, Plan, PlanKind, Reservation, Use, UseLine

ME, OTHER = "111122223333", "444455556666"
# line, quantity, on demand, Compute plan, EC2 Instance plan
GUIDE = (
    (UseLine(ME, "AmazonEC2", "us-east-1", "r5.4xlarge", D("1.00"), family="r5", units=D(32)), 4, 0.70, 0.60),
    (UseLine(ME, "AmazonECS", "us-west-1", "vCPU", D("0.04")), 400, 0.75, np.nan),
    (UseLine(ME, "AmazonECS", "us-west-1", "GB", D("0.004")), 1600, 0.75, np.nan),
    (UseLine(ME, "AmazonEC2", "us-east-1", "m5.24xlarge", D(10), platform="Windows", family="m5"), 1, 0.82, 0.78),
    (UseLine(ME, "AWSLambda", "us-east-2", "GB-second", D("0.000015")), 1_500_000, 0.85, np.nan),
    (UseLine(ME, "AWSLambda", "us-east-2", "requests", D("0.20")), 1, 1.0, np.nan),
)
USE = Use.hourly(tuple(one[0] for one in GUIDE), np.array([[one[1]] for one in GUIDE], dtype=float))
RATES = np.array([one[2] for one in GUIDE])
R5 = np.array([0.60, *[np.nan] * 5])


def compute(commitment: str, owner: str = ME) -> Plan:
    return Plan("compute", owner, PlanKind.COMPUTE, D(commitment), RATES)


def on_demand(applied) -> list[D]:
    return [dollars(int(row[0])) for row in applied.on_demand]


def test_without_a_plan_the_guides_hour_costs_59_10():
    assert D("59.1") == apply(USE, Holdings()).total


def test_scenario_1_a_plan_applies_to_all_usage():
    found = apply(USE, Holdings((compute("50.00"),)))
    assert [0] * 6 == on_demand(found)
    assert D("47.125") == dollars(int(found.used[0, 0]))  # the guide rounds to 47.13
    assert D(50) == found.total  # what is not used in the hour is lost


def test_scenario_2_a_plan_applies_to_some_usage():
    found = apply(USE, Holdings((compute("2.00"),)))
    left = on_demand(found)
    assert D("1.14") == round(left[0], 2)
    assert D("55.10") == sum(left[1:])
    assert D("56.24") == round(sum(left), 2)


def test_scenario_3_memory_comes_before_processors_of_the_same_saving():
    found = apply(USE, Holdings((compute("19.60"),)))
    assert [0, 0, 0, 10, D("22.5"), D("0.2")] == on_demand(found)
    assert D("32.70") == sum(on_demand(found))
    short = on_demand(apply(USE, Holdings((compute("7.60"),))))
    assert [0, 16, 0] == short[:3]


def test_scenario_4_reserved_instances_come_first():
    held = Reservation("ri", ME, "r5.4xlarge", "us-east-1", 2, D("0.5"))
    found = apply(USE, Holdings((compute("18.20"),), (held,)))
    assert D("2.00") == dollars(int(found.by_reservation[0, 0]))
    assert D("18.20") == dollars(int(found.used[0, 0]))
    assert D("32.70") == sum(on_demand(found))


def test_scenario_5_the_instance_plan_comes_before_the_compute_plan():
    family = Plan("r5", ME, PlanKind.EC2_INSTANCE, D("3.00"), R5, "r5", "us-east-1")
    found = apply(USE, Holdings((compute("16.80"), family)))
    assert D("2.40") == dollars(int(found.used[1, 0]))
    assert D("16.80") == dollars(int(found.used[0, 0]))
    assert D("32.70") == sum(on_demand(found))


def test_the_owners_usage_comes_first_even_where_it_saves_less():
    lines = (
        UseLine(OTHER, "AmazonEC2", "us-east-1", "r5.4xlarge", D(1)),
        UseLine(ME, "AmazonEC2", "us-east-1", "c5.large", D(1)),
    )
    use = Use.hourly(lines, np.ones((2, 1)))
    plan = Plan("p", ME, PlanKind.COMPUTE, D("0.9"), np.array([0.5, 0.9]))
    assert [1, 0] == on_demand(apply(use, Holdings((plan,))))
    more = Plan("p", ME, PlanKind.COMPUTE, D("1.4"), np.array([0.5, 0.9]))
    assert [0, 0] == on_demand(apply(use, Holdings((more,))))
    assert [1, 0] == on_demand(apply(use, Holdings((more,)), sharing=False))


def test_a_regional_reservation_covers_sizes_of_its_family_the_smallest_first():
    lines = tuple(
        UseLine(ME, "AmazonEC2", "us-east-1", f"m5.{size}", D(price), family="m5", units=D(units))
        for size, price, units in (("xlarge", "0.2", 8), ("large", "0.1", 4))
    )
    use = Use.hourly(lines, np.array([[1.0], [3.0]]))
    flexible = Reservation("f", ME, "m5.xlarge", "us-east-1", 2, D("0.12"), family="m5", units=D(8), flexible=True)
    assert [D("0.1"), 0] == on_demand(apply(use, Holdings((), (flexible,))))  # 3 large are 12 units, 4 are left
    zonal = Reservation("z", ME, "m5.xlarge", "us-east-1", 2, D("0.12"), zone="us-east-1a", family="m5", units=D(8))
    assert [D("0.2"), D("0.3")] == on_demand(apply(use, Holdings((), (zonal,))))


def test_a_commitment_counts_between_its_start_and_its_end():
    use = Use.hourly((UseLine(ME, "AmazonEC2", "us-east-1", "m5.large", D(1)),), np.ones((1, 4)), start_ms=0)
    plan = Plan("p", ME, PlanKind.COMPUTE, D("0.5"), np.array([0.5]), start_ms=3_600_000, end_ms=3 * 3_600_000)
    found = apply(use, Holdings((plan,)))
    assert [1, D("0.5"), D("0.5"), 1] == [dollars(int(hour)) for hour in found.cost]
    assert [False, True, True, False] == (hourly_utilisation(found) == 1).tolist()


def test_figures_are_those_of_finops():
    use = Use.hourly((UseLine(ME, "AmazonEC2", "us-east-1", "m5.large", D(1)),), np.array([[4.0, 1.0]]))
    plan = Plan("p", ME, PlanKind.COMPUTE, D("1.2"), np.array([0.6]))
    found = figures(apply(use, Holdings((plan,))))
    assert found.cost == pytest.approx(1.2 + 2 + 1.2)
    assert found.coverage == pytest.approx(3 / 5)
    assert found.utilisation == pytest.approx(1.8 / 2.4)
    assert found.savings_rate == pytest.approx((5 - 4.4) / 5)


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_nothing_is_lost_or_made(data):
    """Covered and left add up to what there was, no commitment is used beyond itself, and no cost is negative."""
    number, hours = data.draw(st.integers(1, 4)), 3
    quantities = st.lists(st.integers(0, 50), min_size=hours, max_size=hours)
    lines = tuple(
        UseLine(
            data.draw(st.sampled_from((ME, OTHER))),
            "AmazonEC2",
            "us-east-1",
            f"m5.{at}",
            D(data.draw(st.integers(1, 9999))) / 1000,
            family="m5",
            units=D(2**at),
        )
        for at in range(number)
    )
    use = Use.hourly(lines, np.array([data.draw(quantities) for _ in range(number)], dtype=float))
    shares = st.lists(st.floats(0.2, 1.0) | st.just(float("nan")), min_size=number, max_size=number)
    plans = tuple(
        Plan(str(at), ME, kind, D(data.draw(st.integers(0, 100_000))) / 1000, np.array(data.draw(shares)))
        for at, kind in enumerate((PlanKind.COMPUTE, PlanKind.EC2_INSTANCE))
    )
    held = Reservation(
        "r", ME, "m5.0", "us-east-1", data.draw(st.integers(0, 5)), D("0.01"), family="m5", flexible=True
    )
    found = apply(use, Holdings(plans, (held,)), sharing=data.draw(st.booleans()))
    covered = found.by_plan.sum(axis=0) + found.by_reservation.sum(axis=0)
    assert (covered + found.on_demand.sum(axis=0) == found.whole.sum(axis=0)).all()
    assert (found.used <= found.commitments).all()
    assert (found.used >= 0).all()
    assert (found.on_demand >= 0).all()
    assert (found.reserved_used <= found.reserved_units).all()
