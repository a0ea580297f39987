"""Zones: where workers start and stop, and what the loss of one would do."""

from trimtab.scaling.targets.pool.zones import fullest, next_zone, unbalanced, without_one

ZONES = ("a", "b", "c")


def test_launches_fill_the_emptiest_zone_and_stops_empty_the_fullest() -> None:
    assert ["a", "b", "b"] == [next_zone(live, ZONES) for live in ({}, {"a": 1}, {"a": 2, "b": 1, "c": 1})]
    assert ["c", "a", None] == [fullest(live, ZONES) for live in ({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1}, {})]
    assert "b" == next_zone({"b": 3}, ("b",))  # the others are down


def test_zones_are_balanced_where_they_differ_by_more_than_one() -> None:
    assert ("a", "b") == unbalanced({"a": 3, "b": 1, "c": 2}, ZONES)
    assert unbalanced({"a": 2, "b": 1, "c": 1}, ZONES) is None


def test_the_loss_of_one_replica_and_of_one_zone_is_held_against_the_load() -> None:
    assert [] == without_one(6, {"a": 2, "b": 2, "c": 2}, 4)
    assert ["the loss of zone a would leave 4 replicas for a load that needs 5"] == without_one(
        6, {"a": 2, "b": 2, "c": 2}, 5
    )
    assert 2 == len(without_one(3, {"a": 2, "b": 1}, 3))
    assert "in one zone, a" in without_one(2, {"a": 2}, 1)[0]
