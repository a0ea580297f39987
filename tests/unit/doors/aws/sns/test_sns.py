"""SNS with boto3: topics, subscriptions and messages, and the errors that clients know."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import select
from starlette.applications import Starlette

from asgi_client import AsgiClient
from trimtab.base.clock import ManualClock
from trimtab.doors.aws.gateway import Gateway, GatewayOptions
from trimtab.doors.aws.sns import links
from trimtab.doors.aws.sns.service import build
from trimtab.notify.room import NotifyRoom
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.store.state.tables import notify_deliveries, outbox

ACCOUNT = "123456789012"
OPS = f"arn:aws:sns:us-east-1:{ACCOUNT}:ops"


class NoKeys:
    """Knows no key."""

    def secret_of(self, access_key_id: str) -> None:
        return None


@pytest.fixture
def room(state: State) -> NotifyRoom:
    return NotifyRoom.of(Settings(), state, ManualClock())


@pytest.fixture
def sns(room: NotifyRoom, serve: Callable[[Any], str], make_client: Callable[..., Any]) -> Any:
    options = GatewayOptions((build(room),), NoKeys(), ManualClock(), ACCOUNT, "us-east-1", False)
    return make_client(serve(Gateway(options)), "sns")


def code_of(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_topic_is_made_once_described_tagged_and_deleted(sns: Any) -> None:
    made = sns.create_topic(Name="ops", Attributes={"DisplayName": "Ops"}, Tags=[{"Key": "team", "Value": "a"}])
    assert made["TopicArn"] == OPS
    assert sns.create_topic(Name="ops")["TopicArn"] == OPS
    assert code_of(lambda: sns.create_topic(Name="ops", Attributes={"DisplayName": "x"}))[0] == "InvalidParameter"
    assert sns.list_topics()["Topics"] == [{"TopicArn": OPS}]
    sns.set_topic_attributes(TopicArn=OPS, AttributeName="DisplayName", AttributeValue="New")
    found = sns.get_topic_attributes(TopicArn=OPS)["Attributes"]
    assert (found["DisplayName"], found["Owner"], found["SubscriptionsConfirmed"]) == ("New", ACCOUNT, "0")
    sns.tag_resource(ResourceArn=OPS, Tags=[{"Key": "team", "Value": "b"}, {"Key": "x", "Value": "y"}])
    sns.untag_resource(ResourceArn=OPS, TagKeys=["x"])
    assert sns.list_tags_for_resource(ResourceArn=OPS)["Tags"] == [{"Key": "team", "Value": "b"}]
    sns.delete_topic(TopicArn=OPS)
    sns.delete_topic(TopicArn=OPS)
    assert sns.list_topics()["Topics"] == []
    assert code_of(lambda: sns.get_topic_attributes(TopicArn=OPS)) == ("NotFound", "Topic does not exist")


def test_topics_come_in_pages(sns: Any, room: NotifyRoom) -> None:
    for number in range(130):
        asyncio.run(room.topics.create(f"{OPS}-{number:03}", {}, {}))
    first = sns.list_topics()
    assert len(first["Topics"]) == 100
    found = [one["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for one in page["Topics"]]
    assert found == [f"{OPS}-{number:03}" for number in range(130)]
    assert code_of(lambda: sns.list_topics(NextToken="x!"))[0] == "InvalidParameter"


def test_a_subscription_waits_for_its_token_then_gets_attributes_and_ends(
    sns: Any, room: NotifyRoom, state: State
) -> None:
    sns.create_topic(Name="ops")
    wish = {"TopicArn": OPS, "Protocol": "http", "Endpoint": "http://127.0.0.1:9/sns"}
    assert sns.subscribe(**wish)["SubscriptionArn"] == "pending confirmation"
    arn = sns.subscribe(**wish, ReturnSubscriptionArn=True)["SubscriptionArn"]
    assert arn.startswith(f"{OPS}:")
    assert sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    assert sns.get_topic_attributes(TopicArn=OPS)["Attributes"]["SubscriptionsPending"] == "1"
    asked = state.read_sync(lambda connection: connection.execute(select(notify_deliveries.c.kind)).all())
    assert [row.kind for row in asked] == ["sns.confirmation"] * 2
    assert code_of(lambda: sns.confirm_subscription(TopicArn=OPS, Token="wrong"))[1] == "Invalid parameter: Token"
    ((channel, _),) = asyncio.run(room.channels.list(None))
    confirmed = sns.confirm_subscription(TopicArn=OPS, Token=channel.secret["token"])
    assert confirmed["SubscriptionArn"] == arn
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true")
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (found["PendingConfirmation"], found["RawMessageDelivery"], found["Protocol"]) == ("false", "true", "http")
    assert asyncio.run(room.channels.get(None, channel.name)).options["raw"] is True
    assert sns.list_subscriptions_by_topic(TopicArn=OPS)["Subscriptions"][0]["SubscriptionArn"] == arn
    sns.unsubscribe(SubscriptionArn=arn)
    assert sns.list_subscriptions()["Subscriptions"] == []
    assert asyncio.run(room.channels.list(None)) == []


def test_the_link_of_a_confirmation_needs_nothing_but_its_token(sns: Any, room: NotifyRoom) -> None:
    sns.create_topic(Name="ops")
    sns.subscribe(TopicArn=OPS, Protocol="http", Endpoint="http://127.0.0.1:9/")
    ((channel, _),) = asyncio.run(room.channels.list(None))
    site = AsgiClient(Starlette(routes=links.routes(room.subscribing)))
    wrong = site.get("/notify/confirm", params={"TopicArn": OPS, "Token": "x"})
    assert (wrong.status_code, "Invalid parameter: Token" in wrong.text) == (400, True)
    right = site.get("/notify/confirm", params={"TopicArn": OPS, "Token": channel.secret["token"]})
    assert right.status_code == 200
    assert "<SubscriptionArn>" + OPS in right.text
    assert sns.get_topic_attributes(TopicArn=OPS)["Attributes"]["SubscriptionsConfirmed"] == "1"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:1:q"}, "expected http, https, email"),
        ({"Protocol": "https", "Endpoint": "http://127.0.0.1/"}, "must match the specified protocol"),
        ({"Protocol": "http", "Endpoint": "http://169.254.169.254/"}, "metadata service"),
        ({"Protocol": "email", "Endpoint": "nonsense"}, "cannot send mail"),
        (
            {"Protocol": "http", "Endpoint": "http://127.0.0.1/", "Attributes": {"FilterPolicy": "{}"}},
            "no filter policies",
        ),
    ],
)
def test_what_cannot_be_subscribed_is_refused_by_name(sns: Any, more: dict[str, Any], message: str) -> None:
    sns.create_topic(Name="ops")
    code, said = code_of(lambda: sns.subscribe(TopicArn=OPS, **more))
    assert code == "InvalidParameter"
    assert message in said


def test_a_message_is_durable_when_it_is_acknowledged(sns: Any, state: State) -> None:
    sns.create_topic(Name="ops")
    attributes = {"level": {"DataType": "String", "StringValue": "high"}}
    id_ = sns.publish(TopicArn=OPS, Message="hello", Subject="s", MessageAttributes=attributes)["MessageId"]
    row = state.read_sync(lambda connection: connection.execute(select(outbox)).one())
    body = json.loads(row.body)
    assert (row.id, row.kind, body["Message"], body["Subject"]) == (id_, "sns.published", "hello", "s")
    assert body["MessageAttributes"] == {"level": {"Type": "String", "Value": "high"}}
    assert body["actions"] == [OPS]


def test_a_structured_message_is_its_default(sns: Any, state: State) -> None:
    sns.create_topic(Name="ops")
    sns.publish(TopicArn=OPS, Message=json.dumps({"default": "d", "sms": "s"}), MessageStructure="json")
    row = state.read_sync(lambda connection: connection.execute(select(outbox)).one())
    assert json.loads(row.body)["Message"] == "d"
    wrong = code_of(lambda: sns.publish(TopicArn=OPS, Message="{}", MessageStructure="json"))
    assert wrong == ("InvalidParameter", "Invalid parameter: Message Structure - No default entry in JSON message body")


def test_a_batch_succeeds_and_fails_entry_by_entry(sns: Any) -> None:
    sns.create_topic(Name="ops")
    entries = [{"Id": "a", "Message": "x"}, {"Id": "b", "Message": "y", "Subject": "z" * 101}]
    answer = sns.publish_batch(TopicArn=OPS, PublishBatchRequestEntries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["a"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [
        ("b", "InvalidParameter", True)
    ]
    same = [{"Id": "a", "Message": "x"}] * 2
    assert (
        code_of(lambda: sns.publish_batch(TopicArn=OPS, PublishBatchRequestEntries=same))[0]
        == "BatchEntryIdsNotDistinct"
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"TopicArn": OPS, "Message": "x"}, "NotFound"),
        ({"TopicArn": "nonsense", "Message": "x"}, "InvalidParameter"),
        ({"TopicArn": OPS.replace(ACCOUNT, "210987654321"), "Message": "x"}, "AuthorizationError"),
        ({"PhoneNumber": "+1555", "Message": "x"}, "InvalidParameter"),
        ({"TopicArn": OPS, "Message": ""}, "InvalidParameter"),
        ({"TopicArn": OPS, "Message": "x" * 262_145}, "InvalidParameter"),
    ],
)
def test_what_cannot_be_published_has_sns_own_code(sns: Any, message: dict[str, str], code: str) -> None:
    assert code_of(lambda: sns.publish(**message))[0] == code
