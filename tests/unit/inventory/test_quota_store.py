"""Quotas that are kept: what is put at a time holds until the next, of each cluster and account by itself."""

import asyncio

import pytest

from trimtab.access.scope import RowRule, Scope
from trimtab.inventory.runs.quotas import InForce, QuotaStore, Stated
from trimtab.store.state.database import State

EIGHT = Stated(team="vision", gpus=8, cohort="all", queues=("a", "b"))
SHARE = Stated(team="nlp", share=0.25)


@pytest.fixture
def store(state: State) -> QuotaStore:
    return QuotaStore(state)


def test_what_is_put_holds_until_the_next_and_a_repeat_replaces(store: QuotaStore) -> None:
    asyncio.run(store.put("1", "atlas", 200, [SHARE], "mira"))
    asyncio.run(store.put("1", "atlas", 100, [SHARE], "mira"))
    asyncio.run(store.put("1", "atlas", 100, [EIGHT], "mira"))
    assert [InForce("1", "atlas", 100, 200, (EIGHT,)), InForce("1", "atlas", 200, None, (SHARE,))] == (
        asyncio.run(store.listed(Scope()))
    )


def test_nothing_is_there_before_something_is_put(store: QuotaStore) -> None:
    assert [] == asyncio.run(store.listed(Scope()))


def test_each_cluster_and_account_has_its_own(store: QuotaStore) -> None:
    asyncio.run(store.put("1", "atlas", 100, [EIGHT], "mira"))
    asyncio.run(store.put("1", "b", 50, [SHARE, EIGHT], "mira"))
    asyncio.run(store.put("2", "atlas", 150, [SHARE], "mira"))
    assert [("1", "atlas", None), ("1", "b", None), ("2", "atlas", None)] == [
        (one.account, one.cluster, one.to_ms) for one in asyncio.run(store.listed(Scope()))
    ]
    assert ["2"] == [one.account for one in asyncio.run(store.listed(Scope(frozenset(("2",)))))]
    assert [(SHARE, EIGHT)] == [one.quotas for one in asyncio.run(store.listed(Scope(), "b"))]


def test_who_is_bound_to_a_team_sees_no_quotas(store: QuotaStore) -> None:
    asyncio.run(store.put("1", "atlas", 100, [EIGHT], "mira"))
    assert [] == asyncio.run(store.listed(Scope(rows=(RowRule("team", frozenset(("vision",))),))))
