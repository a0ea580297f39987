"""What each kind of receiver gets, as it arrives at one."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.notify.conftest import REGION, TOPIC, Room
from tests.unit.notify.receiver import Receiver

from gates import open_gate
from trimtab.base.clock import ManualClock
from trimtab.notify.compose import mail as mail_module
from trimtab.notify.compose import webhook
from trimtab.notify.model import PUBLISHED, Button, Channel, Notification, Parcel, Severity
from trimtab.notify.sender import Means
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State
from trimtab.store.state.tables import notify_deliveries

KEY = "0123456789abcdef0123456789abcdef"


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, _, body in receiver.requests]


def test_a_webhook_is_signed_over_id_time_and_body(room: Room, receiver: Receiver) -> None:
    channel = room.add("webhook", f"{receiver.url}/hook?team=a", secret={"authorization": "Bearer t"})
    room.alarm()
    room.tick(0)
    ((path, headers, body),) = receiver.requests
    assert path == "/hook?team=a"
    key = base64.b64decode(channel.secret["signing_secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == expected
    assert headers["webhook-id"] == headers["x-trimtab-delivery"] == json.loads(body)["id"]
    assert int(headers["webhook-timestamp"]) == room.clock.now_ms() // 1000
    assert headers["authorization"] == "Bearer t"
    assert json.loads(body)["body"]["NewStateValue"] == "ALARM"
    assert "actions" not in json.loads(body)["body"]


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the Standard Webhooks libraries.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signature = webhook.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_people_get_one_message_for_many_and_machines_every_one(room: Room, receiver: Receiver) -> None:
    room.add("slack", f"{receiver.url}/slack", name="s")
    room.add("webhook", f"{receiver.url}/hook", name="w")
    for number in range(25):
        room.alarm(f"a{number}")
    room.tick(0)
    assert [path for path, _, _ in receiver.requests] == ["/hook"] * 25
    room.tick(6)
    assert [path for path, _, _ in receiver.requests[25:]] == ["/slack"]
    message = json.loads(receiver.requests[-1][2])
    assert message["text"] == "25 notifications: 25 firing"
    assert len(message["attachments"]) == 21  # 20 and "5 more"
    assert {one.state for one in room.deliveries(channel="s")} == {"delivered"}
    assert len({one.lead for one in room.deliveries(channel="s")}) == 1


def test_what_happens_after_the_window_is_another_message(room: Room, receiver: Receiver) -> None:
    room.add("teams", receiver.url, options={"group_s": 30})
    room.alarm("a")
    room.tick(20)
    room.alarm("b")
    room.tick(11)
    room.alarm("c")
    room.tick(31)
    assert len(receiver.requests) == 2


def test_a_group_of_zero_seconds_is_none(room: Room, receiver: Receiver) -> None:
    room.add("slack", receiver.url, options={"group_s": 0})
    room.alarm("a")
    room.alarm("b")
    room.tick(0)
    assert [body["text"] for body in told(receiver)] == [f'ALARM: "{name}" in {REGION}' for name in "ab"]


def test_a_group_that_is_refused_is_sent_one_by_one(room: Room, receiver: Receiver) -> None:
    room.add("slack", receiver.url)
    receiver.statuses = [400, 400]
    room.alarm("bad")
    room.alarm("good")
    room.tick(6)
    assert [len(body["attachments"]) for body in told(receiver)] == [2, 1, 1]
    assert [one.state for one in room.deliveries()] == ["failed", "delivered"]


def test_names_cannot_mention_or_link_in_slack(room: Room, receiver: Receiver) -> None:
    room.add("slack", receiver.url, options={"group_s": 0})
    room.alarm("<!channel> & <http://evil|x>")
    room.tick(0)
    assert "&lt;!channel&gt; &amp; &lt;http://evil|x&gt;" in told(receiver)[0]["attachments"][0]["title"]


def test_teams_gets_an_adaptive_card_without_links_out_of_names(room: Room, receiver: Receiver) -> None:
    room.add("teams", receiver.url, options={"group_s": 0})
    room.alarm("[x](http://evil)")
    room.tick(0)
    (attachment,) = told(receiver)[0]["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (attachment["content"]["type"], attachment["content"]["version"]) == ("AdaptiveCard", "1.4")
    first = attachment["content"]["body"][0]
    assert first["color"] == "attention"
    assert "\\[x\\](http" in first["text"]
    assert attachment["content"]["actions"][0]["url"].startswith("http://127.0.0.1:4750/alarms/")


def test_pagerduty_opens_and_resolves_one_incident(room: Room, receiver: Receiver) -> None:
    room.add("pagerduty", receiver.url, secret={"routing_key": KEY})
    room.alarm("cpu", "ALARM")
    room.alarm("cpu", "OK")
    room.alarm("disk", "ALARM")
    room.tick(0)
    first, second, third = told(receiver)
    assert [one["event_action"] for one in (first, second, third)] == ["trigger", "resolve", "trigger"]
    assert first["dedup_key"] == second["dedup_key"] != third["dedup_key"]
    assert (first["routing_key"], first["payload"]["severity"]) == (KEY, "critical")
    assert first["payload"]["summary"] == f'ALARM: "cpu" in {REGION}'


def test_a_test_of_pagerduty_is_an_incident_of_its_own(room: Room, receiver: Receiver) -> None:
    room.add("pagerduty", receiver.url, secret={"routing_key": KEY})
    room.run(room.log.test(None, "ch", "ann"))
    room.run(room.log.test(None, "ch", "ann"))
    room.tick(0)
    assert len({one["dedup_key"] for one in told(receiver)}) == 2


def test_an_alertmanager_is_told_again_while_it_fires_and_once_when_it_ends(room: Room, receiver: Receiver) -> None:
    room.add("alertmanager", receiver.url)
    began = room.clock.now_ms()
    room.alarm("cpu", "ALARM")
    for _ in range(181):
        room.tick(1)
    assert [path for path, _, _ in receiver.requests] == ["/api/v2/alerts"] * 4  # at 1, 61, 121 and 181 s
    alerts = [body[0] for body in told(receiver)]
    assert len({json.dumps(one["labels"], sort_keys=True) for one in alerts}) == 1
    assert len({one["startsAt"] for one in alerts}) == 1
    assert [one["endsAt"] for one in alerts] == sorted({one["endsAt"] for one in alerts})
    room.alarm("cpu", "OK")
    for _ in range(200):
        room.tick(1)
    ended = told(receiver)[4:]
    assert len(ended) == 1
    assert ended[0][0]["labels"] == alerts[0]["labels"]
    assert ended[0][0]["endsAt"] < alerts[-1]["endsAt"]
    assert alerts[0]["labels"]["trimtab_origin"] == "trimtab"
    assert began < room.clock.now_ms()


def test_an_alertmanager_that_is_away_hears_of_what_fires_when_it_is_back(room: Room, receiver: Receiver) -> None:
    room.add("alertmanager", receiver.url)
    room.alarm("cpu", "ALARM")
    room.tick(1)
    receiver.status = 503
    for _ in range(300):
        room.tick(1)
    receiver.status = 200
    before = len(receiver.taken)
    for _ in range(130):
        room.tick(1)
    assert len(receiver.taken) > before


def test_sns_gets_the_envelope_with_cloudwatchs_json_as_message(room: Room, receiver: Receiver) -> None:
    room.run(room.topics.create(TOPIC, {}, {}))
    made = room.run(room.subscribing.subscribe("123456789012", TOPIC, "http", f"{receiver.url}/sns", {}))
    event = room.alarm()
    room.tick(0)
    (asked,) = told(receiver)
    assert asked["Type"] == "SubscriptionConfirmation"
    (undelivered,) = room.deliveries(state="failed")
    assert undelivered.reason.startswith("topic ops has no confirmed subscription")
    token = re.search("Token=(.*)", asked["SubscribeURL"])[1]  # type: ignore[index]  # there is one
    assert token == asked["Token"]
    room.run(room.subscribing.confirm(TOPIC, token))
    event = room.alarm()
    room.tick(1)
    _, headers, body = receiver.requests[-1]
    envelope = json.loads(body)
    assert (envelope["Type"], envelope["TopicArn"], envelope["MessageId"]) == ("Notification", TOPIC, event)
    message = json.loads(envelope["Message"])
    assert message["AlarmName"] == "cpu"
    assert {"OldStateReason", "NewStateReasonData"}.isdisjoint(message)  # which CloudWatch tells in events only
    assert envelope["Subject"] == f'ALARM: "cpu" in {REGION}'
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", envelope["Timestamp"])
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert headers["x-amz-sns-subscription-arn"] == made.arn
    assert headers["content-type"] == "text/plain; charset=UTF-8"


def test_raw_delivery_sends_the_message_alone(room: Room, receiver: Receiver) -> None:
    room.run(room.topics.create(TOPIC, {}, {}))
    raw = {"RawMessageDelivery": "true"}
    room.run(room.subscribing.subscribe("123456789012", TOPIC, "http", receiver.url, raw))
    room.tick(0)
    room.run(room.subscribing.confirm(TOPIC, told(receiver)[0]["Token"]))
    room.happen(PUBLISHED, TOPIC, Message="plain text", actions=[TOPIC], account="123456789012")
    room.tick(1)
    _, headers, body = receiver.requests[-1]
    assert body == b"plain text"
    assert headers["x-amz-sns-rawdelivery"] == "true"


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "abc", "whsec_!!!!"])
def test_a_signing_secret_that_is_none_is_refused_and_not_repeated(room: Room, secret: str) -> None:
    with pytest.raises(Exception, match="cannot use signing_secret") as caught:
        room.add("webhook", "http://127.0.0.1:1", secret={"signing_secret": secret})
    assert secret == "whsec_" or secret not in str(caught.value)


def test_secrets_are_in_no_representation(room: Room) -> None:
    channel = room.add("slack", "https://hooks.slack.com/services/SECRET")
    assert "SECRET" not in repr(channel)


_BUTTONS = [{"label": "Done <now>", "path": "/asked/by/", "signs": "a 1 done"}, {"label": "Look", "path": "/asked"}]


def _signed(text: str) -> str:
    return text.replace(" ", "-") + ".mac"


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_buttons_are_links_that_are_signed_when_they_are_sent(kind: str, state: State, receiver: Receiver) -> None:
    room = Room(state, ManualClock(), Means(HttpTransport(open_gate()), sign=_signed))
    room.add(kind, receiver.url, topics=(), events=("owner.*",), options={"group_s": 0})
    room.happen("owner.asked", "a", title="train idles", buttons=_BUTTONS)
    room.tick(0)
    (attachment,) = told(receiver)[0]["attachments"]
    links = attachment["actions"] if kind == "slack" else attachment["content"]["body"][-1]["actions"]
    own = "http://127.0.0.1:4750/asked"
    assert [f"{own}/by/a-1-done.mac", own] == [one["url"] for one in links]
    label = links[0]["text"] if kind == "slack" else links[0]["title"]
    assert ("Done &lt;now&gt;" if kind == "slack" else "Done <now>") == label
    kept = state.read_sync(lambda connection: connection.execute(select(notify_deliveries.c.notification)).scalar_one())
    assert ".mac" not in kept
    room.close()


def test_without_keys_no_button_is_sent_that_would_have_to_be_signed(room: Room, receiver: Receiver) -> None:
    room.add("slack", receiver.url, topics=(), events=("owner.*",), options={"group_s": 0})
    room.happen("owner.asked", "a", title="train idles", buttons=_BUTTONS)
    room.tick(0)
    assert ["Look"] == [one["text"] for one in told(receiver)[0]["attachments"][0]["actions"]]


def test_mail_has_its_buttons_in_both_parts() -> None:
    note = Notification(
        id="n", kind="owner.asked", at_ms=0, subject="a", title="train idles", text="since Monday",
        severity=Severity.WARNING, order_key="o", group_key="g", link="http://t/advice/1",
        buttons=(Button("Done", "http://t/asked/by/x?<"),),
    )  # fmt: skip
    channel = Channel("c", "1", "mail", "email", "ann@example.com")
    mail = mail_module.compose(Parcel("p", ("d",), (note,), 0), channel, 0, "trimtab@example.com")
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert "http://t/advice/1\nDone: http://t/asked/by/x?<" in plain
    assert '<a href="http://t/advice/1">Open in trimtab</a> · <a href="http://t/asked/by/x?&lt;">Done</a>' in html
