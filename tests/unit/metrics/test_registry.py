"""The series registry: ids, searches, scope, paging, and rows that no write has carried yet."""

import random
from unittest.mock import patch

import numpy as np
import pytest
from tests.unit.metrics.conftest import Room, run

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.tags import make_tags
from trimtab.metrics.model import VALUE_ROW, Identity, Kind, MetricBatch, SeriesQuery
from trimtab.metrics.registry import SeriesRegistry, covers
from trimtab.metrics.series_order import sort_key


def identity(namespace: str = "ns", name: str = "m", account: str = "1", region: str = "eu", **tags: str) -> Identity:
    return Identity(account, region, namespace, name, make_tags(tags))


def names(room: Room, scope: Scope = EVERYTHING, **query: object) -> list[str]:
    return [series.identity.name for series in room.registry.find(scope, SeriesQuery(**query))]


def value_rows(*points: tuple[int, int, float]) -> np.ndarray:
    return np.array([(series, time, value, 1.0) for series, time, value in points], dtype=VALUE_ROW)


def test_an_identity_keeps_its_id(room: Room) -> None:
    first = room.registry.add(identity(host="a"))
    assert identity(host="a").series_id() == first == room.registry.add(identity(host="a"))
    assert first != room.registry.add(identity(host="b"))
    series = room.registry.get(first)
    assert series is not None
    assert {"host": "a"} == series.dimensions
    assert room.clock.now_ms() == series.first_seen_ms
    assert room.registry.get(1) is None


def test_the_series_of_a_metric_lie_together() -> None:
    ids = sorted((identity(name=name, host=str(host)).series_id(), name) for name in ("a", "b") for host in range(50))
    names = [name for _, name in ids]
    assert names in (["a"] * 50 + ["b"] * 50, ["b"] * 50 + ["a"] * 50)
    assert 100 == len({series_id for series_id, _ in ids})


def test_ids_that_collide_probe_to_the_next_and_stay_there(room: Room) -> None:
    with (
        patch("trimtab.metrics.model.hash64", return_value=2**64 - 1),
        patch("trimtab.metrics.model._metric") as metric,
    ):
        metric.return_value = 2**64 - 2**44
        ids = [room.registry.add(identity(name=name)) for name in ("a", "b", "c")]
        assert [2**64 - 1, 1000, 1001] == ids  # those below stand for rules
        run(room.ingest.write(MetricBatch(values=value_rows(*((series, 5, 1.0) for series in ids)))))
        reopened = room.reopened().registry
        assert ids == [reopened.add(identity(name=name)) for name in ("a", "b", "c")]


def test_a_new_resource_is_the_same_series_and_is_logged_again(room: Room) -> None:
    plain = Identity("1", "eu", "ns", "m", ())
    series_id = room.registry.add(plain)
    room.registry.take_unlogged()
    named = Identity("1", "eu", "ns", "m", (), resource="host/1/eu/host/a")
    assert series_id == room.registry.add(named) == room.registry.add(plain)
    assert [series_id] == list(room.registry.take_unlogged())
    series = room.registry.get(series_id)
    assert series is not None
    assert "host/1/eu/host/a" == series.identity.resource
    room.registry.add(named)
    assert {} == room.registry.take_unlogged()


def test_text_that_no_reader_could_decode_is_refused(room: Room) -> None:
    with pytest.raises(InvalidInput, match="half of a surrogate pair"):
        room.registry.add(identity(host="\ud800"))
    assert 0 == len(room.registry)


def test_load_restores_series_and_activity(room: Room) -> None:
    now = room.clock.now_ms()
    dimensions = {"host": 'ü\n"\\/\x00\x1f😀', "empty": "", "x" * 200: "y" * 300}
    series_id = room.registry.add(Identity("1", "eu", "ns", "m", make_tags(dimensions), "Bytes", Kind.EVENTS, "res"))
    run(room.ingest.write(MetricBatch(values=value_rows((series_id, now - 5000, 1.0), (series_id, now - 9000, 1.0)))))
    loaded = room.reopened().registry
    assert room.registry.get(series_id) == loaded.get(series_id)
    series = loaded.get(series_id)
    assert series is not None
    assert (now, now - 5000) == (series.first_seen_ms, series.last_seen_ms)
    assert {} == loaded.take_unlogged()


