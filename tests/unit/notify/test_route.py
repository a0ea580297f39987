"""Which channels an event reaches, and what is said where it reaches none; no loops with an Alertmanager."""

import json

import pytest
from tests.unit.notify.conftest import ACCOUNT, REGION, TOPIC, Room
from tests.unit.notify.receiver import Receiver

from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.notify.channels import Wish
from trimtab.notify.received import Alert


def test_an_unknown_topic_is_on_record_with_what_to_do(room: Room) -> None:
    room.alarm()
    room.tick(0)
    (found,) = room.deliveries()
    assert (found.state, found.target) == ("failed", TOPIC)
    assert "no topic or channel named ops" in found.reason
    assert "trimtab notify add ops" in found.reason
    assert room.run(room.log.counts()).totals == {("none", "failed"): 1}


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("arn:aws:automate:us-east-1:ec2:stop", "only SNS topics and channels can be told"),
        ("nonsense", "expected the ARN of a topic"),
        ("arn:aws:sns:us-east-1:210987654321:ops", "belongs to account 210987654321"),
    ],
)
def test_an_action_that_is_no_topic_of_the_account_says_so(room: Room, action: str, reason: str) -> None:
    room.alarm(actions=(action,))
    room.tick(0)
    assert reason in room.deliveries()[0].reason


def test_a_channel_can_be_named_as_a_topic_is(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url, name="direct", topics=())
    room.alarm(actions=(f"arn:aws:sns:{REGION}:{ACCOUNT}:direct",))
    room.tick(0)
    assert len(receiver.taken) == 1


def test_a_channel_that_several_ways_lead_to_is_told_once(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url, name="ops", topics=("ops", "also"), events=("alarm.*",))
    room.alarm(actions=(TOPIC, TOPIC.replace("ops", "also"), TOPIC))
    room.tick(0)
    assert len(receiver.requests) == 1


def test_events_of_any_kind_go_to_those_who_want_them(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url, topics=(), events=("budget.*",))
    room.happen("budget.exceeded", "team-a", title="Team A is over", severity="warning", link="/budgets/a")
    room.happen("other.thing", "x")
    room.tick(0)
    (body,) = [json.loads(body) for _, _, body in receiver.requests]
    assert (body["title"], body["severity"]) == ("Team A is over", "warning")
    assert body["link"] == "http://127.0.0.1:4750/budgets/a"


def test_an_odd_body_is_told_as_it_is_and_stops_nothing(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url, topics=(), events=("*",))
    room.happen("odd", "s" * 3000, severity=["x"], title=None, firing="yes", actions=7, account=None)
    room.happen("alarm.state_changed", "x", Trigger="none", AWSAccountId=None)
    room.happen("alert.received", "x", labels=None, annotations=None)
    room.tick(0)
    assert len(receiver.taken) == 3


def alert(fingerprint: str = "f", status: str = "firing", **labels: str) -> Alert:
    starts = "2026-11-25T10:00:00Z"
    return Alert(
        fingerprint, status, starts, {"alertname": "X", **labels}, {"summary": "it burns"}, "http://prom/graph"
    )


def test_an_alert_of_an_alertmanager_is_told_when_it_changes_only(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url, topics=(), events=("alert.*",))
    first = room.run(room.received.take(ACCOUNT, "r", [alert(), alert("g", severity="critical")]))
    again = room.run(room.received.take(ACCOUNT, "r", [alert()]))
    ended = room.run(room.received.take(ACCOUNT, "r", [alert(status="resolved"), alert("h", "resolved")]))
    assert [(one.changed, one.repeated) for one in (first, again, ended)] == [(2, 0), (0, 1), (2, 0)]
    room.tick(0)
    bodies = [json.loads(body) for _, _, body in receiver.requests]
    assert [body["title"] for body in bodies] == ["FIRING: X: it burns"] * 2 + ["RESOLVED: X: it burns"]
    assert [body["severity"] for body in bodies] == ["warning", "error", "ok"]
    assert [one.status for one in room.run(room.received.list(None))] == ["firing", "resolved", "resolved"]


