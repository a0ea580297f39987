"""Deliveries of logs that services write of themselves, by boto3; those of event buses really come."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from patience import until

pytestmark = pytest.mark.wire
HERE = "us-east-1:123456789012"


@pytest.fixture(scope="module")
def clients(server: LiveServer) -> tuple[Any, Any]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    logs, events = (boto3.client(name, endpoint_url=server.url, **keys) for name in ("logs", "events"))
    return logs, events


@pytest.fixture
def delivery(clients: tuple[Any, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of a bus that logs, of its log group, of a source and a destination; and the delivery of both."""
    logs, events = clients
    name = f"vended-{uuid.uuid4().hex[:8]}"
    bus = events.create_event_bus(Name=name, LogConfig={"IncludeDetail": "NONE", "Level": "INFO"})["EventBusArn"]
    group = f"arn:aws:logs:{HERE}:log-group:{name}"
    source = logs.put_delivery_source(name=name, resourceArn=bus, logType="ERROR_LOGS")["deliverySource"]
    assert (source["service"], source["resourceArns"], source["arn"]) == (
        "events", [bus], f"arn:aws:logs:{HERE}:delivery-source:{name}",
    )  # fmt: skip
    configuration = {"destinationResourceArn": group}
    kept = logs.put_delivery_destination(name=name, deliveryDestinationConfiguration=configuration)
    to = kept["deliveryDestination"]
    assert to["deliveryDestinationType"] == "CWL"
    made = logs.create_delivery(deliverySourceName=name, deliveryDestinationArn=to["arn"], tags={"team": "a"})[
        "delivery"
    ]
    yield name, made
    if logs.describe_deliveries(deliverySourceNames=[name])["deliveries"]:
        logs.delete_delivery(id=made["id"])
    logs.delete_delivery_destination(name=name)
    logs.delete_delivery_source(name=name)


def error_of(call: Any, **asked: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**asked)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_delivery_joins_a_source_and_a_destination(clients: tuple[Any, Any], delivery: tuple[str, Any]) -> None:
    logs, (name, made) = clients[0], delivery
    assert made == logs.get_delivery(id=made["id"])["delivery"]
    assert [made] == logs.describe_deliveries(deliverySourceNames=[name])["deliveries"]
    logs.update_delivery_configuration(id=made["id"], recordFields=["message_type"], fieldDelimiter=",")
    changed = logs.get_delivery(id=made["id"])["delivery"]
    assert (changed["recordFields"], changed["fieldDelimiter"]) == (["message_type"], ",")
    logs.tag_resource(resourceArn=made["arn"], tags={"stage": "b"})
    logs.untag_resource(resourceArn=made["arn"], tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"stage": "b"}
    again = {"deliverySourceName": name, "deliveryDestinationArn": made["deliveryDestinationArn"]}
    assert error_of(logs.create_delivery, **again) == ("ConflictException", "The specified Delivery already exists")
    assert error_of(logs.delete_delivery_source, name=name)[0] == "ConflictException"
    assert error_of(logs.delete_delivery_destination, name=name)[0] == "ConflictException"
    logs.delete_delivery(id=made["id"])
    gone = ("ResourceNotFoundException", "Requested Delivery does not exist in this account.")
    assert error_of(logs.get_delivery, id=made["id"]) == gone


