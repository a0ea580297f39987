"""From an event to its targets: once planned, at least once sent, given up with a letter."""

import json

from tests.unit.notify.receiver import Receiver
from tests.unit.triggers.conftest import ACCOUNT, HERE, REGION, Rooms

from trimtab.triggers.arns import Place
from trimtab.triggers.model import DeliveryState
from trimtab.triggers.rules import Wish


def test_an_event_reaches_every_target_of_the_rules_that_match(rooms: Rooms, receiver: Receiver) -> None:
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/events"
    rooms.rule("one", {"source": ["my.app"]}, receiver.url + "/hook", group)
    rooms.rule("other", {"source": ["else"]}, group)
    assert rooms.send(n=1)[0].rules == 1
    rooms.tick()
    (path, headers, body) = receiver.requests[0]
    assert path == "/hook"
    assert json.loads(body)["detail"] == {"n": 1}
    first, second = rooms.deliveries()
    assert headers["idempotency-key"] == first.id
    assert [(line[0], line[1], line[3]) for line in rooms.logged] == [("/events", "one", second.id)]
    assert {one.state for one in rooms.deliveries()} == {DeliveryState.DELIVERED}


def test_the_same_call_again_changes_nothing(rooms: Rooms, receiver: Receiver) -> None:
    rooms.rule("one", {"source": ["my.app"]}, receiver.url)
    assert rooms.send(call="call-1", n=1)[0].again is False
    assert rooms.send(call="call-1", n=1)[0].again is True
    assert len(rooms.deliveries()) == 1
    rooms.send(call="call-2", n=1)
    assert len(rooms.deliveries()) == 2


def test_a_rule_that_is_off_matches_nothing(rooms: Rooms, receiver: Receiver) -> None:
    rooms.rule("one", {"source": ["my.app"]}, receiver.url)
    rooms.run(rooms.room.rules.switch(HERE, "", "one", "DISABLED"))
    assert rooms.send()[0].rules == 0
    rooms.run(rooms.room.rules.switch(HERE, "", "one", "ENABLED"))
    assert rooms.send()[0].rules == 1


def test_a_target_that_fails_is_asked_again_and_given_up_with_a_letter(rooms: Rooms, receiver: Receiver) -> None:
    receiver.status = 503
    letters = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
    rooms.rule(
        "one",
        {"source": ["my.app"]},
        {
            "Arn": receiver.url,
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": letters},
        },
    )
    rooms.send(n=7)
    rooms.tick()
    assert rooms.deliveries()[0].state is DeliveryState.WAITING
    for _ in range(3):
        rooms.tick(60)
    (dead,) = rooms.deliveries()
    assert dead.state is DeliveryState.DEAD
    assert "given up after 3 attempts" in dead.reason
    assert len(receiver.requests) == 3
    assert set(receiver.ids()) == {dead.id}
    letter = json.loads((rooms.directory / "triggers/dead-letters/dead.jsonl").read_text())
    assert json.loads(letter["body"])["detail"] == {"n": 7}
    assert letter["attributes"]["TARGET_ARN"] == receiver.url
    receiver.status = 200
    rooms.run(rooms.room.log.retry(None, dead.id))
    rooms.tick()
    assert rooms.deliveries()[0].state is DeliveryState.DELIVERED


def test_age_ends_retries_too(rooms: Rooms, receiver: Receiver) -> None:
    receiver.status = 503
    policy = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60}
    rooms.rule("one", {"source": ["my.app"]}, {"Arn": receiver.url, "RetryPolicy": policy})
    rooms.send()
    for _ in range(20):
        rooms.tick(10)
    (dead,) = rooms.deliveries()
    assert dead.state is DeliveryState.DEAD
    assert dead.dead_letter == "kept here"


def test_a_target_out_of_reach_is_given_up_at_once_and_says_so(rooms: Rooms) -> None:
    rooms.rule("one", {"source": ["my.app"]}, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f")
    rooms.send()
    rooms.tick()
    assert rooms.deliveries()[0].state is DeliveryState.DEAD
    assert "cannot reach targets like arn:aws:lambda" in rooms.deliveries()[0].reason


def test_an_event_goes_on_to_another_bus_but_not_round_for_ever(rooms: Rooms) -> None:
    rooms.run(rooms.room.buses.create(HERE, "second", "", {}))
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/second"
    rooms.rule("there", {"source": ["my.app"]}, HERE.bus("second"))
    rooms.rule("back", {"source": ["my.app"]}, HERE.bus("default"), group, bus="second")
    rooms.send(n=1)
    for _ in range(8):
        rooms.tick(1)
    assert [line[0] for line in rooms.logged] == ["/second"]
    assert all(one.state is DeliveryState.DELIVERED for one in rooms.deliveries())


def test_an_event_has_another_id_in_another_region_and_does_not_go_round_for_ever(rooms: Rooms) -> None:
    there = Place(ACCOUNT, "eu-west-1")
    rooms.run(rooms.room.buses.create(there, "second", "", {}))
    groups = [at.arn("logs", f"log-group:/{at.region}") for at in (HERE, there)]
    rooms.rule("there", {"source": ["my.app"]}, there.bus("second"), groups[0])
    back = [{"Id": str(at), "Arn": arn} for at, arn in enumerate((HERE.bus(""), groups[1]))]
    rooms.run(rooms.room.rules.put(there, Wish("back", "second", '{"source": ["my.app"]}')))
    assert [] == rooms.run(rooms.room.targets.put(there, "second", "back", back))
    rooms.send(n=1.50)
    for _ in range(8):
        rooms.tick(1)
    first, second, again = [json.loads(line[2]) for line in rooms.logged]
    assert ["/us-east-1", "/eu-west-1", "/us-east-1"] == [line[0] for line in rooms.logged]
    assert 3 == len({event["id"] for event in (first, second, again)})
    assert {**first, "id": ""} == {**second, "id": ""} == {**again, "id": ""}


def test_targets_get_an_event_without_spaces_and_with_its_numbers_as_written(rooms: Rooms) -> None:
    rooms.rule("one", {"source": ["my.app"]}, f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/events")
    rooms.send_entry({"Source": "my.app", "DetailType": "a b", "Detail": '{"a": 1.50, "b" : ["c d",\n1e3]}'})
    rooms.tick()
    ((_, _, message, _),) = rooms.logged
    assert message.endswith('"resources":[],"detail":{"a":1.50,"b":["c d",1e3]}}')


def test_calls_that_only_read_are_for_rules_that_ask_for_them(rooms: Rooms, receiver: Receiver) -> None:
    entry = {
        "Source": "my.app",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps({"readOnly": True, "eventName": "ListModels"}),
    }
    rooms.rule("one", {"source": ["my.app"]}, receiver.url)
    assert rooms.send_entry(entry)[0].rules == 0
    rooms.run(rooms.room.rules.switch(HERE, "", "one", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"))
    assert rooms.send_entry(entry)[0].rules == 1
