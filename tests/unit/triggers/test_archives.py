"""Archives keep, replays send again: through the rules, once each, and not into the archive."""

import json

import pytest
from tests.unit.triggers.conftest import ACCOUNT, HERE, REGION, Rooms

from trimtab.base.errors import Conflict, InvalidInput
from trimtab.triggers.replays import CANCELLED, COMPLETED, Wish

_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/again"


def _replay(rooms: Rooms, name: str, rules: tuple[str, ...] = (), start_ms: int = 0) -> None:
    end_ms = rooms.clock.now_ms() + 1
    wish = Wish(name, rooms.arn("archive/all", "events"), HERE.bus(""), start_ms, end_ms, rules)
    rooms.run(rooms.room.replays.start(HERE, wish))


def test_archived_events_go_through_the_rules_once_more(rooms: Rooms) -> None:
    rooms.run(rooms.room.archives.create(HERE, "all", "", "", '{"source": ["my.app"]}', 0))
    for n in range(250):
        rooms.send(n=n)
    rooms.send("other.app", n=0)
    assert rooms.run(rooms.room.archives.get(HERE, "all")).events == 250
    rooms.rule("late", {"source": ["my.app"], "detail": {"n": [{"numeric": ["<", 3]}]}}, _GROUP)
    _replay(rooms, "r")
    assert rooms.run(rooms.room.replays.turn(lambda: True)) == 250
    rooms.tick()
    told = [json.loads(line[2]) for line in rooms.logged]
    assert [(one["detail"]["n"], one["replay-name"]) for one in told] == [(0, "r"), (1, "r"), (2, "r")]
    found = rooms.run(rooms.room.replays.get(HERE, "r"))
    assert (found.state, found.events) == (COMPLETED, 250)
    assert rooms.run(rooms.room.archives.get(HERE, "all")).events == 250


def test_a_replay_that_is_made_again_from_before_changes_nothing(rooms: Rooms) -> None:
    rooms.run(rooms.room.archives.create(HERE, "all", "", "", None, 0))
    rooms.send(n=1)
    rooms.rule("late", {"source": ["my.app"]}, _GROUP)
    _replay(rooms, "r")
    rooms.run(rooms.room.replays.turn(lambda: True))
    rooms.state.change_sync(
        lambda connection: connection.exec_driver_sql("UPDATE event_replays SET position=0, state='RUNNING'")
    )
    rooms.run(rooms.room.replays.turn(lambda: True))
    assert len(rooms.deliveries()) == 1


def test_only_the_rules_that_are_named_see_it(rooms: Rooms) -> None:
    rooms.run(rooms.room.archives.create(HERE, "all", "", "", None, 0))
    rooms.send(n=1)
    wanted = rooms.rule("one", {"source": ["my.app"]}, _GROUP)
    rooms.rule("two", {"source": ["my.app"]}, _GROUP)
    _replay(rooms, "r", (wanted,))
    rooms.run(rooms.room.replays.turn(lambda: True))
    assert [one.rule for one in rooms.deliveries()] == [wanted]


def test_a_replay_that_was_cancelled_replays_nothing(rooms: Rooms) -> None:
    rooms.run(rooms.room.archives.create(HERE, "all", "", "", None, 0))
    rooms.send(n=1)
    _replay(rooms, "r")
    rooms.run(rooms.room.replays.cancel(HERE, "r"))
    assert rooms.run(rooms.room.replays.turn(lambda: True)) == 0
    assert rooms.run(rooms.room.replays.get(HERE, "r")).state == CANCELLED
    with pytest.raises(Conflict):
        rooms.run(rooms.room.replays.cancel(HERE, "r"))


def test_what_is_past_its_retention_goes(rooms: Rooms) -> None:
    rooms.run(rooms.room.archives.create(HERE, "all", "", "", None, 1))
    rooms.send(n=1)
    rooms.clock.advance(86_401)
    rooms.send(n=2)
    rooms.run(rooms.room.archives.drop())
    assert rooms.run(rooms.room.archives.get(HERE, "all")).events == 1


def test_what_cannot_be_replayed_is_refused(rooms: Rooms) -> None:
    with pytest.raises(InvalidInput, match="Archive all does not exist"):
        _replay(rooms, "r")
    rooms.run(rooms.room.archives.create(HERE, "all", "", "", None, 0))
    with pytest.raises(InvalidInput):
        _replay(rooms, "r", start_ms=rooms.clock.now_ms() + 10)
    _replay(rooms, "r")
    with pytest.raises(Conflict):
        _replay(rooms, "r")
