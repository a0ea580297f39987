"""How long a page waits is one time for all that it asks; programs and jobs wait as long as it takes."""

import asyncio

from trimtab.base import patience
from trimtab.base.clock import ManualClock


def test_what_one_question_waited_is_gone_for_the_next_and_it_never_goes_below_none() -> None:
    clock = ManualClock()
    assert patience.left_s(clock) is None
    with patience.of(2.0, clock):
        left = [patience.left_s(clock)]
        for waited in (1.5, 3.0):
            clock.advance(waited)
            left.append(patience.left_s(clock))
        with patience.of(None, clock):
            left.append(patience.left_s(clock))
    assert [2.0, 0.5, 0.0, None] == left
    assert patience.left_s(clock) is None


def test_threads_and_tasks_have_the_patience_of_the_page_that_began_them() -> None:
    clock = ManualClock()

    async def left() -> float | None:
        return patience.left_s(clock)

    async def page() -> tuple[float | None, float | None]:
        with patience.of(2.0, clock):
            began = asyncio.ensure_future(left())
            return await asyncio.to_thread(patience.left_s, clock), await began

    assert (2.0, 2.0) == asyncio.run(page())
