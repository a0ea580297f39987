"""A bill that a live server takes, for tests of what stands on it."""

from pathlib import Path

from live_server import LiveServer
from patience import until
from trimtab.client.api import Client
from trimtab.client.costs import Costs
from trimtab.client.costs_wire import Import, StartImport


def bring(server: LiveServer, path: Path, source: str = "") -> None:
    """Import a bill under its file's name or `source`, so that tests of one server replace rather than repeat it."""
    with Client(server.url) as client:
        costs = Costs(client)
        done = settled(costs, costs.start(StartImport(str(path), source=source or path.name)).id)
    assert done.state == "done", done.problem


def settled(costs: Costs, number: int) -> Import:
    """An import that ended, well or not."""

    def ended() -> Import | None:
        now = costs.one(number)
        return None if now.state in ("reading", "committing") else now

    found = until(ended, "the bill is read")
    assert found is not None
    return found
