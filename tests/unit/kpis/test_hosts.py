import asyncio
from typing import Any

import pytest

from browser.pretend import GIB, build_state
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.kpis.hosts import HostSummary, first_seen_ms, summaries
from trimtab.kpis.processes import busiest, filesystems
from trimtab.metrics.model import SeriesQuery
from trimtab.web.app import WebState


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def read(state: WebState, **options: Any) -> list[HostSummary]:
    scope = options.pop("scope", EVERYTHING)
    return asyncio.run(summaries(state.reader, state.registry, scope, state.clock.now_ms(), **options))


def test_a_host_is_summed_up(clock: ManualClock) -> None:
    [host] = read(build_state(1, clock))
    assert host.name == "web-1"
    assert host.up
    assert host.cpu is not None
    assert 0 <= host.cpu <= 1
    assert host.memory_bytes == pytest.approx(16 * GIB, rel=1)
    assert host.disk_mount == "/data"
    assert host.receive is not None
    assert host.transmit is not None
    assert host.receive > host.transmit > 0
    assert host.processes is not None
    assert host.processes > 50


def test_all_hosts_take_one_read(clock: ManualClock) -> None:
    state = build_state(25, clock)
    assert len(read(state)) == 25
    assert state.reader.reads == 1  # type: ignore[attr-defined]  # the pretended reader counts


def test_loopback_traffic_does_not_count(clock: ManualClock) -> None:
    [host] = read(build_state(1, clock))
    state = build_state(1, clock)
    loopback = [
        one.id
        for one in state.registry.find(EVERYTHING, SeriesQuery())
        if one.dimensions.get("network.interface.name") == "lo"
    ]
    for series in loopback:
        state.reader.levels[series] *= 1000  # type: ignore[attr-defined]  # the pretended reader's levels
    assert read(state)[0].receive == host.receive


def test_a_silent_host_is_stale_and_says_nothing_about_now(clock: ManualClock) -> None:
    [host] = read(build_state(1, clock, silent_ms=120_000))
    assert (host.up, host.cpu, host.memory) == (False, None, None)
    assert host.last_seen_ms == clock.now_ms() - 120_000


def test_a_host_silent_for_a_week_is_gone(clock: ManualClock) -> None:
    assert read(build_state(1, clock, silent_ms=8 * 86_400_000)) == []


def test_one_host_can_be_asked_for(clock: ManualClock) -> None:
    assert [host.name for host in read(build_state(3, clock), only="web-2")] == ["web-2"]


def test_a_scope_without_the_account_sees_no_host(clock: ManualClock) -> None:
    assert read(build_state(2, clock), scope=Scope(accounts=frozenset({"999"}))) == []


def test_the_first_report_is_known(clock: ManualClock) -> None:
    assert first_seen_ms(build_state(1, clock).registry, EVERYTHING) == clock.now_ms()
    assert first_seen_ms(build_state(0, clock).registry, EVERYTHING) is None


def test_the_busiest_process_comes_first(clock: ManualClock) -> None:
    state = build_state(2, clock)
    found = asyncio.run(busiest(state.reader, state.registry, EVERYTHING, clock.now_ms(), ["web-1", "web-2"], 5))
    shares = [process.cpu for process in found]
    assert len(found) == 5
    assert shares == sorted(shares, key=lambda share: -(share or 0))
    assert found[0].name == "python3"
    assert found[0].memory is not None


def test_a_process_that_ended_is_not_listed(clock: ManualClock) -> None:
    state = build_state(1, clock, silent_ms=90_000)
    assert asyncio.run(busiest(state.reader, state.registry, EVERYTHING, clock.now_ms(), ["web-1"])) == []


def test_filesystems_add_up_and_the_fullest_comes_first(clock: ManualClock) -> None:
    state = build_state(1, clock)
    found = asyncio.run(filesystems(state.reader, state.registry, EVERYTHING, clock.now_ms(), "web-1"))
    assert [one.mount for one in found] == ["/data", "/"]
    assert found[0].device == "nvme1n1"
    assert found[0].share == pytest.approx((found[0].used or 0) / ((found[0].used or 0) + (found[0].free or 0)))
