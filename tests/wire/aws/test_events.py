"""EventBridge by boto3 against a live server: every operation, with the errors that AWS recorded."""

import gzip
import json
import re
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.unit.notify.receiver import receiving

from live_server import LiveServer

pytestmark = pytest.mark.wire
ACCOUNT, REGION = "123456789012", "us-east-1"
SNAPSHOTS = Path(__file__).parents[4] / "shared/data/aws_snapshots"
WAIT_S = 60
PATTERN = {
    "source": ["core.update-account-command"],
    "detail-type": ["core.update-account-command"],
    "detail": {"command": ["update-account"]},
}


@pytest.fixture(scope="module")
def events(server: LiveServer) -> Any:
    return _client(server, "events")


def _client(server: LiveServer, service: str) -> Any:
    key = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client(service, endpoint_url=server.url, region_name=REGION, **key)


@pytest.fixture
def bus(events: Any) -> str:
    name = f"bus-{uuid.uuid4().hex[:12]}"
    events.create_event_bus(Name=name)
    return name


def _recorded(file: str, test: str) -> Any:
    path = SNAPSHOTS / f"events__{file}.snapshot.json.gz"
    if not path.exists():
        pytest.skip("the recorded answers of AWS are not beside this checkout")
    found = json.loads(gzip.decompress(path.read_bytes()))
    return next(one["recorded-content"] for title, one in found.items() if title.endswith(f"::{test}"))


def _error(call: Any, **request: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return {"Code": error["Code"], "Message": error["Message"]}


def _same(said: dict[str, str], recorded: Any, **names: str) -> None:
    expected = recorded["Error"]
    message = expected["Message"]
    for placeholder, name in names.items():
        message = message.replace(f"<{placeholder.replace('_', '-')}>", name)
    assert said == {"Code": expected["Code"], "Message": message}


def _members(answer: dict[str, Any]) -> set[str]:
    return set(answer) - {"ResponseMetadata"}


def test_rules_are_put_described_switched_listed_and_deleted(events: Any, bus: str) -> None:
    arn = events.put_rule(
        Name="r", EventBusName=bus, EventPattern=json.dumps(PATTERN), Tags=[{"Key": "team", "Value": "ml"}]
    )["RuleArn"]
    assert arn == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{bus}/r"
    recorded = _recorded("test_events", "test_disable_re_enable_rule[custom]")
    events.disable_rule(Name="r", EventBusName=bus)
    found = events.describe_rule(Name="r", EventBusName=bus)
    assert _members(found) == set(recorded["describe-rule-disabled"]) - {"ResponseMetadata"}
    assert (found["State"], found["CreatedBy"]) == ("DISABLED", ACCOUNT)
    events.enable_rule(Name="r", EventBusName=bus)
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "ml"}]
    events.untag_resource(ResourceARN=arn, TagKeys=["team"])
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    for at in range(4):
        events.put_rule(Name=f"r{at}", EventBusName=bus, EventPattern=json.dumps(PATTERN))
    first = events.list_rules(EventBusName=bus, Limit=3)
    second = events.list_rules(EventBusName=bus, Limit=3, NextToken=first["NextToken"])
    assert [one["Name"] for one in first["Rules"] + second["Rules"]] == ["r", "r0", "r1", "r2", "r3"]
    assert "NextToken" not in second
    events.delete_rule(Name="r", EventBusName=bus)
    assert _error(events.describe_rule, Name="r", EventBusName=bus) == {
        "Code": "ResourceNotFoundException",
        "Message": f"Rule r does not exist on EventBus {bus}.",
    }
    assert _error(events.list_tags_for_resource, ResourceARN=arn) == {
        "Code": "ResourceNotFoundException",
        "Message": f"Rule r does not exist on EventBus {bus}.",
    }
    nobody = arn.rpartition(":")[0]
    for resource, said in (
        ("rule/nobody", "Rule nobody does not exist on EventBus default."),
        ("event-bus/nobody", "Event bus nobody does not exist."),
    ):
        assert _error(events.tag_resource, ResourceARN=f"{nobody}:{resource}", Tags=[])["Message"] == said


@pytest.mark.parametrize("event", ["nothing", "[]", '{"source": "a"}'])
def test_an_event_that_is_none_is_refused_as_aws_does(events: Any, event: str) -> None:
    refused = _error(events.test_event_pattern, Event=event, EventPattern='{"source": ["a"]}')
    assert (refused["Code"], refused["Message"]) == ("ValidationException", "Parameter Event is not valid.")


