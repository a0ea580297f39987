"""Tests wait for others as long as it takes, ask ever less often, and say what they waited for."""

from types import SimpleNamespace

import httpx
import pytest

import patience
from patience import until


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each pause, which pass at once."""
    taken: list[float] = []

    class Pause:
        def wait(self, pause_s: float) -> None:
            taken.append(pause_s)

    monkeypatch.setattr(patience, "Event", Pause)
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: sum(taken)))
    return taken


def test_pauses_grow_to_half_a_second(pauses: list[float]) -> None:
    answers = iter([0] * 12 + [7])
    assert until(lambda: next(answers), "seven") == 7
    assert [0.02, 0.03, 0.045] == pytest.approx(pauses[:3])
    assert pauses == sorted(pauses)
    assert pauses[-2:] == [0.5, 0.5]


def test_what_never_comes_is_named_with_the_last_answer(pauses: list[float]) -> None:
    with pytest.raises(AssertionError, match=r"waited \d+ s: the bill is read; the last answer was \[\]"):
        until(list, "the bill is read")
    assert sum(pauses) == pytest.approx(patience.LIMIT_S, abs=1)


def test_no_client_gives_up_on_an_answer_after_five_seconds() -> None:
    with httpx.Client() as client:
        assert client.timeout == httpx.Timeout(60.0)
