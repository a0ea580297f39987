"""A quiet or refusing receiver, and a jobs process that dies: nothing is lost, and ids stay."""

import asyncio
import json
from typing import Any

import pytest
from tests.unit.notify.conftest import Room
from tests.unit.notify.receiver import Receiver

from gates import open_gate
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.notify.model import Verdict
from trimtab.notify.sender import Means
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State


def test_a_receiver_that_refuses_for_ten_minutes_then_gets_every_notification_exactly_once(
    room: Room, receiver: Receiver
) -> None:
    room.add("webhook", receiver.url)
    receiver.status = 503
    events = []
    for second in range(600):
        if second % 20 == 0:
            events.append(room.alarm(f"a{second // 40}", "ALARM" if second % 40 == 0 else "OK"))
        room.tick(1)
    assert receiver.taken == []
    refused = len(receiver.requests)
    assert refused < 60  # a probe now and then, not 30 messages every second
    receiver.status = 200
    for _ in range(130):  # LONGEST_S and a little
        room.tick(1)
    assert len(events) == 30
    assert len(receiver.taken) == 30 == len(set(receiver.taken))
    got = [json.loads(body)["event_id"] for _, _, body in receiver.requests[refused:]]
    assert sorted(got) == sorted(events)
    titles = [json.loads(body)["title"] for _, _, body in receiver.requests[refused:]]
    for number in range(15):  # of one alarm, the beginning arrives before the end
        mine = [title for title in titles if f'"a{number}"' in title]
        assert [title.partition(":")[0] for title in mine] == ["ALARM", "OK"]
    assert {one.state for one in room.deliveries()} == {"delivered"}


def test_every_repeat_carries_the_same_id_and_body(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url)
    receiver.statuses = [503, 500, 404, 429]
    room.alarm()
    for _ in range(60):
        room.tick(1)
    assert len(receiver.requests) == 5
    assert len(set(receiver.ids())) == 1
    assert len({body for _, _, body in receiver.requests}) == 1
    (found,) = room.deliveries()
    _, attempts = room.run(room.log.get(None, found.id))
    assert [(one.outcome, one.status) for one in attempts] == [
        ("retry", 503), ("retry", 500), ("retry", 404), ("retry", 429), ("delivered", 200)
    ]  # fmt: skip
    assert "answered 503: ok" in attempts[0].reason


class Dies(HttpTransport):
    """A transport whose process is gone right after the receiver took the message."""

    def send(self, outgoing: Any) -> Verdict:
        super().send(outgoing)
        raise SystemError("killed between sending and recording")


def test_a_process_killed_between_sending_and_recording_repeats_with_the_same_id(
    state: State, receiver: Receiver
) -> None:
    clock = ManualClock()
    first = Room(state, clock, Means(Dies(open_gate())))
    first.add("webhook", receiver.url)
    first.alarm()
    with pytest.raises(SystemError):
        first.tick()
    first.close()
    again = Room(state, clock)
    again.tick(1)
    assert len(receiver.taken) == 2
    assert len(set(receiver.taken)) == 1
    assert again.tick(60) == 0
    again.close()


def test_a_message_to_people_that_is_repeated_carries_what_it_carried(state: State, receiver: Receiver) -> None:
    clock = ManualClock()
    first = Room(state, clock, Means(Dies(open_gate())))
    first.add("slack", receiver.url)
    first.alarm("a")
    first.alarm("b")
    with pytest.raises(SystemError):
        first.tick(6)
        first.tick(6)
    first.close()
    again = Room(state, clock)
    again.alarm("c")
    again.tick(1)
    again.tick(30)
    bodies = [json.loads(body) for _, _, body in receiver.requests]
    assert [[one["title"] for one in body["attachments"]] for body in bodies] == [
        ['ALARM: "a" in us-east-1', 'ALARM: "b" in us-east-1'],
        ['ALARM: "a" in us-east-1', 'ALARM: "b" in us-east-1'],
        ['ALARM: "c" in us-east-1'],
    ]
    assert receiver.ids()[0] == receiver.ids()[1] != receiver.ids()[2]
    again.close()


