"""Of a batch only the lines with a word that somebody looks for are shown, whatever the size of the batch."""

from collections.abc import Sequence

import pytest

from trimtab.base.errors import Throttled
from trimtab.logs.model import Group, LogBatch, LogEvent, Stream
from trimtab.logs.spotting import Spotting

pytestmark = pytest.mark.anyio
GROUP, STREAM = Group(1, "123456789012", "us-east-1", "g", 0), Stream(2, 1, "s", 0)
LINES = ["Xid (PCI", "xid (pci", "a.b", "axb", "two words", "two  words", "größe", "", "line\nXid (again", "(a|b)"]
WORDS = ("Xid (", "a.b", "two words", "größe", "(a|b)")
SHOWN = ["Xid (PCI", "a.b", "two words", "größe", "line\nXid (again", "(a|b)"]


def batch(messages: Sequence[str]) -> LogBatch:
    return LogBatch(GROUP, STREAM, [LogEvent(at, message) for at, message in enumerate(messages)])


class Heard:
    def __init__(self, problem: Exception | None = None) -> None:
        self.batches: list[LogBatch] = []
        self._problem = problem

    async def __call__(self, batches: Sequence[LogBatch]) -> None:
        self.batches += batches
        if self._problem is not None:
            raise self._problem


@pytest.mark.parametrize("times", [1, 5])
async def test_lines_with_a_word_are_shown_in_their_order(times: int) -> None:
    heard, spotting = Heard(), Spotting()
    spotting.add(WORDS, heard)
    await spotting([batch(LINES * times)])
    (shown,) = heard.batches
    assert SHOWN * times == [event.message for event in shown.events]
    assert (GROUP, STREAM) == (shown.group, shown.stream)


async def test_half_of_a_surrogate_pair_hides_no_line() -> None:
    heard, spotting = Heard(), Spotting()
    spotting.add(WORDS, heard)
    await spotting([batch(["\ud800 Xid (", *["nothing"] * 30])])
    assert ["\ud800 Xid ("] == [event.message for event in heard.batches[0].events]


async def test_whoever_was_added_is_shown_what_any_looks_for_and_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    first, second, spotting = Heard(Throttled("full")), Heard(), Spotting()
    spotting.add(["Xid ("], first)
    spotting.add(["a.b"], second)
    await spotting([batch(["nothing"] * 20), batch(["Xid (", "a.b"]), batch(["nothing"])])
    assert [["Xid (", "a.b"]] == [[event.message for event in one.events] for one in second.batches]
    assert first.batches == second.batches
    assert "full" in caplog.text


async def test_nobody_is_asked_of_batches_without_any_word() -> None:
    heard, spotting = Heard(), Spotting()
    spotting.add(WORDS, heard)
    await spotting([batch(["nothing"] * 20), batch(["nothing"])])
    assert [] == heard.batches