def test_nothing_goes_round_between_trimtab_and_an_alertmanager(room: Room, receiver: Receiver) -> None:
    room.add("alertmanager", receiver.url, events=("*",))
    room.alarm()
    room.tick(0)
    sent = json.loads(receiver.requests[0][2])[0]["labels"]
    back = room.run(room.received.take(ACCOUNT, "r", [Alert("z", "firing", "", sent, {}, "")]))
    assert (back.own, back.changed) == (1, 0)
    room.run(room.received.take(ACCOUNT, "r", [alert()]))
    room.tick(1)
    assert len(receiver.requests) == 1


def test_channels_of_another_account_hear_nothing(room: Room, receiver: Receiver) -> None:
    room.run(room.channels.create("210987654321", Wish("x", "webhook", receiver.url, events=("*",))))
    room.alarm()
    room.tick(0)
    assert receiver.requests == []
    assert room.run(room.channels.list(ACCOUNT)) == []
    with pytest.raises(NotFound):
        room.run(room.channels.remove(ACCOUNT, "x"))


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (Wish("x", "command", "rm"), "TRIMTAB_NOTIFY_COMMAND"),
        (Wish("x", "sns", "http://127.0.0.1"), "Subscribe"),
        (Wish("a b", "webhook", "http://127.0.0.1"), "cannot use name"),
        (Wish("x", "webhook", "ftp://127.0.0.1"), "expected http"),
        (Wish("x", "webhook", "http://u:p@127.0.0.1"), "authorization"),
        (Wish("x", "webhook", "http://127.0.0.1", {"group_s": 5.0}), "machines get every event"),
        (Wish("x", "slack", "http://127.0.0.1", {}, {"routing_key": "1"}), "it has none"),
        (Wish("x", "pagerduty", "", {}, {"routing_key": "short"}), "32 characters"),
        (Wish("x", "email", "a@b, nonsense"), "nonsense"),
        (Wish("x", "email", "a@b\r\nBcc: c@d"), "cannot send mail"),
        (Wish("x", "webhook", "http://127.0.0.1", events=("a*b",)), "event pattern"),
        (Wish("x", "webhook", "http://127.0.0.1", topics=("a.b",)), "Topic Name"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(room: Room, wish: Wish, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        room.run(room.channels.create(ACCOUNT, wish))
    assert room.run(room.channels.list(None)) == []
    assert room.run(room.topics.all(None)) == []


def test_a_name_is_taken_once(room: Room) -> None:
    room.add("webhook", "http://127.0.0.1:1")
    with pytest.raises(Conflict):
        room.add("webhook", "http://127.0.0.1:2")


def test_the_settings_command_is_a_channel_only_while_it_is_set(room: Room) -> None:
    offer = room.channels.offer_command
    room.run(offer(ACCOUNT, ("notify-send", "{title}"), ("alarm.*",)))
    room.run(offer(ACCOUNT, ("other", "{title}"), ("*",)))
    ((channel, _),) = room.run(room.channels.list(None))
    assert (channel.name, channel.endpoint, channel.events) == ("desktop", "other", ("*",))
    with pytest.raises(Conflict, match="settings"):
        room.run(room.channels.remove(None, "desktop"))
    room.run(offer(ACCOUNT, (), ()))
    assert room.run(room.channels.list(None)) == []


def test_an_owner_is_told_where_a_channel_has_them(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url, topics=(), options={"owners": ["ml", "web"]})
    room.add("webhook", receiver.url, name="other", topics=(), options={"owners": ["data"]})
    room.happen("owner.asked", "a1", title="train idles", owner="ml")
    room.happen("owner.asked", "a2", title="nobody's", owner="")
    room.happen("owner.asked", "a3", title="of a stranger", owner="hr")
    room.tick(0)
    assert ["train idles"] == [json.loads(body)["title"] for _, _, body in receiver.requests]


def test_an_owner_without_a_name_is_refused(room: Room) -> None:
    with pytest.raises(InvalidInput, match="cannot use the owner ' '"):
        room.add("slack", "https://hooks.slack.com/services/x", options={"owners": [" "]})
