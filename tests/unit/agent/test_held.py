import pytest

from trimtab.agent.held import Held


def test_batches_leave_in_order_once_done() -> None:
    held = Held()
    held.append(b"a", 1)
    held.append(b"b", 2)
    first = held.peek()
    assert first is not None
    assert (first.sequence, first.body) == (1, b"a")
    held.done(1)
    held.done(1)
    second = held.peek()
    assert second is not None
    assert second.body == b"b"
    assert len(held) == 1


def test_beyond_the_bound_the_oldest_is_lost_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    held = Held(most=2)
    for number in range(3):
        held.append(bytes([number]), 1)
    first = held.peek()
    assert first is not None
    assert (first.sequence, held.lost, len(held)) == (2, 1, 2)
    assert "lost batch m1" in caplog.text


def test_a_refused_batch_is_lost_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    held = Held()
    held.append(b"a", 1)
    record = held.peek()
    assert record is not None
    held.set_aside(record, "HTTP 400 bad")
    assert (len(held), held.lost) == (0, 1)
    assert "HTTP 400 bad" in caplog.text
