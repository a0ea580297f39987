"""Insights: a rate that is new against seven days is found once, with its end; a usual one is not."""

import pytest

from made_audit import record
from trimtab.access.scope import EVERYTHING
from trimtab.audit.conditions import AuditQuery
from trimtab.audit.insights.detect import BASELINE_MS, LEAST, MINUTE_MS, chance, episodes
from trimtab.audit.model import INSIGHT, AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import ManualClock

pytestmark = pytest.mark.anyio
NOW = 1_764_072_000_000
DAY = 86_400_000


def test_a_burst_after_quiet_is_one_episode() -> None:
    minutes = [(NOW + n * MINUTE_MS, calls) for n, calls in enumerate((2, 30, 25, 1, 40, 2))]
    (one,) = episodes(minutes, NOW, NOW + 30 * MINUTE_MS)
    assert (one.start_ms, one.end_ms, one.calls, one.busiest) == (NOW + MINUTE_MS, NOW + 5 * MINUTE_MS, 96, 40)


def test_an_episode_that_may_go_on_has_no_end_yet() -> None:
    (one,) = episodes([(NOW, 50)], NOW, NOW + 2 * MINUTE_MS)
    assert one.end_ms is None


def test_what_happens_every_day_is_usual() -> None:
    daily = [(NOW - n * DAY, 50) for n in range(6, 0, -1)]
    assert episodes([*daily, (NOW, 70)], NOW, NOW + DAY) == []
    assert len(episodes([*daily, (NOW, 76)], NOW, NOW + DAY)) == 1


def test_what_is_older_than_the_baseline_does_not_count() -> None:
    assert len(episodes([(NOW - BASELINE_MS - MINUTE_MS, 500), (NOW, 20)], NOW, NOW + DAY)) == 1


def test_few_calls_are_never_unusual() -> None:
    assert episodes([(NOW, LEAST - 1)], NOW, NOW + DAY) == []


def test_the_chance_is_a_bound_of_poissons_tail() -> None:
    assert chance(5, 5.0) == 1.0
    assert 1.1e-7 < chance(10, 1.0) < 1.3e-6  # the tail itself is 1.1e-7


def calls(count: int, at_ms: int, name: str, **more: object) -> list[AuditEvent]:
    return [
        event_of(record(at_ms + n, f"{name}-{at_ms}-{n}", eventName=name, **more), Origin.PUT) for n in range(count)
    ]


async def insights(room: AuditRoom) -> list[AuditEvent]:
    assert await room.reader.fresh(30)
    found = await room.reader.page(EVERYTHING, AuditQuery(facets={"category": (INSIGHT,)}), 50)
    return sorted(found.events, key=lambda one: (one.time_ms, one.name))


async def test_what_is_found_is_written_once_and_its_end_later(room: AuditRoom, clock: ManualClock) -> None:
    await room.ingest.write_new(calls(20, NOW - 4 * MINUTE_MS, "GetPasswordData", errorCode="Denied"))
    await room.insights.look()
    await room.insights.look()
    begun = await insights(room)
    assert [one.record["insightDetails"]["state"] for one in begun] == ["Start", "Start"]
    kinds = {one.record["insightDetails"]["insightType"] for one in begun}
    assert kinds == {"ApiCallRateInsight", "ApiErrorRateInsight"}
    clock.advance(15 * 60)
    await room.insights.look()
    ended = [one.record["insightDetails"] for one in await insights(room)]
    assert [one["state"] for one in ended] == ["Start", "Start", "End", "End"]
    context = ended[-1]["insightContext"]
    assert context["statistics"]["insightDuration"] == 1
    assert context["statistics"]["insight"]["average"] == 20
    who = next(one for one in context["attributions"] if one["attribute"] == "userIdentityArn")
    assert who["insight"][0]["value"].endswith(":user/alice")


async def test_what_was_imported_is_looked_at_where_it_happened(room: AuditRoom) -> None:
    long_ago = NOW - 300 * DAY
    await room.ingest.write_new(calls(30, long_ago, "PutParameter"))
    assert await room.insights.look_at(long_ago, long_ago + MINUTE_MS) == 2
    assert await room.insights.look_at(long_ago, long_ago + MINUTE_MS) == 0