def test_find_filters_by_every_part(room: Room) -> None:
    for name in ("cpu", "mem"):
        for host in ("a", "b"):
            room.registry.add(identity(name=name, host=host))
    room.registry.add(identity(name="bare"))
    room.registry.add(identity(name="cpu", host="a", core="0"))
    room.registry.add(Identity("1", "eu", "other", "cpu", (), "Percent", Kind.GAUGE))
    assert ["bare", "cpu", "cpu", "cpu", "mem", "mem", "cpu"] == names(room)
    assert ["cpu", "cpu", "cpu"] == names(room, namespace="ns", name="cpu")
    assert ["cpu", "cpu", "mem"] == names(room, dimensions=(("host", "a"),))
    assert ["cpu", "mem"] == names(room, dimensions=(("host", "a"),), exact=True)
    assert ["bare"] == names(room, namespace="ns", exact=True)
    assert ["cpu"] == names(room, dimension_names=("core",))
    assert ["cpu"] == names(room, unit="Percent")
    assert ["cpu"] == names(room, kinds=frozenset((Kind.GAUGE,)))
    assert [] == names(room, namespace="absent")
    assert [] == names(room, dimensions=(("host", "zzz"),))


def test_free_text_finds_by_tokens_whatever_the_case(room: Room) -> None:
    for series in (
        identity("AWS/EC2", "CPUUtilization", InstanceId="i-0a"),
        identity("AWS/EC2", "NetworkOut", InstanceId="i-0a"),
        identity("app", "latency", Stage="prod-EU"),
    ):
        room.registry.add(series)
    assert ["CPUUtilization"] == names(room, text="cpu")
    assert ["CPUUtilization"] == names(room, text="cpuutilization instanceid")
    assert ["CPUUtilization", "NetworkOut"] == names(room, text="ec2")
    assert ["NetworkOut"] == names(room, text="EC2 out")
    assert ["latency"] == names(room, text="stage prod eu")
    assert [] == names(room, text="cpu out")
    assert [] == names(room, text="util")


def test_scope_bounds_accounts_regions_and_rows(room: Room) -> None:
    room.registry.add(identity(name="a", account="1", team="x"))
    room.registry.add(identity(name="b", account="2", team="x"))
    room.registry.add(identity(name="c", account="1", region="us", team="y"))
    room.registry.add(identity(name="d", account="1"))
    assert ["a", "c", "d"] == names(room, Scope(accounts=frozenset("1")))
    assert ["a", "d"] == names(room, Scope.of("1", "eu"))
    assert ["a"] == names(room, Scope.of("1", "eu"), namespace="ns", name="a")
    assert [] == names(room, Scope.of("2", "eu"), namespace="ns", name="a")
    rule = Scope(rows=(RowRule("team", frozenset(("x", "z"))),))
    assert ["a", "b"] == names(room, rule)
    assert {"ns": {"a": 1, "b": 1}} == room.registry.names(rule)
    assert [] == names(room, Scope(accounts=frozenset()))
    for series in room.registry.find(EVERYTHING, SeriesQuery()):
        assert (series.identity.name in names(room, rule)) == covers(rule, series.identity)


def test_a_rule_takes_series_without_the_tag_that_name_its_machines(room: Room) -> None:
    room.registry.add(identity(name="tagged", team="x"))
    room.registry.add(identity(name="named", **{"host.id": "i-1"}))
    room.registry.add(identity(name="other", **{"host.id": "i-2"}))
    room.registry.add(identity(name="theirs", team="y", **{"host.id": "i-1"}))
    room.registry.add(identity(name="cloudwatch", InstanceId="i-1"))
    room.registry.add(identity(name="bare"))
    rule = Scope(rows=(RowRule("team", frozenset("x"), frozenset(("i-1", "i-9"))),))
    assert ["cloudwatch", "named", "tagged"] == sorted(names(room, rule))
    assert ["tagged"] == names(room, Scope(rows=(RowRule("team", frozenset("x")),)))
    for series in room.registry.find(EVERYTHING, SeriesQuery()):
        assert (series.identity.name in names(room, rule)) == covers(rule, series.identity)


def test_names_counts_series(room: Room) -> None:
    room.registry.add(identity("b", "y"))
    room.registry.add(identity("a", "x", host="1"))
    room.registry.add(identity("a", "x", host="2", account="2"))
    assert {"a": {"x": 2}, "b": {"y": 1}} == room.registry.names(EVERYTHING)
    assert ["a", "b"] == list(room.registry.names(EVERYTHING))
    assert {"a": {"x": 1}} == room.registry.names(Scope(accounts=frozenset("2")))
    assert {("b", "y"), ("a", "x")} == room.registry.names_since(0)
    assert {("a", "x")} == room.registry.names_since(1) == room.registry.names_since(2)
    assert frozenset() == room.registry.names_since(3)


def test_pages_cover_everything_once_while_series_keep_coming(room: Room) -> None:
    shuffled = random.Random(3)
    pending = [identity(name=f"n{at % 7}", host=str(at)) for at in range(300)]
    shuffled.shuffle(pending)
    before = {room.registry.add(pending.pop()) for _ in range(100)}
    seen: list[int] = []
    after = None
    while page := room.registry.find(EVERYTHING, SeriesQuery(limit=7, after=after)):
        seen += [series.id for series in page]
        after = page[-1].id
        for _ in range(min(3, len(pending))):
            room.registry.add(pending.pop())
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
    everything = room.registry.find(EVERYTHING, SeriesQuery())
    assert sorted(everything, key=lambda series: sort_key(series.identity)) == everything
    assert len(everything) == room.registry.count(EVERYTHING, SeriesQuery(limit=1)) == len(room.registry)


