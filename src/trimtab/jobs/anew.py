"""Starting anew: what may happen only while nothing else runs is done by the server before it opens its doors again."""

import asyncio

ANEW = 75
"""The status of a server that wants to be started again, with the jobs process stopped until it answers."""


class Anew:
    """Whether the server is to start anew. Asked for after the answer that says so is on its way."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    @property
    def asked(self) -> bool:
        """Whether somebody asked for it."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Have the server start anew."""
        self._asked.set()

    async def wait(self) -> None:
        """Wait until it is asked for."""
        await self._asked.wait()
