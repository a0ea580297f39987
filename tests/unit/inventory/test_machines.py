"""Whose machines are: by tag or owner, as of the last time that they were read."""

import asyncio

import pytest

from trimtab.access.scope import RowRule
from trimtab.base.records import replace
from trimtab.inventory.machines import MachineOwners
from trimtab.inventory.resolver import ResourceRef
from trimtab.inventory.resources import Resource, ResourceStore
from trimtab.store.state.database import State

TEAM = RowRule("team", frozenset(("vision",)))


def machine(id_: str, owner: str = "", kind: str = "instance", account: str = "1", **tags: str) -> Resource:
    return Resource(ResourceRef("aws", account, "eu", kind, id_), id_, owner, "p5", tags, "test", 1)


@pytest.mark.parametrize("rule", [TEAM, replace(TEAM, key="env")])
def test_a_machine_is_whose_tag_or_owner_says_so(state: State, rule: RowRule) -> None:
    owners = MachineOwners(state)
    put = (
        machine("i-tag", team="vision"), machine("i-owner", "vision"), machine("i-other", team="search"),
        machine("i-none"), machine("host-1", "vision", "host"), machine("vol-1", "vision", "volume"),
        machine("i-both", "vision"), machine("i-both", "search", account="2"), machine("i-env", env="vision"),
    )  # fmt: skip
    asyncio.run(ResourceStore(state).put(put, 1))
    assert owners.of(rule) == frozenset()  # nothing is read before somebody asks
    asyncio.run(owners.refresh())
    expected = {"i-env"} if rule.key == "env" else {"i-tag", "i-owner", "host-1"}
    assert owners.of(rule) == expected
    asyncio.run(ResourceStore(state).put([machine("i-none", rule.key and "vision", env="vision")], 2))
    assert owners.of(rule) == expected
    asyncio.run(owners.refresh())
    assert owners.of(rule) == expected | {"i-none"}


def test_nothing_is_read_where_no_key_is_bound(state: State) -> None:
    owners = MachineOwners(state)
    asyncio.run(ResourceStore(state).put([machine("i-tag", team="vision")], 1))
    asyncio.run(owners.refresh())
    assert owners.of(TEAM) == frozenset()
