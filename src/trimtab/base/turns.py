"""Long work on the event loop, in slices: others have their turn in between."""

import asyncio


class Turns:
    """Count the items of a piece of work with `next`; after every `slice_` of them the loop looks at the others.

    A slice is what may hold up everybody else: some milliseconds.
    """

    def __init__(self, slice_: int) -> None:
        self._slice = slice_
        self._done = 0

    async def next(self) -> None:
        """One item is done."""
        self._done += 1
        if self._done % self._slice == 0:
            await asyncio.sleep(0)