def test_what_cannot_be_a_rule_is_refused(events: Any, bus: str) -> None:
    said = _error(events.put_rule, Name="r", EventPattern='{"a": 1}')
    assert said["Code"] == "InvalidEventPatternException"
    reason, where = said["Message"].split("\n")
    assert reason == 'Event pattern is not valid. Reason: "a" must be an object or an array'
    assert where == ' at [Source: (String)"{"a": 1}"; line: 1, column: 8]'
    recorded = _recorded("test_events_schedule", "tests_put_rule_with_schedule_custom_event_bus")
    refused = _error(events.put_rule, Name="r", EventBusName=bus, ScheduleExpression="rate(1 minute)")
    _same(refused, recorded["put-rule-with-custom-event-bus-error"])
    assert _error(events.put_rule, Name="r", ScheduleExpression="rate(1 minutes)")["Code"] == "ValidationException"
    assert _error(events.put_rule, Name="r")["Code"] == "ValidationException"


def test_schedules_that_aws_takes_are_taken(events: Any) -> None:
    path = SNAPSHOTS / "events__test_events_schedule.snapshot.json.gz"
    if not path.exists():
        pytest.skip("the recorded answers of AWS are not beside this checkout")
    titles = json.loads(gzip.decompress(path.read_bytes()))
    taken = [found[1] for title in titles if (found := re.search(r"\[(cron\(.*\))\]$", title))]
    assert len(taken) > 10
    for at, expression in enumerate(taken):
        name = f"schedule-{uuid.uuid4().hex[:8]}-{at}"
        events.put_rule(Name=name, ScheduleExpression=expression, State="DISABLED")
        assert events.describe_rule(Name=name)["ScheduleExpression"] == expression


def test_targets_are_put_listed_found_and_removed(events: Any, bus: str) -> None:
    events.put_rule(Name="r", EventBusName=bus, EventPattern=json.dumps(PATTERN))
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue-{bus}"
    targets = [{"Id": f"t{at}", "Arn": arn} for at in range(5)]
    answer = events.put_targets(Rule="r", EventBusName=bus, Targets=targets)
    assert (answer["FailedEntryCount"], answer["FailedEntries"]) == (0, [])
    first = events.list_targets_by_rule(Rule="r", EventBusName=bus, Limit=3)
    second = events.list_targets_by_rule(Rule="r", EventBusName=bus, Limit=3, NextToken=first["NextToken"])
    assert first["Targets"] + second["Targets"] == targets
    assert events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)["RuleNames"] == ["r"]
    assert _error(events.delete_rule, Name="r", EventBusName=bus)["Code"] == "ValidationException"
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "t0", "Arn": arn, "InputPath": "$.notexisting"}])
    (again, *_) = events.list_targets_by_rule(Rule="r", EventBusName=bus)["Targets"]
    assert again == {"Id": "t0", "Arn": arn, "InputPath": "$.notexisting"}
    gone = events.remove_targets(Rule="r", EventBusName=bus, Ids=[*(f"t{at}" for at in range(5)), "nowhere"])
    assert [one["TargetId"] for one in gone["FailedEntries"]] == ["nowhere"]
    recorded = _recorded("test_events_inputs", "test_put_events_with_input_transformer_missing_keys")
    wrong = {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '{"a": <a>, "b": <notdefinedkey>}'}
    said = _error(
        events.put_targets, Rule="r", EventBusName=bus, Targets=[{"Id": "t", "Arn": arn, "InputTransformer": wrong}]
    )
    _same(said, recorded["missing-key-exception-error"], target_id="t")
    recorded = _recorded("test_events", "test_put_target_id_validation")
    said = _error(events.put_targets, Rule="r", EventBusName=bus, Targets=[{"Id": "!@#$@!#$", "Arn": arn}])
    _same(said, recorded["put-targets-invalid-id-error"])


