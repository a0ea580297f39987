"""Specs as teams see them: their own, and those that are shared."""

import asyncio

import pytest

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, NotFound
from trimtab.reports.datasets.store import SpecStore, analysis_store, dataset_store
from trimtab.store.state.database import State

ACCOUNT = "123456789012"
VISION, SEARCH = (Scope(rows=(RowRule("team", frozenset((team,))),)) for team in ("vision", "search"))


@pytest.fixture(params=[dataset_store, analysis_store])
def store(request: pytest.FixtureRequest, state: State) -> SpecStore:
    found: SpecStore = request.param(state, ManualClock())
    return found


def names(store: SpecStore, scope: Scope) -> list[str]:
    return [one.name for one in asyncio.run(store.listed(scope))]


def test_a_team_finds_its_own_and_what_is_shared(store: SpecStore) -> None:
    asyncio.run(store.put(ACCOUNT, "own", "{}", "ann", within=VISION))
    asyncio.run(store.put(ACCOUNT, "secret", "{}", "admin"))
    asyncio.run(store.put(ACCOUNT, "shared", "{}", "admin", shared=True))
    assert names(store, VISION) == ["own", "shared"]
    assert names(store, SEARCH) == ["shared"]
    assert names(store, EVERYTHING) == ["own", "secret", "shared"]
    with pytest.raises(NotFound, match="own does not exist"):
        asyncio.run(store.get(SEARCH, ACCOUNT, "own"))


def test_a_team_changes_its_own_only(store: SpecStore) -> None:
    asyncio.run(store.put(ACCOUNT, "own", "{}", "ann", within=VISION))
    asyncio.run(store.put(ACCOUNT, "shared", "{}", "admin", shared=True))
    for name in ("own", "shared"):
        with pytest.raises(Conflict, match="another team has one of that name"):
            asyncio.run(store.put(ACCOUNT, name, "[]", "bob", within=SEARCH))
        with pytest.raises(NotFound, match=f"{name} does not exist"):
            asyncio.run(store.delete(ACCOUNT, name, SEARCH))
    assert asyncio.run(store.put(ACCOUNT, "own", "[]", "ann", within=VISION)).version == 2
    assert asyncio.run(store.delete(ACCOUNT, "own", VISION)).name == "own"