def test_a_page_after_nothing_known_is_refused(room: Room) -> None:
    with pytest.raises(InvalidInput, match="cannot continue the listing"):
        room.registry.find(EVERYTHING, SeriesQuery(after=5))


@pytest.mark.parametrize("number", [3, 500])
def test_the_newest_time_of_each_series_is_kept(room: Room, number: int) -> None:
    ids = [room.registry.add(identity(host=str(at))) for at in range(number)]
    times = np.arange(number, dtype=np.int64) + 1000
    room.registry.seen(np.array([*ids, *ids, 99], dtype=np.uint64), np.concatenate((times, times - 500, [1])))
    assert times.tolist() == [room.registry.get(series_id).last_seen_ms for series_id in ids]
    active = room.registry.find(EVERYTHING, SeriesQuery(active_since_ms=1000 + number - 1))
    assert [ids[-1]] == [series.id for series in active]


def test_what_a_failed_write_carried_is_carried_again(room: Room) -> None:
    registry = SeriesRegistry(room.engine, room.clock)
    first, second = registry.add(identity(name="a")), registry.add(identity(name="b"))
    taken = registry.take_unlogged()
    assert [first, second] == list(taken)
    third = registry.add(identity(name="c"))
    registry.give_back(taken)
    assert {first, second, third} == set(registry.take_unlogged())


def test_cleared_it_knows_nothing_and_starts_anew(room: Room) -> None:
    series_id = room.registry.add(identity(name="a"))
    room.registry.find(EVERYTHING, SeriesQuery())
    room.registry.clear()
    assert ([], {}, None, 0) == (
        room.registry.find(EVERYTHING, SeriesQuery()), room.registry.take_unlogged(), room.registry.get(series_id),
        len(room.registry),
    )  # fmt: skip
    assert series_id == room.registry.add(identity(name="a"))
    assert [series_id] == [series.id for series in room.registry.find(EVERYTHING, SeriesQuery())]


def test_who_follows_learns_each_series_once_and_asks_little_where_there_is_none(room: Room) -> None:
    first = room.registry.add(identity(host="a"))
    run(room.ingest.write(MetricBatch(values=value_rows((first, 5, 1.0)))))
    follower = SeriesRegistry(room.engine, room.clock)  # type: ignore[arg-type]
    assert {("ns", "m")} == run(follower.follow())
    room.engine.queries.clear()
    assert frozenset() == run(follower.follow())
    assert 1 == len(room.engine.queries) == len(follower)
    assert "metric_series FINAL" not in room.engine.queries[0]
    second = room.registry.add(identity(name="later"))
    run(room.ingest.write(MetricBatch(values=value_rows((second, 5, 1.0)))))
    assert {("ns", "later")} == run(follower.follow())
    assert 2 == len(follower)


def test_a_server_that_has_loaded_follows_what_another_registers(room: Room) -> None:
    first = room.registry.add(identity(host="a"))
    run(room.ingest.write(MetricBatch(values=value_rows((first, 5, 1.0)))))
    other = SeriesRegistry(room.engine, room.clock)  # type: ignore[arg-type]
    run(other.load())
    own = other.add(identity(name="own"))
    room.clock.advance(3600)
    second = room.registry.add(identity(name="later"))
    run(room.ingest.write(MetricBatch(values=value_rows((second, 5, 1.0)))))
    room.engine.queries.clear()
    run(other.share())
    assert {"m", "own", "later"} == {one.identity.name for one in other.find(EVERYTHING, SeriesQuery())}
    assert own == other.add(identity(name="own"))
    assert other._followed_ms == room.clock.now_ms(), "it would ask for what it knows again and again"


def test_a_series_of_another_server_is_active_from_its_first_moment_and_while_it_has_points(room: Room) -> None:
    other = SeriesRegistry(room.engine, room.clock)  # type: ignore[arg-type]
    run(other.load())
    seen_ms = room.clock.now_ms()
    series = room.registry.add(identity())
    run(room.ingest.write(MetricBatch(values=value_rows((series, seen_ms, 1.0)))))
    run(other.share())

    def active(since_ms: int) -> int:
        return len(other.find(EVERYTHING, SeriesQuery(active_since_ms=since_ms)))

    assert (1, 0) == (active(seen_ms), active(seen_ms + 1))
    room.clock.advance(7200)
    run(room.ingest.write(MetricBatch(values=value_rows((series, room.clock.now_ms(), 1.0)))))
    run(other.share())
    assert 1 == active(room.clock.now_ms())
    room.engine.queries.clear()
    run(other.share())
    assert not [sql for sql in room.engine.queries if "metric_values" in sql], "points are read every hour only"
