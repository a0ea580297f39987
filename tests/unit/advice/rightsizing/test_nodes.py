"""GPU nodes that only schedulers and exporters know: sized by what they tell, or named with the reason."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.unit.advice.rightsizing.conftest import ACCOUNT, NOW_MS, REGION, Place, steady
from tests.unit.advice.rightsizing.test_room import kept

from trimtab.access.scope import EVERYTHING
from trimtab.advice.rightsizing.host_use import WHOLE, of_hosts
from trimtab.advice.rightsizing.model import Axis, Finding, Kind, Option
from trimtab.advice.rightsizing.nodes import HostSeries, Nodes
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.rightsizing.settings import USABLE
from trimtab.advice.rightsizing.use import DAY_MS, LEVELS, DailyUse
from trimtab.base.records import replace
from trimtab.fleet.money import MachineFacts
from trimtab.metrics.model import Kind as SeriesKind

CLUSTER = "train"
GIB = float(1 << 30)


class Ledger:
    """A ledger that knows machines."""

    def __init__(self, **known: MachineFacts) -> None:
        self.facts = {f"{ACCOUNT}/{CLUSTER}/{name.replace('_', '-')}": one for name, one in known.items()}
        self.asked: list[tuple[int, int]] = []

    async def frame(self, scope: Any, start_ms: int, end_ms: int) -> Any:
        self.asked.append((start_ms, end_ms))
        return SimpleNamespace(facts=self.facts, machines=tuple(self.facts))


def facts(devices: int, type_: str, *bill: str) -> MachineFacts:
    return MachineFacts(devices, "", type_, REGION, bill)


def with_nodes(place: Place, ledger: Any, state: Any) -> Place:
    means = replace(place.room.means, nodes=Nodes(ledger, place.inventory, place.registry))
    place.room = RightsizingRoom.of(state, place.room.clock, means)
    return place


def node(place: Place, name: str, active: list[float], cpu: float) -> None:
    """What its agent says of its processors and memory, and its exporter of each GPU."""
    host = {"host.name": name}
    place.measure(
        "trimtab/Host", "system.cpu.utilization", steady(1 - cpu), SeriesKind.GAUGE, **host, **{"cpu.mode": "idle"}
    )
    place.measure(
        "trimtab/Host", "system.memory.utilization", steady(0.1), SeriesKind.GAUGE, **host,
        **{"system.memory.state": "used"},
    )  # fmt: skip
    for at, level in enumerate(active):
        gpu = {"Hostname": name, "gpu": str(at), "UUID": f"GPU-{name}-{at}"}
        place.measure("", "DCGM_FI_PROF_SM_ACTIVE", steady(level), SeriesKind.GAUGE, **gpu)
        place.measure("", "DCGM_FI_DEV_FB_USED", steady(23000 if level else 512), SeriesKind.GAUGE, **gpu)


@pytest.fixture
def judged(place: Place, state: Any) -> dict[str, Any]:
    ledger = Ledger(
        g5_01=facts(4, "g5.12xlarge", "i-01"),
        g5_02=facts(4, "g5.12xlarge", "i-02"),
        g5_03=facts(4, "g5.12xlarge", "i-03"),
        own_01=facts(8, ""),
    )
    with_nodes(place, ledger, state)
    node(place, "g5-01", [0.0, 0.4, 0.0, 0.0], 0.05)
    node(place, "g5-02", [0.4, 0.3, 0.5, 0.2], 0.05)
    return kept(place, Kind.INSTANCE)


def test_a_node_whose_gpus_mostly_idle_is_too_large_and_one_whose_gpus_all_compute_is_not(
    judged: dict[str, Any],
) -> None:
    """Four GPUs that each compute at 20 to 50 % are four GPUs; three that do nothing are none."""
    large, busy = judged["i-01"], judged["i-02"]
    assert large.finding is Finding.OVER
    assert large.advised[0].option.facts["gpus"] == 1
    assert large.used[Axis.GPU] == pytest.approx(0.9 / 4, abs=0.02)
    assert busy.used[Axis.GPU] == pytest.approx(0.9, abs=0.05)
    assert not any(one.option.facts["gpus"] < 4 for one in busy.advised)
    assert (large.subject.name, large.subject.account, large.subject.path) == (
        "g5-01", ACCOUNT, f"train/{ACCOUNT}/{REGION}/node/g5-01",
    )  # fmt: skip
    assert large.observed[Axis.CPU] == pytest.approx(0.05 + 0.95 * 0.05, abs=0.08)


def test_what_cannot_be_judged_is_named_with_the_reason(judged: dict[str, Any]) -> None:
    assert set(judged) == {"i-01", "i-02", "i-03", "own-01"}
    assert judged["i-03"].finding is judged["own-01"].finding is Finding.UNAVAILABLE
    assert judged["i-03"].reason == "0 hours of data; at least 30 are needed"
    assert judged["own-01"].reason == "the catalogue does not know its type"


def test_a_node_that_the_inventory_names_is_sized_once_and_by_its_host(place: Place, state: Any) -> None:
    place.machine("instance", "i-01", "g5.12xlarge", f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-01", State="running")
    with_nodes(place, Ledger(g5_01=facts(4, "g5.12xlarge", "i-01")), state)
    node(place, "g5-01", [0.0, 0.4, 0.0, 0.0], 0.05)
    [(id_, one)] = kept(place, Kind.INSTANCE).items()
    assert (id_, one.subject.path, one.finding) == (
        "i-01", f"aws/{ACCOUNT}/{REGION}/instance/i-01", Finding.OVER,
    )  # fmt: skip


def test_what_the_bill_says_of_a_node_is_known_where_the_last_days_are_not_billed_yet(place: Place, state: Any) -> None:
    told = facts(4, "g5.12xlarge", "i-01")

    class Late(Ledger):
        async def frame(self, scope: Any, start_ms: int, end_ms: int) -> Any:
            if end_ms == NOW_MS:
                self.facts = {path: replace(told, region="", bill_ids=()) for path in self.facts}
            else:
                self.facts = dict.fromkeys(self.facts, told)
            return await super().frame(scope, start_ms, end_ms)

    with_nodes(place, Late(g5_01=told), state)
    [one] = asyncio.run(place.room.subjects(EVERYTHING, Kind.INSTANCE, NOW_MS))
    assert (one.id, one.region, one.type) == ("i-01", REGION, "g5.12xlarge")


def test_machines_are_those_of_the_last_two_days(place: Place, state: Any) -> None:
    ledger = Ledger(g5_01=facts(4, "g5.12xlarge", "i-01"))
    with_nodes(place, ledger, state)
    asyncio.run(place.room.judge(EVERYTHING, Kind.INSTANCE, NOW_MS - 30 * DAY_MS))
    assert ledger.asked[:2] == [
        (NOW_MS - 32 * DAY_MS, NOW_MS - 30 * DAY_MS), (NOW_MS - 60 * DAY_MS, NOW_MS - 32 * DAY_MS),
    ]  # fmt: skip


def day(*levels: float) -> DailyUse:
    """A day of series that stay at a level each."""
    quantiles = np.repeat(np.array(levels)[:, None, None], len(LEVELS), axis=2)
    return DailyUse(0, quantiles, np.array(levels)[:, None], np.ones((len(levels), 1), np.int64))


def series(many: int, scale: float = 1.0, offset: float = 0.0) -> list[HostSeries]:
    return [HostSeries(0, at, SeriesKind.GAUGE, False, scale, offset) for at in range(many)]


HOLDS = [Option("g5.12xlarge", {Axis.GPU: 4.0, Axis.GPU_MEMORY: 96.0}, None)]


def test_gpus_count_whole_and_one_that_is_silent_may_compute() -> None:
    told = of_hosts(Axis.GPU, series(3), day(0.0, 0.3, 0.02), {0: 4}, HOLDS)
    assert told.means[0, 0] == 0.9 * 2 / 4  # one computes, two do not, and of the fourth nothing is said
    assert of_hosts(Axis.GPU, series(2), day(np.nan, 0.0), {0: 2}, HOLDS).means[0, 0] == 0.9 / 2
    assert np.isnan(of_hosts(Axis.GPU, series(2), day(np.nan, np.nan), {0: 2}, HOLDS).means[0, 0])


def test_a_gpu_that_holds_memory_is_needed_and_how_much_it_holds_says_nothing() -> None:
    """Of 24 GiB each: one is full, one has a quarter, one what the driver takes, and the fourth is silent."""
    told = of_hosts(Axis.GPU_MEMORY, series(3), day(24 * GIB, 6 * GIB, 0.4 * GIB), {0: 4}, HOLDS)
    assert told.means[0, 0] == pytest.approx(0.85 * 3 / 4)


def test_processors_are_averaged_over_the_series_that_say_something() -> None:
    assert of_hosts(Axis.CPU, series(3), day(0.2, 0.4, np.nan), {0: 4}, HOLDS).means[0, 0] == pytest.approx(0.3)


def test_what_is_told_as_idle_turns_round() -> None:
    """Idle for 90 % at the 10th level of its day is busy for 10 % at the 90th."""
    levels = np.array(LEVELS)
    idle = DailyUse(0, levels[None, None, :].copy(), np.array([[0.5]]), np.ones((1, 1), np.int64))
    told = of_hosts(Axis.CPU, series(1, -1.0, 1.0), idle, {}, HOLDS)
    assert told.quantiles[0, 0] == pytest.approx(levels)
    assert told.means[0, 0] == 0.5


@pytest.mark.parametrize(("axis", "margin"), [(Axis.GPU, 1.05), (Axis.GPU_MEMORY, 1.08)])
@pytest.mark.parametrize("many", [1, 2, 4, 8])
def test_gpus_that_are_taken_fit_on_as_many_and_one_more_does_not(axis: Axis, margin: float, many: int) -> None:
    usable = many * USABLE[axis]
    assert many * WHOLE[axis] * margin <= usable
    assert (many + 1) * WHOLE[axis] > usable


def test_a_node_whose_gpus_are_full_is_not_too_small(judged: dict[str, Any]) -> None:
    """Frameworks take the memory that there is: they hold nearly all of it."""
    busy = judged["i-02"]
    assert busy.finding is not Finding.UNDER
    assert busy.used[Axis.GPU_MEMORY] <= USABLE[Axis.GPU_MEMORY]
