"""Groups and streams: made once, listed in order, deleted for good."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, NotFound
from trimtab.logs.groups import LogGroups
from trimtab.store.state.database import State

WHERE = ("123456789012", "us-east-1")


@pytest.fixture
def groups(tmp_path: Path) -> Iterator[LogGroups]:
    state = State.open("", tmp_path)
    yield LogGroups(state, ManualClock())
    state.close()


def test_a_group_is_made_once_and_found_by_name(groups: LogGroups) -> None:
    made = asyncio.run(groups.create(*WHERE, "/aws/lambda/a", retention_days=7))
    assert asyncio.run(groups.get(*WHERE, "/aws/lambda/a")) == made
    assert made.arn == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/a"
    with pytest.raises(Conflict, match="already exists"):
        asyncio.run(groups.create(*WHERE, "/aws/lambda/a"))
    with pytest.raises(NotFound):
        asyncio.run(groups.get("123456789012", "eu-central-1", "/aws/lambda/a"))


def test_what_is_deleted_and_made_again_is_another_one(groups: LogGroups) -> None:
    group, (stream,) = asyncio.run(groups.ensure(*WHERE, "g", ["s"]))
    asyncio.run(groups.delete(*WHERE, "g"))
    again, (other,) = asyncio.run(groups.ensure(*WHERE, "g", ["s"]))
    assert again.id != group.id
    assert other.id != stream.id
    asyncio.run(groups.delete_stream(again, "s"))
    with pytest.raises(NotFound):
        asyncio.run(groups.stream(again, "s"))


def test_groups_are_listed_by_name_prefix_and_part(groups: LogGroups) -> None:
    for name in ("b", "a", "a_x", "aZx"):
        asyncio.run(groups.create(*WHERE, name))
    assert [one.name for one in asyncio.run(groups.listed(*WHERE))] == ["a", "aZx", "a_x", "b"]
    assert [one.name for one in asyncio.run(groups.listed(*WHERE, prefix="a_"))] == ["a_x"]
    assert [one.name for one in asyncio.run(groups.listed(*WHERE, contains="zX"))] == ["aZx"]
    assert asyncio.run(groups.listed(*WHERE, part="zX")) == asyncio.run(groups.listed(*WHERE, prefix="A")) == []
    assert [one.name for one in asyncio.run(groups.listed(*WHERE, part="_"))] == ["a_x"]
    assert [one.name for one in asyncio.run(groups.listed(*WHERE, after="a", limit=1))] == ["aZx"]


def test_streams_are_listed_by_name_or_by_their_last_event(groups: LogGroups) -> None:
    group, (a, b, _) = asyncio.run(groups.ensure(*WHERE, "g", ["a", "b", "c"]))
    groups.saw(a, 1000, 2000)
    groups.saw(b, 500, 9000)
    groups.saw(b, 7000, 8000)
    assert [one.name for one in asyncio.run(groups.streams(group))] == ["a", "b", "c"]
    back = groups.streams(group, descending=True, after="c", limit=1)
    assert [one.name for one in asyncio.run(back)] == ["b"]
    newest = asyncio.run(groups.streams(group, by_last=True, descending=True))
    assert [(one.name, one.first_ms, one.last_ms) for one in newest] == [
        ("b", 500, 9000), ("a", 1000, 2000), ("c", None, None),
    ]  # fmt: skip
    assert [
        one.name for one in asyncio.run(groups.streams(group, by_last=True, descending=True, after="1", limit=1))
    ] == ["a"]


def test_requests_that_make_the_same_group_at_once_all_get_it(groups: LogGroups) -> None:
    async def both() -> list[int]:
        made = [
            asyncio.gather(*(groups.ensure(*WHERE, f"g{round_}", ["s", "t"]) for _ in range(4))) for round_ in range(5)
        ]
        return [len({(group.id, *(one.id for one in streams)) for group, streams in await one}) for one in made]

    assert asyncio.run(both()) == [1] * 5
