"""What to reserve: the categories that AWS's guide names, in the smallest size, by what saves most over the past."""

from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.advice.purchases import engines
from trimtab.advice.purchases.documented import ReservationTerms, best_count, reserve
from trimtab.advice.purchases.lines import line_of, size_flexible, units_of
from trimtab.advice.purchases.model import NANO, Payment, PlanKind, UseLine
from trimtab.advice.purchases.rates import Basis, Rates, Share, published
from trimtab.advice.purchases.reserving import Pool, pools, reserve_pool

ME, OTHER = "111122223333", "444455556666"
SIZES = ("m5.large", "m5.xlarge", "m5.4xlarge", "t3.nano", "t3.micro", "g5.xlarge", "g5.2xlarge", "r5.large")
HOURS = 24


def line(type_: str, price: str, **more: str) -> UseLine:
    named = {"service": "AmazonEC2", "system": "Linux", "usage": f"BoxUsage:{type_}", "engine": "", "operation": ""}
    named |= {"account": ME} | more
    key = (
        named["account"], named["service"], "us-east-1", "", type_, named["system"], named["usage"], named["engine"],
        named["operation"],
    )  # fmt: skip
    return line_of(key, D(price))


def database(type_: str, price: str, operation: str, usage: str = "InstanceUsage") -> UseLine:
    return line(
        type_,
        price,
        service="AmazonRDS",
        usage=f"{usage}:{type_}",
        operation=f"CreateDBInstance:{operation}",
        system="",
    )


def left(*uses: tuple[UseLine, object]) -> np.ndarray:
    """How many of each line ran on demand, by hour, as nano-dollars."""
    rows = [np.broadcast_to(np.asarray(ran, float), HOURS) * float(one.on_demand) * NANO for one, ran in uses]
    return np.rint(np.array(rows)).astype(np.int64)


def pooled(*uses: tuple[UseLine, object], service: str = "AmazonEC2", linked: bool = False) -> list[Pool]:
    return pools([one for one, _ in uses], left(*uses), service, SIZES, linked=linked)


def shared(rate: str, service: str = "AmazonEC2", kind: PlanKind = PlanKind.EC2_INSTANCE) -> Rates:
    return Rates([Share(kind, 1, one, service, "*", D(rate), Basis.OWN, "", "agreed") for one in Payment])


def test_a_family_of_linux_is_reserved_in_its_smallest_size_whether_that_ran_or_not() -> None:
    [pool] = pooled((line("m5.xlarge", "0.192"), 3), (line("m5.4xlarge", "0.768"), 1))
    assert ("m5.large", D("0.096"), True) == (pool.line.type, pool.line.on_demand, pool.flexible)
    assert pool.machines.tolist() == pytest.approx([3 * 2 + 8] * HOURS)
    advised = reserve_pool(pool, shared("0.6"), 1, Payment.ALL_UPFRONT)
    assert advised is not None
    assert (14, 1) == (advised.advice.count, advised.advice.utilisation)
    assert advised.advice.upfront == 14 * D("0.096") * D("0.6") * 8760


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (line("m5.large", "0.188", system="Windows"), line("m5.xlarge", "0.376", system="Windows")),
        (line("g5.xlarge", "1.006"), line("g5.2xlarge", "1.212")),
        (line("m5.large", "0.1", usage="DedicatedUsage:m5"), line("m5.xlarge", "0.2", usage="DedicatedUsage:m5")),
    ],
)  # fmt: skip
def test_what_is_not_flexible_is_reserved_as_it_ran(one: UseLine, other: UseLine) -> None:
    found = pooled((one, 2), (other, 3))
    told = {(pool.line.type, float(pool.machines.mean()), pool.flexible) for pool in found}
    assert {(one.type, 2.0, False), (other.type, 3.0, False)} == told


def test_systems_tenancies_and_linked_accounts_are_apart() -> None:
    uses = (
        (line("m5.large", "0.1"), 1),
        (line("m5.large", "0.1", account=OTHER), 2),
        (line("m5.large", "0.2", system="RHEL"), 1),
        (line("m5.large", "0.11", usage="DedicatedUsage:m5.large"), 1),
    )
    assert [1.0, 1.0, 3.0] == sorted(float(one.machines.mean()) for one in pooled(*uses))
    assert sorted([ME, ME, ME, OTHER]) == sorted(one.account for one in pooled(*uses, linked=True))
    lines, ran = [one for one, _ in uses], left(*uses)
    assert [OTHER] == [one.account for one in pools(lines, ran, "AmazonEC2", SIZES, linked=True, account=OTHER)]


def test_databases_are_told_apart_by_engine_edition_licence_and_deployment() -> None:
    found = pooled(
        (database("db.m5.xlarge", "0.342", "0014"), 1),
        (database("db.m5.large", "0.342", "0014", "Multi-AZUsage"), 1),
        (database("db.m5.large", "0.5", "0012"), 1),
        (database("db.m5.xlarge", "1.0", "0012"), 1),
        (database("db.m5.large", "0.3", "0019"), 1),
        service="AmazonRDS",
    )
    told = {(one.line.platform, one.line.type, one.standby, one.flexible, float(one.machines.mean())) for one in found}
    assert told == {
        ("PostgreSQL", "db.m5.large", False, True, 2.0),
        ("PostgreSQL", "db.m5.large", True, True, 1.0),
        ("SQL Server Standard (LI)", "db.m5.large", False, False, 1.0),
        ("SQL Server Standard (LI)", "db.m5.xlarge", False, False, 1.0),
        ("Oracle Standard Two (BYOL)", "db.m5.large", False, True, 1.0),
    }
    assert {8} == {one.line.units for one in found if one.standby}  # twice those of one in one zone


