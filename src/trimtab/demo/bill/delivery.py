"""Brings the bill in by the door that any bill takes: files in a folder, and `POST /rest/v1/costs/imports`."""

import threading
from pathlib import Path

from trimtab.base.errors import Conflict, TrimtabError, Unavailable
from trimtab.client import costs_wire as wire
from trimtab.client.api import Client
from trimtab.client.costs import Costs
from trimtab.demo.bill.report import NAME, write
from trimtab.demo.bill.terms import DAY_MS
from trimtab.demo.world import World

SOURCE = "company bill"
"""What the bill is called: a day later it replaces itself."""
_POLL_S = 0.2
_UNDERWAY = ("reading", "committing")


class Delivery:
    """The bill of one world, delivered once a day; `directory` is where its files lie."""

    def __init__(self, world: World, directory: Path) -> None:
        self._world = world
        self._directory = directory
        self._day = 0
        self._number: int | None = None

    def deliver(self, client: Client, now_ms: int) -> None:
        """Write what has come since the last delivery and have it imported; does not wait for that.

        Raises errors of the REST API.
        """
        day = now_ms // DAY_MS
        if day == self._day:
            return
        write(self._world, now_ms, self._directory)
        location = str((self._directory / NAME).resolve())
        try:
            self._number = Costs(client).start(wire.StartImport(location, "cur2", SOURCE)).id
        except (Conflict, Unavailable):  # somebody's own import is running, or the server starts anew: ask again later
            return
        self._day = day

    def wait(self, client: Client, stop: threading.Event) -> None:
        """Until the bill is there. Raises TrimtabError where it could not be imported."""
        if self._number is None:
            return
        costs = Costs(client)
        found = costs.one(self._number)
        while found.state in _UNDERWAY and not stop.wait(_POLL_S):
            found = costs.one(self._number)
        if found.state == "failed":
            raise TrimtabError(found.problem)