def test_an_event_is_planned_once_however_often_the_outbox_hands_it_over(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url)
    id_ = room.alarm()

    async def again() -> None:
        events: list[Any] = []

        async def keep(event: Any) -> None:
            events.append(event)

        await room.outbox.subscribe("other", keep, from_start=True)
        await room.outbox.deliver()
        for _ in range(3):
            await room.router.handle(events[0])

    room.run(again())
    room.tick(1)
    assert [one.event for one in room.deliveries()] == [id_]
    assert len(receiver.requests) == 1


def test_events_before_the_first_start_are_told_too(state: State, receiver: Receiver) -> None:
    room = Room(state, ManualClock())
    room.add("webhook", receiver.url)
    room.outbox = type(room.outbox)(state)
    state.change_sync(lambda connection: connection.exec_driver_sql("DELETE FROM outbox_cursors"))
    room.alarm()
    room.run(room.outbox.subscribe("notify", room.router.handle, from_start=True))
    room.tick(1)
    assert len(receiver.taken) == 1
    room.close()


def test_a_receiver_that_never_answers_is_given_up_after_days_and_says_so(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url)
    receiver.status = 503
    room.alarm()
    room.tick(1)
    room.tick(7 * 86_400)
    (found,) = room.deliveries()
    assert found.state == "failed"
    assert found.reason.startswith("given up after 7.0 days; last: the receiver answered 503")
    room.run(room.log.retry(None, found.id))
    receiver.status = 200
    room.tick(1)
    assert [one.state for one in room.deliveries()] == ["delivered"]


def test_one_message_that_a_receiver_chokes_on_holds_no_other_up(room: Room, receiver: Receiver) -> None:
    channel = room.add("webhook", receiver.url)
    receiver.statuses = [500]
    room.alarm("poison")
    room.tick(0)
    room.alarm("fine")
    room.tick(0)
    assert len(receiver.taken) == 1
    assert asyncio.run(room.channels.get(None, channel.name)).failures == 0
    assert [one.state for one in room.deliveries()] == ["waiting", "delivered"]


def test_retry_after_is_obeyed(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url)
    receiver.statuses, receiver.headers = [429], {"Retry-After": "300"}
    room.alarm("a")
    room.tick(0)
    room.alarm("b")
    assert room.tick(290) == 0
    room.tick(11)
    assert len(receiver.taken) == 2


def test_a_message_that_is_refused_is_failed_at_once_and_the_next_is_sent(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url)
    receiver.statuses, receiver.body = [422], b"no\x00such\x1b[31m field"
    room.alarm("a")
    room.alarm("b")
    room.tick(0)
    first, second = room.deliveries()
    assert (first.state, first.reason) == ("failed", "the receiver refused it: status 422: no such [31m field")
    assert second.state == "delivered"


def test_without_leave_to_send_nothing_is_sent(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url)
    room.sender._may_send = lambda: False
    room.alarm()
    assert room.tick(1) == 0
    assert receiver.requests == []


def test_a_redirect_is_not_followed(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url)
    receiver.status, receiver.headers = 307, {"Location": "http://169.254.169.254/"}
    room.alarm()
    room.tick(0)
    (found,) = room.deliveries()
    assert "redirects are not followed" in found.reason
    assert len(receiver.requests) == 1


def test_a_removed_channel_ends_what_waits_for_it(room: Room, receiver: Receiver) -> None:
    channel = room.add("webhook", receiver.url)
    receiver.status = 503
    room.alarm()
    room.tick(0)
    room.run(room.channels.remove(None, channel.name))
    room.tick(300)
    (found,) = room.deliveries()
    assert (found.state, found.reason) == ("failed", "the channel was removed")
    assert replace(found) == found


def test_a_message_of_several_notifications_is_tried_again(room: Room, receiver: Receiver) -> None:
    room.add("slack", receiver.url)
    room.alarm("a")
    room.alarm("b")
    receiver.statuses = [503]
    for _ in range(60):
        room.tick(1)
    bodies = [json.loads(body)["attachments"] for _, _, body in receiver.requests]
    assert [len(body) for body in bodies] == [2, 2]
    assert {one.state for one in room.deliveries()} == {"delivered"}
