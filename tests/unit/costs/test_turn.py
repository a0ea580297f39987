"""Of several servers over one state one imports at a time, and none takes another's staging tables for orphans."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, NotFound
from trimtab.costs.files.folder import Folder, LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.imports.staging import Staging
from trimtab.costs.imports.turn import Turn
from trimtab.jobs.lock import LEASE_MS
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry


def test_one_of_two_servers_has_the_turn_until_it_gives_it(state: State, tmp_path: Path) -> None:
    clock = ManualClock()
    first, second = Turn(state, clock, tmp_path / "a"), Turn(state, clock, tmp_path / "b")
    assert first.take()
    assert not second.take()
    first.give()
    assert second.take()
    second.give()


def test_a_server_that_was_killed_goes_on_at_once_and_another_after_the_lease(state: State, tmp_path: Path) -> None:
    clock = ManualClock()
    killed = Turn(state, clock, tmp_path / "a")
    assert killed.take()
    killed._given.set()  # its thread renews no more
    again, other = Turn(state, clock, tmp_path / "a"), Turn(state, clock, tmp_path / "b")
    assert not other.take()
    assert again.take()
    again._given.set()
    clock.advance(LEASE_MS / 1000 + 1)
    assert other.take()
    other.give()


@pytest.fixture
def servers(engine: Telemetry, state: State, tmp_path: Path) -> Callable[[str], Importer]:
    def server(name: str) -> Importer:
        def opened(location: str, _: Path) -> Folder:
            return LocalFolder(Path(location))

        return Importer(engine, ImportLedger(state, ManualClock()), tmp_path / name / "work", opened, embedded=True)

    return server


def test_a_server_that_starts_leaves_what_another_imports(
    servers: Callable[[str], Importer], engine: Telemetry, tmp_path: Path
) -> None:
    importing, starting = servers("a"), servers("b")
    staging = Staging(engine, 77, embedded=True)
    staging.create()
    assert importing._turn.take()
    assert 0 == starting.recover()
    assert staging.there()
    with pytest.raises(Conflict, match=r"another import is running.*it runs on another server"):
        starting.run(ImportRequest(str(tmp_path)))
    with pytest.raises(Conflict, match=r"an import is running.*it runs on another server"):
        starting.drop("bill")
    importing._turn.give()
    assert 0 == starting.recover()
    assert not staging.there()
    with pytest.raises(NotFound):
        starting.drop("bill")
