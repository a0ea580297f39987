"""Tags of things as a team sees them: of what has its tag or is owned by it."""

import asyncio

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource, ResourceStore
from trimtab.inventory.tagging import Tagging
from trimtab.store.state.database import State

VISION = Scope(rows=(RowRule("team", frozenset(("vision",))),))
ARN = "arn:aws:ec2:us-east-1:123456789012:instance/"


def names(tagging: Tagging, scope: Scope) -> list[str]:
    return [one.arn.removeprefix(ARN) for one in asyncio.run(tagging.all(scope))]


def test_a_team_sees_and_changes_tags_of_its_own(state: State) -> None:
    tagging, put = Tagging(state), []
    for id_, owner, tags in (("i-1", "", {"team": "vision"}), ("i-2", "vision", {"a": "b"}), ("i-3", "", {"a": "b"})):
        put.append(Resource(parse_arn(ARN + id_), id_, owner, "p5", tags, "test", 1, ARN + id_))
    asyncio.run(ResourceStore(state).put(put, 1))
    asyncio.run(tagging.change(EVERYTHING, [ARN + "i-3"], {"set": "here"}))
    assert names(tagging, VISION) == ["i-1", "i-2"]
    assert names(tagging, EVERYTHING) == ["i-1", "i-2", "i-3"]
    failed = asyncio.run(tagging.change(VISION, [ARN + "i-3", ARN + "i-1"], {"team": "vision", "new": "tag"}))
    assert failed == {ARN + "i-3": f"{ARN}i-3 is not in the inventory"}
    assert names(tagging, VISION) == ["i-1", "i-2"]