def test_entries_are_taken_or_refused_one_by_one(events: Any) -> None:
    good = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    no_source = _recorded("test_events", "test_put_events_without_source")["put-events"]["Entries"]
    malformed = _recorded("test_events", "test_put_event_malformed_detail[MALFORMED_JSON]")["put-events"]["Entries"]
    answer = events.put_events(
        Entries=[
            good,
            {"DetailType": "t", "Detail": "{}"},
            {**good, "Detail": "{"},
            {**good, "Detail": "[1]"},
            {**good, "EventBusName": "nowhere"},
        ]
    )
    assert answer["FailedEntryCount"] == 4
    assert "EventId" in answer["Entries"][0]
    assert answer["Entries"][1:4] == [*no_source, *malformed, *malformed]
    recorded = _recorded("test_events", "test_put_event_with_too_big_detail")["put-events-too-big-detail-error"]
    _same(_error(events.put_events, Entries=[{**good, "Detail": json.dumps({"x": "x" * 270_000})}]), recorded)


def test_templates_become_what_aws_made_of_them(events: Any, bus: str) -> None:
    recorded = _transformed()
    assert len(recorded) >= 10
    paths = {
        "userId": "$.detail.payload.acc_id",
        "payload": "$.detail.payload",
        "listsingle": "$.detail.awsAccountIdList",
        "listmulti": "$.detail.states",
        "systemstring": "$.detail.awsAccountId",
        "valid": "$.detail.valid",
    }
    detail = {
        "command": "update-account",
        "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"},
        "awsAccountIdList": ["HIGH"],
        "states": ["ACTIVE", "INACTIVE"],
        "valid": True,
    }
    with receiving() as receiver:
        for at, (template, _) in enumerate(recorded):
            transformer = {"InputPathsMap": paths, "InputTemplate": template}
            target = {"Id": "1", "Arn": f"{receiver.url}/{at}", "InputTransformer": transformer}
            events.put_rule(Name=f"r{at}", EventBusName=bus, EventPattern=json.dumps(PATTERN))
            events.put_targets(Rule=f"r{at}", EventBusName=bus, Targets=[target])
        kind = "core.update-account-command"
        entry = {"Source": kind, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
        events.put_events(Entries=[entry])
        _until(lambda: len(receiver.requests) == len(recorded))
        sent = {int(path[1:]): body.decode() for path, _, body in receiver.requests}
    for at, (template, expected) in enumerate(recorded):
        assert (sent[at] if isinstance(expected, str) else json.loads(sent[at])) == expected, template


def _transformed() -> list[tuple[str, Any]]:
    path = SNAPSHOTS / "events__test_events_inputs.snapshot.json.gz"
    if not path.exists():
        pytest.skip("the recorded answers of AWS are not beside this checkout")
    found = []
    for title, one in json.loads(gzip.decompress(path.read_bytes())).items():
        match = re.search(r"test_input_transformer_nested_keys_replacement\[(.*)\]$", title, re.DOTALL)
        messages = one["recorded-content"].get("input-transformed-messages")
        if match and messages:
            found.append((match[1].replace("\\n", "\n"), messages[0]["Body"]))
    return sorted(found, key=str)


def _until(done: Any) -> Any:
    for _ in range(WAIT_S * 10):
        if found := done():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


def test_an_event_reaches_a_log_group_as_aws_wrote_it(events: Any, server: LiveServer, bus: str) -> None:
    events.put_rule(Name="r", EventBusName=bus, EventPattern=json.dumps(PATTERN))
    group = f"/events/{bus}"
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
    kind, detail = "core.update-account-command", json.dumps({"command": "update-account"})
    entry = {"Source": kind, "DetailType": kind, "Detail": detail, "EventBusName": bus}
    (put,) = events.put_events(Entries=[entry])["Entries"]
    logs = _client(server, "logs")

    def written() -> list[Any]:
        try:
            return list(logs.filter_log_events(logGroupName=group)["events"])
        except logs.exceptions.ResourceNotFoundException:
            return []

    message = json.loads(_until(written)[0]["message"])
    recorded = _recorded("test_events_targets", "test_put_events_with_target_cloudwatch_logs")["log_events"][0]
    assert list(message) == list(recorded["message"])
    assert (message["id"], message["detail"]) == (put["EventId"], {"command": "update-account"})


def test_patterns_are_tried(events: Any) -> None:
    event = {
        "id": "1",
        "account": "1",
        "source": "a",
        "time": "2026-01-01T00:00:00Z",
        "region": "r",
        "detail-type": "t",
    }
    asked = {"EventPattern": '{"source": [{"prefix": "a"}]}', "Event": json.dumps(event)}
    assert events.test_event_pattern(**asked)["Result"] is True
    assert events.test_event_pattern(**{**asked, "EventPattern": '{"source": ["b"]}'})["Result"] is False
    assert (
        _error(events.test_event_pattern, **{**asked, "EventPattern": "{}"})["Code"] == "InvalidEventPatternException"
    )
    assert _error(events.test_event_pattern, **{**asked, "Event": "{}"})["Code"] == "ValidationException"


def test_buses_are_made_listed_permitted_and_deleted(events: Any, bus: str) -> None:
    recorded = _recorded("test_events", "test_create_list_describe_delete_custom_event_buses[False-regions0]")
    found = events.describe_event_bus(Name=bus)
    assert _members(found) == set(recorded["describe-custom-event-bus-us-east-1"]) - {"ResponseMetadata"}
    (listed,) = events.list_event_buses(NamePrefix=bus)["EventBuses"]
    assert set(listed) == set(recorded["list-event-buses-after-create-us-east-1"]["EventBuses"][0])
    taken = _recorded("test_events", "test_create_multiple_event_buses_same_name")
    said = _error(events.create_event_bus, Name=bus)
    _same(said, taken["create-multiple-event-buses-same-name"], bus_name=bus)
    assert events.update_event_bus(Name=bus, Description="more")["Description"] == "more"
    grant = {"EventBusName": bus, "Action": "events:PutEvents", "Principal": "111111111111", "StatementId": "one"}
    events.put_permission(**grant)
    policy = json.loads(events.describe_event_bus(Name=bus)["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    unknown = _recorded("test_events", "test_remove_permission_non_existing_sid[True-custom]")
    said = _error(events.remove_permission, EventBusName=bus, StatementId="two")
    _same(said, unknown["remove-permission-non-existing-sid-error"])
    events.remove_permission(EventBusName=bus, StatementId="one")
    assert "Policy" not in events.describe_event_bus(Name=bus)
    events.delete_event_bus(Name=bus)
    gone = _recorded("test_events", "test_describe_delete_not_existing_event_bus")
    said = _error(events.describe_event_bus, Name=bus)
    _same(said, gone["describe-not-existing-event-bus-error"], bus_name=bus)
    events.delete_event_bus(Name=bus)


def _has_its_rule(events: Any, bus: str, archive: str, arn: str) -> None:
    """What AWS shows of an archive among the rules of its bus, as moto's tests verified it."""
    name = f"Events-Archive-{archive}"
    [rule] = events.list_rules(EventBusName=bus, NamePrefix="Events-")["Rules"]
    assert (name, "prod.vhs.events.aws.internal", bus) == (rule["Name"], rule["ManagedBy"], rule["EventBusName"])
    assert json.loads(rule["EventPattern"]) == {"replay-name": [{"exists": False}]}
    assert events.list_rules(EventBusName=bus, NamePrefix="other")["Rules"] == []
    assert events.describe_rule(EventBusName=bus, Name=name)["Arn"] == rule["Arn"]
    assert rule["Arn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{bus}/{name}"
    [target] = events.list_targets_by_rule(EventBusName=bus, Rule=name)["Targets"]
    assert target["Arn"] == f"arn:aws:events:{REGION}:::"
    assert f'"archive-arn": "{arn}"' in target["InputTransformer"]["InputTemplate"]


def test_archives_are_replayed(events: Any, bus: str) -> None:
    source = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"
    name = f"a-{bus}"[:48]
    made = events.create_archive(ArchiveName=name, EventSourceArn=source, RetentionDays=1)
    assert made["State"] == "ENABLED"
    recorded = _recorded("test_archive_and_replay", "test_list_archive_state_enabled[custom]")
    (listed,) = events.list_archives(EventSourceArn=source)["Archives"]
    assert set(listed) == set(recorded["list-archives-state-enabled"]["Archives"][0])
    _has_its_rule(events, bus, name, made["ArchiveArn"])
    events.put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": bus}] * 3)
    assert events.describe_archive(ArchiveName=name)["EventCount"] == 3
    events.update_archive(ArchiveName=name, Description="d")
    replay = f"r-{bus}"[:48]
    asked = {
        "ReplayName": replay,
        "EventSourceArn": made["ArchiveArn"],
        "EventStartTime": 0,
        "EventEndTime": time.time() + 60,
        "Destination": {"Arn": source},
    }
    errors = _recorded("test_archive_and_replay", "test_start_replay_error_unknown_archive")
    missing = made["ArchiveArn"].rpartition("/")[0] + "/nowhere"
    said = _error(events.start_replay, **{**asked, "EventSourceArn": missing})
    _same(said, errors["start-replay-unknown-archive-error"], archive_name="nowhere")
    crossed = _recorded("test_archive_and_replay", "test_start_replay_error_unknown_event_bus")
    other = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    said = _error(events.start_replay, **{**asked, "Destination": {"Arn": other}})
    _same(said, crossed["start-replay-wrong-event-bus-error"])
    assert events.start_replay(**asked)["State"] == "STARTING"
    _until(lambda: events.describe_replay(ReplayName=replay)["State"] == "COMPLETED")
    (done,) = events.list_replays(NamePrefix=replay)["Replays"]
    shape = _recorded("test_archive_and_replay", "test_list_replays_with_prefix")
    assert set(shape["list-replays-with-prefix"]["Replays"][0]) <= set(done)
    assert _error(events.cancel_replay, ReplayName=replay)["Code"] == "IllegalStatusException"
    events.delete_archive(ArchiveName=name)
    assert events.list_rules(EventBusName=bus)["Rules"] == []
    unknown = _recorded("test_archive_and_replay", "test_describe_archive_error_unknown_archive")
    said = _error(events.describe_archive, ArchiveName=name)
    _same(said, unknown["describe-archive-unknown-archive-error"], archive_name=name)


def test_connections_and_destinations_keep_their_secrets(events: Any) -> None:
    name = f"c-{uuid.uuid4().hex[:12]}"
    parameters = {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "s3cret"},
        "InvocationHttpParameters": {},
    }
    made = events.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=parameters)
    assert made["ConnectionState"] == "AUTHORIZED"
    found = events.describe_connection(Name=name)
    shown = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key"}, "InvocationHttpParameters": {}}
    assert found["AuthParameters"] == shown
    assert re.fullmatch(
        rf"arn:aws:secretsmanager:.*:secret:events!connection/{name}/[0-9a-f-]{{36}}", found["SecretArn"]
    )
    assert "s3cret" not in json.dumps(found, default=str)
    assert [one["Name"] for one in events.list_connections(NamePrefix=name)["Connections"]] == [name]
    basic = {"BasicAuthParameters": {"Username": "u", "Password": "p"}}
    events.update_connection(Name=name, AuthorizationType="BASIC", AuthParameters=basic)
    assert events.describe_connection(Name=name)["AuthorizationType"] == "BASIC"
    assert "DEAUTHORIZED" in events.deauthorize_connection(Name=name)["ConnectionState"]
    asked = {
        "ConnectionArn": made["ConnectionArn"],
        "InvocationEndpoint": "https://example.com/*",
        "HttpMethod": "POST",
    }
    destination = events.create_api_destination(Name=name, **asked)
    assert destination["ApiDestinationState"] == "ACTIVE"
    assert events.describe_api_destination(Name=name)["InvocationRateLimitPerSecond"] == 300
    events.update_api_destination(Name=name, HttpMethod="PUT", InvocationRateLimitPerSecond=5)
    shown = events.describe_api_destination(Name=name)
    assert (shown["HttpMethod"], shown["InvocationRateLimitPerSecond"]) == ("PUT", 5)
    assert [one["Name"] for one in events.list_api_destinations(NamePrefix=name)["ApiDestinations"]] == [name]
    events.delete_api_destination(Name=name)
    assert events.delete_connection(Name=name)["ConnectionState"] == "DELETING"
    gone = _error(events.describe_connection, Name=name)
    assert gone["Code"] == "ResourceNotFoundException"
    assert gone["Message"] == f"Failed to describe the connection(s). Connection '{name}' does not exist."
    lost = f"Failed to describe the api-destination(s). An api-destination '{name}' does not exist."
    assert _error(events.describe_api_destination, Name=name)["Message"] == lost
    wrong = "This should fail with two errors 123467890123412341234123412341234"
    recorded = _recorded("test_events", "test_create_connection_validations")["create_connection_exc"]
    unchecked = boto3.client(
        "events",
        endpoint_url=events.meta.endpoint_url,
        region_name=REGION,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=boto3.session.Config(parameter_validation=False),
    )
    said = _error(unchecked.create_connection, Name=wrong, AuthorizationType="INVALID", AuthParameters=basic)
    assert said["Code"] == recorded["Error"]["Code"]
    ours, theirs = (
        one.partition(" detected: ")[2].split("; ") for one in (said["Message"], recorded["Error"]["Message"])
    )
    assert sorted(ours) == sorted(theirs)  # AWS names a value's pattern before its length, the model does not say why
