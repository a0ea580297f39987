"""Alarms that are not evaluated are told without the evaluator: a heartbeat that ends, and a message that is sent."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, update
from tests.unit.notify.receiver import Receiver, receiving

from gates import gate_of
from trimtab.alarms.lateness import late_ms
from trimtab.base.clock import ManualClock
from trimtab.base.errors import SetupError, Unavailable
from trimtab.base.records import replace
from trimtab.jobs.lock import Lock
from trimtab.notify.channels import ChannelStore, Wish
from trimtab.settings import Settings, load
from trimtab.store.state.database import State
from trimtab.store.state.tables import alarm_clocks
from trimtab.stores import JOBS
from trimtab.wiring.evaluation_watch import LATE_MS, EvaluationWatch


class World:
    """A server whose clock of evaluations is set by hand; `run` runs a coroutine."""

    def __init__(self, state: State, receiver: Receiver) -> None:
        self.state, self.clock, self.receiver = state, ManualClock(), receiver
        self.gate = gate_of(state, self.clock)
        self.beats = 0
        self.runner = asyncio.Runner()
        self.watch = replace(EvaluationWatch.of(Settings(), state, self.gate, self.clock), ask=self._ask)
        self.watch._begun_s = self.clock.monotonic()
        self.lock = Lock(state, self.clock, JOBS)
        self.status = 200

    def _ask(self) -> int:
        self.beats += 1
        return self.status

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def evaluate(self) -> None:
        """What a round of the jobs process leaves: both clocks stand at the newest full step that is due."""
        now_ms = self.clock.now_ms()

        def write(connection: Any) -> None:
            for cadence_s, delay in ((10, 5_000), (60, 15_000)):
                at_ms = (now_ms - delay) // (1000 * cadence_s) * 1000 * cadence_s
                known = update(alarm_clocks).where(alarm_clocks.c.cadence_s == cadence_s).values(at_ms=at_ms)
                if not connection.execute(known).rowcount:
                    connection.execute(insert(alarm_clocks).values(cadence_s=cadence_s, at_ms=at_ms))

        self.state.change_sync(write)
        self.run(self.lock.renew())

    def live(self, seconds: int, *, jobs: bool, interval: int = 60) -> None:
        """Let the time pass, with the jobs process at work or stopped."""
        for _ in range(seconds):
            self.clock.advance(1)
            second = self.clock.now_ms() // 1000
            if jobs:
                self.evaluate()
            if second % 5 == 0:
                self.run(self.watch.look())
            if second % interval == 0:
                self.run(self.watch.beat())

    def add(self, name: str, *events: str) -> None:
        store = ChannelStore(self.state, self.clock, "us-east-1", self.gate)
        self.run(store.create("123456789012", Wish(name, "slack", f"{self.receiver.url}/{name}", events=events)))

    def told(self) -> list[str]:
        return [path for path, _, _ in self.receiver.requests]


@pytest.fixture
def world(state: State) -> Iterator[World]:
    with receiving() as receiver:
        made = World(state, receiver)
        yield made
        made.watch.sender.close()
        made.runner.close()


@pytest.mark.parametrize("interval", [20, 60])
def test_the_heartbeat_ends_within_two_intervals_of_the_jobs_and_begins_again_with_them(
    world: World, interval: int
) -> None:
    world.live(300, jobs=True, interval=interval)
    assert world.beats == 300 // interval
    world.live(2 * interval, jobs=False, interval=interval)
    before = world.beats
    world.live(300, jobs=False, interval=interval)
    assert (world.beats, world.watch.heartbeats["withheld"] > 0) == (before, True)
    world.live(2 * interval, jobs=True, interval=interval)
    assert world.beats > before


def test_that_alarms_are_not_evaluated_is_sent_without_the_jobs_process_and_once(world: World) -> None:
    world.add("ops")
    world.live(180, jobs=True)
    assert (world.told(), world.watch.problem) == ([], "")
    world.live(2 * 60, jobs=False)
    assert world.told() == ["/ops"]
    assert b"Alarms are not being evaluated" in world.receiver.requests[0][2]
    assert "not being evaluated for" in world.watch.problem
    world.live(600, jobs=False)
    assert world.told() == ["/ops"]
    world.live(10, jobs=True)
    assert world.watch.problem == ""
    world.run(world.watch.sender.turn())  # the jobs process is back, and sends
    assert b"Alarms are evaluated again" in world.receiver.requests[1][2]


def test_it_goes_to_the_channels_that_want_it_where_some_do(world: World) -> None:
    world.add("ops")
    world.add("watch", "alarm.*")
    world.live(180, jobs=True)
    world.live(120, jobs=False)
    assert world.told() == ["/watch"]


def test_a_machine_that_slept_and_catches_up_tells_nothing(world: World) -> None:
    world.add("ops")
    world.live(180, jobs=True)
    world.clock.at_ms += 8 * 3_600_000  # the wall clock moves on while nothing runs; the monotonic one does not
    world.live(15, jobs=False)
    world.live(60, jobs=True)
    assert (world.told(), world.watch.problem) == ([], "")


def test_a_start_has_its_time_and_alarms_that_were_never_evaluated_are_told_after_it(world: World) -> None:
    world.add("ops")
    world.live(119, jobs=False)
    assert (world.watch.problem, world.told()) == ("", [])
    world.live(31, jobs=False)
    assert "since this server started" in world.watch.problem
    assert world.told() == ["/ops"]


def test_while_the_jobs_process_lives_it_sends_what_waits(world: World) -> None:
    world.add("ops")
    world.live(180, jobs=True)
    for _ in range(24):
        world.run(world.lock.renew())  # alive, but its evaluator hangs
        world.live(5, jobs=False)
    assert world.told() == []
    world.run(world.watch.sender.turn())
    assert world.told() == ["/ops"]


def test_a_receiver_of_heartbeats_that_fails_is_counted_and_said(world: World) -> None:
    world.live(60, jobs=True, interval=1000)
    world.status = 500
    with pytest.raises(Unavailable, match="its receiver answered 500"):
        world.run(world.watch.beat())

    def away() -> int:
        raise Unavailable("cannot reach it")

    world.watch.ask = away
    with pytest.raises(Unavailable, match="cannot send the heartbeat: cannot reach it"):
        world.run(world.watch.beat())
    assert world.watch.heartbeats == {"failed": 2}


def test_the_heartbeat_asks_the_url_of_the_settings_which_needs_no_entry(state: State) -> None:
    with receiving() as receiver:
        settings = Settings(heartbeat_url=f"{receiver.url}/ping")
        watch = EvaluationWatch.of(settings, state, gate_of(state), ManualClock())
        assert watch.ask is not None
        assert watch.ask() == 200
        assert receiver.gets == ["/ping"]
        assert [job.name for job in watch.jobs(60)] == ["watch the evaluation of alarms", "send the heartbeat"]
        assert [job.seconds for job in watch.jobs(60)][1] == 60
        watch.sender.close()
    with pytest.raises(SetupError, match="a URL of the settings"):
        EvaluationWatch.of(Settings(heartbeat_url="x"), state, gate_of(state), ManualClock())
    with pytest.raises(SetupError, match="expected 20 to 86399"):
        load({"TRIMTAB_HEARTBEAT_INTERVAL_S": "19"})


def test_lateness_is_of_the_cadence_that_is_behind(world: World) -> None:
    assert world.run(late_ms(world.state, world.clock.now_ms())) is None
    world.evaluate()
    assert world.run(late_ms(world.state, world.clock.now_ms())) == 0
    at = alarm_clocks.c.at_ms
    slow = update(alarm_clocks).where(alarm_clocks.c.cadence_s == 60).values(at_ms=at - 600_000)
    world.state.change_sync(lambda connection: connection.execute(slow))
    found = world.run(late_ms(world.state, world.clock.now_ms()))
    assert 540_000 < found <= 600_000
    assert found > LATE_MS
