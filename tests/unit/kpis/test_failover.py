import numpy as np
import pytest

from trimtab.kpis.failover import NodeLoad, check

DAY = np.array([2.0, 4.0, 8.0, 10.0, 6.0, 3.0, 8.0, 9.0])


def nodes(number: int, utilisation: float | None = None, zones: int = 0) -> dict[str, NodeLoad]:
    used = None if utilisation is None else DAY / DAY.max() * utilisation
    return {f"n{at}": NodeLoad(DAY, used, f"z{at % zones}" if zones else "") for at in range(number)}


def test_what_a_node_can_serve_may_be_given() -> None:
    found = check(nodes(3), capacity=20)
    assert found.head_room == pytest.approx((40 - 30) / 30)
    assert "as given" in found.assumption
    assert check(nodes(3), capacity=12).head_room == pytest.approx((24 - 30) / 30)


def test_capacity_follows_from_utilisation_at_the_busiest() -> None:
    found = check(nodes(4, utilisation=0.4))
    # 10/s at 40 % is 20/s at 80 %: three nodes left hold 60 of 40
    assert found.head_room == pytest.approx((60 - 40) / 40)
    assert check(nodes(4, utilisation=0.9)).head_room == pytest.approx((3 * 10 / 0.9 * 0.8 - 40) / 40)


def test_the_most_that_was_seen_only_proves_that_it_holds() -> None:
    found = check(nodes(3))
    assert found.head_room is None
    assert "may or may not hold" in found.reason
    apart = {
        "a": NodeLoad(np.array([9.0, 0, 0])),
        "b": NodeLoad(np.array([0, 9.0, 0])),
        "c": NodeLoad(np.array([0, 0, 9.0])),
    }
    assert check(apart).head_room == pytest.approx(1.0)


def test_the_worst_zone_counts() -> None:
    found = check(nodes(5, utilisation=0.4, zones=2), by_zone=True)
    assert found.worst == "z0"  # three of the five nodes
    assert found.head_room == pytest.approx((40 - 50) / 50)


def test_of_a_single_node_the_head_room_is_unknown_because_nothing_is_left() -> None:
    found = check(nodes(1, utilisation=0.1))
    assert (found.head_room, found.alone) == (None, True)
    assert "all of it runs on one node, n0: nothing could take over" == found.reason
    zone = check(nodes(3, utilisation=0.1, zones=1), by_zone=True)
    assert (zone.head_room, zone.reason) == (None, "all of it runs in one zone, z0: nothing could take over")
    assert not check(nodes(2, utilisation=0.1)).alone


def test_what_is_not_known_is_said() -> None:
    assert check({}).reason == "no node served anything"
    assert "does not say its zone" in check(nodes(2, utilisation=0.3), by_zone=True).reason
    assert check({"a": NodeLoad(np.full(3, np.nan))}).head_room is None