def test_a_class_of_databases_has_no_nano() -> None:
    [pool] = pooled((database("db.t3.medium", "0.068", "0002"), 1), service="AmazonRDS")
    assert ("db.t3.micro", D("0.017"), 4.0) == (pool.line.type, pool.line.on_demand, float(pool.machines.mean()))


@pytest.mark.parametrize(
    ("service", "type_", "flexible"),
    [("AmazonElastiCache", "cache.r5.xlarge", True), ("AmazonRedshift", "ra3.4xlarge", False),
     ("AmazonES", "r5.xlarge.search", False), ("AmazonMemoryDB", "db.r5.xlarge", True)],
)  # fmt: skip
def test_other_services_by_their_own_rules(service: str, type_: str, flexible: bool) -> None:
    [pool] = pooled((line(type_, "0.4", service=service, operation="CreateCacheCluster:0002"), 1), service=service)
    assert flexible is pool.flexible
    for payment in Payment:
        assert reserve_pool(pool, Rates(published()), 1, payment) is not None


def test_capacity_is_reserved_in_blocks_of_a_hundred_units() -> None:
    writes = line("", "0.00065", service="AmazonDynamoDB", usage="USE1-WriteCapacityUnit-Hrs")
    reads = line("", "0.00013", service="AmazonDynamoDB", usage="ReadCapacityUnit-Hrs")
    replicated = line("", "0.00098", service="AmazonDynamoDB", usage="ReplWriteCapacityUnit-Hrs")
    found = {
        one.capacity: one for one in pooled((writes, 250), (reads, 90), (replicated, 500), service="AmazonDynamoDB")
    }
    assert {"WCU", "RCU"} == set(found)
    advised = reserve_pool(found["WCU"], Rates(published()), 1, Payment.PARTIAL_UPFRONT)
    assert advised is not None
    assert (3, D("0.833333333333")) == (advised.advice.count, advised.advice.utilisation)  # half a block pays already
    assert reserve_pool(found["WCU"], Rates(published()), 1, Payment.ALL_UPFRONT) is None  # it is not sold so


def test_the_hours_looked_at_cost_what_is_reserved_and_what_ran_beyond_it() -> None:
    ran = np.array([4.0] * 12 + [2.0] * 12)
    [pool] = pooled((line("m5.large", "0.1"), ran))
    advised = reserve_pool(pool, shared("0.6"), 1, Payment.NO_UPFRONT)
    assert advised is not None
    assert 2 == advised.advice.count  # the other two are needed half the time, below the share of 0.6
    assert advised.lookback_cost == D("0.06") * 2 * HOURS + 2 * 12 * D("0.1")
    assert advised.on_demand == 3 * D("0.1") * 730
    assert (D(0), D(0)) == (advised.advice.upfront, advised.advice.break_even_months)


def test_convertible_reservations_have_the_rates_of_compute_plans() -> None:
    [pool] = pooled((line("m5.large", "0.1"), 1))
    rates = Rates([*shared("0.6").all(), *shared("0.7", kind=PlanKind.COMPUTE).all()])
    found = [reserve_pool(pool, rates, 1, Payment.NO_UPFRONT, convertible=one) for one in (False, True)]
    assert [D("0.06"), D("0.07")] == [one.hourly for one in found if one is not None]


@given(st.lists(st.floats(0, 12), min_size=1, max_size=40), st.floats(0.05, 1.2))
def test_no_other_count_saves_more(ran: list[float], share: float) -> None:
    terms = ReservationTerms(D(0), D(str(round(share * 73, 4))))
    running = np.array(ran)
    best = best_count(running, D("0.1"), terms)
    for count in range(1, int(np.ceil(running.max())) + 2):
        used = D(str(float(np.minimum(running, count).mean() / count)))
        assert reserve(count, used, D("0.1"), terms).savings <= best.savings + D("1e-6")


def test_sizes_and_codes_are_those_of_awss_tables() -> None:
    """EC2 User Guide, "Normalization factors for bare metal instances" and the limitations of size flexibility."""
    metal = {"a1": 32, "m5zn": 96, "z1d": 96, "i3": 128, "c6g": 128, "c5n": 144, "m5": 192, "r5d": 192, "c6i": 256}
    assert {name: units_of(f"{name}.metal") for name in metal} == metal
    assert [units_of(one) for one in ("r7i.metal-24xl", "r7i.metal-48xl", "x9.metal")] == [192, 384, 1]
    fixed = ("g4ad", "g5g", "g6f", "gr6f", "hpc7a", "inf2", "p5", "u7i-6tb", "u7i-8tb")
    assert not any(size_flexible("AmazonEC2", "Linux", one) for one in fixed)
    assert size_flexible("AmazonEC2", "Linux", "u7i-12tb")
    words = {
        code: engines.of("AmazonRDS", "", f"CreateDBInstance:{code}")
        for code in ("0005", "0012", "0020", "0028", "0035")
    }
    assert words == {
        "0005": "Oracle Enterprise (BYOL)", "0012": "SQL Server Standard (LI)", "0020": "Oracle Standard Two (LI)",
        "0028": "Db2 Standard (BYOL)", "0035": "Db2 Advanced (Marketplace)",
    }  # fmt: skip
    assert [engines.size_flexible(words[code]) for code in words] == [True, False, False, True, True]
    caches = {
        code: engines.of("AmazonElastiCache", "", f"CreateCacheCluster:{code}") for code in ("0001", "0002", "Valkey")
    }
    assert caches == {"0001": "Memcached", "0002": "Redis", "Valkey": "Valkey"}