def test_ends_of_deliveries_keep_what_they_are(clients: tuple[Any, Any], delivery: tuple[str, Any]) -> None:
    logs, (name, _) = clients[0], delivery
    source = {"name": name, "resourceArn": f"arn:aws:events:{HERE}:event-bus/other", "logType": "ERROR_LOGS"}
    assert "new ResourceId is not allowed" in error_of(logs.put_delivery_source, **source)[1]
    assert error_of(logs.put_delivery_source, **source, tags={"a": "b"})[1].startswith("Tags can only be provided")
    wrong = {**source, "name": "none", "logType": "ACCESS_LOGS"}
    assert error_of(logs.put_delivery_source, **wrong)[0] == "ValidationException"
    bucket = {**source, "name": "none", "resourceArn": "arn:aws:s3:::bucket"}
    unknown = ("ResourceNotFoundException", "Cannot access provided service.")
    assert error_of(logs.put_delivery_source, **bucket) == unknown
    logs.put_delivery_destination_policy(deliveryDestinationName=name, deliveryDestinationPolicy='{"Version": "x"}')
    policy = logs.get_delivery_destination_policy(deliveryDestinationName=name)["policy"]
    assert policy == {"deliveryDestinationPolicy": '{"Version": "x"}'}
    logs.delete_delivery_destination_policy(deliveryDestinationName=name)
    assert logs.get_delivery_destination_policy(deliveryDestinationName=name)["policy"] == {}
    there = {"destinationResourceArn": f"arn:aws:logs:{HERE}:log-group:{name}"}
    changed = {"name": name, "deliveryDestinationConfiguration": there, "outputFormat": "raw"}
    assert "new Output Format is not allowed" in error_of(logs.put_delivery_destination, **changed)[1]
    wrong_form = {**changed, "name": "none", "outputFormat": "foobar"}
    assert error_of(logs.put_delivery_destination, **wrong_form) == (
        "ValidationException",
        "1 validation error detected: Value 'foobar' at 'outputFormat' failed to satisfy constraint: Member must "
        "satisfy enum value set: [w3c, raw, json, plain, parquet]",
    )
    templates = logs.describe_configuration_templates(service="events", deliveryDestinationTypes=["CWL"])
    assert {one["logType"] for one in templates["configurationTemplates"]} == {"ERROR_LOGS", "INFO_LOGS", "TRACE_LOGS"}


def test_what_a_bus_could_not_deliver_is_in_its_log(clients: tuple[Any, Any], delivery: tuple[str, Any]) -> None:
    logs, events = clients
    name, _ = delivery
    rule = events.put_rule(Name=name, EventBusName=name, EventPattern='{"source": ["vended"]}')["RuleArn"]
    lost = f"arn:aws:kinesis:{HERE}:stream/nowhere"
    events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "1", "Arn": lost}])
    entry = {"Source": "vended", "DetailType": "d", "Detail": "{}", "EventBusName": name}
    events.put_events(Entries=[entry])

    def logged() -> list[Any]:
        try:
            return list(logs.filter_log_events(logGroupName=name)["events"])
        except logs.exceptions.ResourceNotFoundException:  # it is made with the first record
            return []

    (event,) = until(logged, "the bus logs its failure")
    record = json.loads(event["message"])
    assert (record["message_type"], record["log_level"], record["event_bus_name"]) == (
        "INVOCATION_FAILURE",
        "ERROR",
        name,
    )
    assert (record["details"]["rule_arn"], record["details"]["target_arn"]) == (rule, lost)
    assert "cannot reach targets like" in record["details"]["error_message"]
    events.remove_targets(Rule=name, EventBusName=name, Ids=["1"])
    events.delete_rule(Name=name, EventBusName=name)
    events.delete_event_bus(Name=name)


def test_a_delivery_that_names_no_fields_has_those_of_its_logs(clients: tuple[Any, Any]) -> None:
    logs, name = clients[0], f"vended-{uuid.uuid4().hex[:8]}"
    distribution = "arn:aws:cloudfront::123456789012:distribution/E1"
    logs.put_delivery_source(name=name, resourceArn=distribution, logType="ACCESS_LOGS")
    asked = {"name": name, "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:s3:::bucket"}}
    kept = logs.put_delivery_destination(**asked, tags={"team": "a"})["deliveryDestination"]
    assert "tags" not in kept  # as recorded: they are told where the destination is read
    assert {**kept, "tags": {"team": "a"}} == logs.get_delivery_destination(name=name)["deliveryDestination"]
    made = logs.create_delivery(deliverySourceName=name, deliveryDestinationArn=kept["arn"])["delivery"]
    assert ["date", "time", "x-edge-location"] == made["recordFields"][:3]
    assert 33 == len(logs.get_delivery(id=made["id"])["delivery"]["recordFields"])
    logs.delete_delivery(id=made["id"])
    named = {"deliverySourceName": name, "deliveryDestinationArn": kept["arn"], "recordFields": ["date"]}
    made = logs.create_delivery(**named)["delivery"]
    assert ["date"] == made["recordFields"]
    logs.delete_delivery(id=made["id"])
    logs.delete_delivery_destination(name=name)
    logs.delete_delivery_source(name=name)
