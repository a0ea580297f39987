"""A shared machine's time is divided exactly, and cost with it."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from trimtab.costs.apportion import apportion
from trimtab.economics.rules.model import SharePolicy
from trimtab.economics.shared.model import Holding, Machine, Outage, Part, Sharing, Use
from trimtab.economics.shared.split import split_machine

HOUR = 3_600_000
ALLOCATED, USED = SharePolicy.ALLOCATED, SharePolicy.USED

moments = st.integers(-HOUR, 2 * HOUR)
portions = st.fractions(0, 1, max_denominator=50)
holdings = st.builds(
    Holding,
    device=st.sampled_from(["g0", "g1", "g9"]),
    owner=st.sampled_from(["ads", "search", "data"]),
    start_ms=moments,
    end_ms=moments,
    sharing=st.sampled_from(Sharing),
    part=st.fractions(Fraction(1, 7), 1, max_denominator=7),
    active=st.none() | portions,
    sm_share=st.none() | portions,
)
outages = st.builds(Outage, device=st.sampled_from(["g0", "g1"]), start_ms=moments, end_ms=moments)


@given(st.lists(holdings, max_size=8), st.lists(outages, max_size=2), st.sampled_from(SharePolicy))
def test_parts_add_up_to_gpus_times_time_and_cost_to_the_last_digit(
    held: list[Holding], down: list[Outage], policy: SharePolicy
) -> None:
    parts = split_machine(Machine(("g0", "g1"), held, down), 0, HOUR, policy)
    assert 2 * HOUR == sum(part.gpu_ms for part in parts)
    assert all(part.gpu_ms > 0 for part in parts)
    cost = Decimal("98.320000000001")
    assert cost == sum(apportion(cost, [part.gpu_ms for part in parts]))


def test_the_holder_pays_for_idle_and_it_is_its_own_line() -> None:
    machine = Machine(("g0", "g1"), [Holding("g0", "ads", 0, HOUR, active=Fraction(1, 4))])
    assert [
        Part("", Use.UNALLOCATED, Fraction(HOUR)),
        Part("ads", Use.ACTIVE, Fraction(HOUR, 4)),
        Part("ads", Use.IDLE, Fraction(3 * HOUR, 4)),
    ] == split_machine(machine, 0, HOUR, ALLOCATED)


def test_by_measured_use_idle_belongs_to_nobody() -> None:
    machine = Machine(("g0",), [Holding("g0", "ads", 0, HOUR, active=Fraction(1, 4))])
    expected = [Part("", Use.IDLE, Fraction(3 * HOUR, 4)), Part("ads", Use.ACTIVE, Fraction(HOUR, 4))]
    assert expected == split_machine(machine, 0, HOUR, USED)


def test_by_measured_use_what_nobody_measured_is_held_and_marked() -> None:
    machine = Machine(("g0",), [Holding("g0", "ads", 0, HOUR)])
    assert [Part("ads", Use.HELD, Fraction(HOUR), assumed=True)] == split_machine(machine, 0, HOUR, USED)
    assert [Part("ads", Use.HELD, Fraction(HOUR))] == split_machine(machine, 0, HOUR, ALLOCATED)


def test_mig_goes_by_slice() -> None:
    held = [
        Holding("g0", "ads", 0, HOUR, Sharing.MIG, Fraction(3, 7)),
        Holding("g0", "search", 0, HOUR // 2, Sharing.MIG, Fraction(2, 7)),
    ]
    assert [
        Part("", Use.UNALLOCATED, Fraction(3 * HOUR, 7)),
        Part("ads", Use.HELD, Fraction(3 * HOUR, 7)),
        Part("search", Use.HELD, Fraction(HOUR, 7)),
    ] == split_machine(Machine(("g0",), held), 0, HOUR, ALLOCATED)


def test_a_time_sliced_gpu_goes_by_sm_time() -> None:
    held = [
        Holding("g0", "ads", 0, HOUR, Sharing.TIME_SLICED, sm_share=Fraction(6, 10)),
        Holding("g0", "search", 0, HOUR, Sharing.TIME_SLICED, sm_share=Fraction(2, 10)),
    ]
    assert [
        Part("ads", Use.HELD, Fraction(3 * HOUR, 4)),
        Part("search", Use.HELD, Fraction(HOUR, 4)),
    ] == split_machine(Machine(("g0",), held), 0, HOUR, ALLOCATED)


def test_without_sm_time_it_goes_evenly_and_is_marked() -> None:
    held = [Holding("g0", one, 0, HOUR, Sharing.TIME_SLICED) for one in ("ads", "search")]
    parts = split_machine(Machine(("g0",), held), 0, HOUR, ALLOCATED)
    assert [("ads", Fraction(HOUR, 2), True), ("search", Fraction(HOUR, 2), True)] == [
        (part.owner, part.gpu_ms, part.assumed) for part in parts
    ]


def test_a_gpu_that_is_down_is_nobodys() -> None:
    machine = Machine(("g0",), [Holding("g0", "ads", 0, HOUR)], [Outage("g0", HOUR // 4, HOUR // 2)])
    assert [
        Part("", Use.DOWN, Fraction(HOUR, 4)),
        Part("ads", Use.HELD, Fraction(3 * HOUR, 4)),
    ] == split_machine(machine, 0, HOUR, ALLOCATED)


def test_allocated_unallocated_and_down_hours_are_gpus_times_hours() -> None:
    held = [
        Holding("g0", "ads", 0, 5 * HOUR),
        Holding("g1", "search", HOUR, 3 * HOUR),
        Holding("g2", "data", 2 * HOUR, 9 * HOUR),
    ]
    machine = Machine(("g0", "g1", "g2", "g3"), held, [Outage("g3", 0, 10 * HOUR)])
    hours: dict[str, Fraction] = {}
    for part in split_machine(machine, 0, 10 * HOUR, ALLOCATED):
        name = part.use.value if part.use in (Use.DOWN, Use.UNALLOCATED) else "allocated"
        hours[name] = hours.get(name, Fraction(0)) + part.gpu_ms / HOUR
    assert {"allocated": Fraction(14), "unallocated": Fraction(16), "down": Fraction(10)} == hours
