from dataclasses import dataclass, field
from pathlib import Path

import pytest

from trimtab.agent.delivery import LONGEST_ASKED_S, LONGEST_WAIT_S, Delivery, Source
from trimtab.agent.held import Held
from trimtab.agent.sender import Fate, Outcome
from trimtab.agent.spool import Spool
from trimtab.base.clock import ManualClock

AGAIN = Outcome(Fate.AGAIN, "cannot reach it")


@dataclass
class Script:
    """A sender that gives these outcomes in order, then delivers."""

    outcomes: list[Outcome] = field(default_factory=list)
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    closed: int = 0

    def post(self, key: str, body: bytes) -> Outcome:
        self.sent.append((key, body))
        return self.outcomes.pop(0) if self.outcomes else Outcome(Fate.DELIVERED)

    def close(self) -> None:
        self.closed += 1


@dataclass
class Bench:
    spool: Spool
    held: Held
    script: Script
    clock: ManualClock
    delivery: Delivery


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    spool, held, script, clock = Spool(tmp_path), Held(), Script(), ManualClock()
    sources = [Source(spool, "agent/"), Source(held, "agent/mrun-")]
    return Bench(spool, held, script, clock, Delivery(sources, script, clock, jitter=lambda: 1.0))


def test_batches_go_in_order_without_a_pause_then_the_connection_is_closed(bench: Bench) -> None:
    for number in (1, 2):
        bench.spool.append(b"%d" % number, 0)
    assert [bench.delivery.step() for _ in range(3)] == [0.0, 0.0, None]
    assert bench.script.sent == [("agent/1", b"1"), ("agent/2", b"2")]
    assert bench.script.closed == 1


def test_a_failed_batch_is_sent_again_under_its_key_with_growing_waits(bench: Bench) -> None:
    bench.spool.append(b"1", 0)
    bench.script.outcomes = [AGAIN] * 8
    waits = [bench.delivery.step() for _ in range(9)]
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_WAIT_S, LONGEST_WAIT_S, 0]
    assert {key for key, _ in bench.script.sent} == {"agent/1"}
    assert bench.delivery.step() is None


def test_jitter_spreads_the_wait_over_half_of_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(b"1", 0)
    delivery = Delivery([Source(spool, "a/")], Script([AGAIN]), ManualClock(), jitter=lambda: 0.0)
    assert delivery.step() == 0.5


def test_an_answer_resets_the_wait(bench: Bench) -> None:
    bench.spool.append(b"1", 0)
    bench.spool.append(b"2", 0)
    bench.script.outcomes = [AGAIN, AGAIN, Outcome(Fate.DELIVERED), AGAIN]
    assert [bench.delivery.step() for _ in range(4)] == [1, 2, 0, 1]


def test_retry_after_is_kept_at_least_and_bounded(bench: Bench) -> None:
    bench.spool.append(b"1", 0)
    bench.script.outcomes = [Outcome(Fate.AGAIN, "HTTP 429", 30.0), Outcome(Fate.AGAIN, "HTTP 503", 1e9)]
    first, second = bench.delivery.step(), bench.delivery.step()
    assert first is not None
    assert second is not None
    assert 30.0 <= first <= 36.0
    assert LONGEST_ASKED_S <= second <= LONGEST_ASKED_S * 1.2


def test_a_refused_batch_does_not_hold_up_the_next(bench: Bench, tmp_path: Path) -> None:
    bench.spool.append(b"1", 0)
    bench.spool.append(b"2", 0)
    bench.script.outcomes = [Outcome(Fate.REFUSED, "HTTP 400 no")]
    assert [bench.delivery.step() for _ in range(3)] == [0, 0, None]
    assert [key for key, _ in bench.script.sent] == ["agent/1", "agent/2"]
    assert len(list((tmp_path / "rejected").iterdir())) == 1


def test_memory_is_sent_after_the_spool_under_keys_of_this_run(bench: Bench) -> None:
    bench.held.append(b"m", 0)
    bench.spool.append(b"s", 0)
    while bench.delivery.step() is not None:
        pass
    assert [key for key, _ in bench.script.sent] == ["agent/1", "agent/mrun-1"]


def test_an_outage_is_told_once_and_again_when_the_reason_changes(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bench.spool.append(b"1", 0)
    bench.script.outcomes = [AGAIN, AGAIN, AGAIN, Outcome(Fate.AGAIN, "HTTP 503")]
    for _ in range(5):
        bench.clock.advance(10)
        bench.delivery.step()
    assert [record.getMessage() for record in caplog.records] == [
        "cannot deliver batch 1: cannot reach it; it is kept and sent later",
        "cannot deliver batch 1: HTTP 503; it is kept and sent later",
        "the server answers again after 40 s, 4 attempts; sending what was kept",
    ]


def test_a_long_outage_is_told_again_every_five_minutes(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.spool.append(b"1", 0)
    bench.script.outcomes = [AGAIN] * 11
    for _ in range(11):
        bench.delivery.step()
        bench.clock.advance(60)
    assert len(caplog.records) == 3


def test_partial_success_is_logged_and_done(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.spool.append(b"1", 0)
    bench.script.outcomes = [Outcome(Fate.DELIVERED, "3 readings: too old")]
    assert [bench.delivery.step(), bench.delivery.step()] == [0, None]
    assert "did not take all of batch 1: 3 readings: too old" in caplog.text


def test_flush_ends_when_all_is_sent_or_at_the_first_failure(bench: Bench) -> None:
    bench.spool.append(b"1", 0)
    bench.spool.append(b"2", 0)
    bench.script.outcomes = [AGAIN]
    assert not bench.delivery.flush(5)
    assert len(bench.script.sent) == 1
    assert bench.delivery.flush(5)
    assert len(bench.script.sent) == 3
