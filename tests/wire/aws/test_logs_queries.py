"""boto3's Logs Insights against a live server: queries, records, fields and saved queries."""

import json
import time
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from patience import until

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def logs(server: LiveServer) -> Any:
    return boto3.client(
        "logs", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture(scope="module")
def group(logs: Any) -> str:
    name = f"/query/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    start = int(time.time() * 1000) - 60_000
    levels = ["info" if n % 4 else "error" for n in range(40)]
    lines = [json.dumps({"level": level, "ms": n, "deep": {"k": [n]}}) for n, level in enumerate(levels)]
    events = [{"timestamp": start + n, "message": line} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    return name


def ask(logs: Any, group: str, query: str, **more: Any) -> dict[str, Any]:
    now = int(time.time())
    given = {"startTime": now - 3600, "endTime": now + 60, "queryString": query, **more}
    if "logGroupIdentifiers" not in more and "logGroupNames" not in more:
        given["logGroupName"] = group
    id_ = logs.start_query(**given)["queryId"]
    answer: dict[str, Any] = {}

    def ended() -> bool:
        answer.update(logs.get_query_results(queryId=id_))
        return answer["status"] not in ("Scheduled", "Running")

    until(ended, "the query does not end")
    return {**answer, "queryId": id_}


def rows(answer: dict[str, Any]) -> list[dict[str, str]]:
    return [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]


def refusal(call: Any, **given: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return caught.value.response


def test_stats_with_the_statistics_of_the_query(logs: Any, group: str) -> None:
    answer = ask(logs, group, "filter level = 'error' | stats count(*) as n, max(ms) by level")
    assert rows(answer) == [{"level": "error", "n": "10", "max(ms)": "36"}]
    assert answer["status"] == "Complete"
    found = answer["statistics"]
    assert (found["recordsMatched"], found["recordsScanned"], found["logGroupsScanned"]) == (10, 40, 1)
    assert found["bytesScanned"] > 1000


def test_a_pointer_finds_the_record_again(logs: Any, group: str) -> None:
    (row,) = rows(ask(logs, group, "fields ms, nothing | filter ms = 7"))
    assert set(row) == {"ms", "@ptr"}  # what is missing is left out
    record = logs.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]
    assert (record["ms"], record["deep.k.0"], record["@logStream"]) == ("7", "7", "s")
    assert record["@log"].endswith(f":{group}")
    assert refusal(logs.get_log_record, logRecordPointer="bm9wZQ==")["Error"]["Code"] == "InvalidParameterException"


def test_the_newest_come_first_up_to_the_limit_and_in_pages(logs: Any, group: str) -> None:
    answer = ask(logs, group, "fields ms", limit=15)
    assert [row["ms"] for row in rows(answer)] == [str(n) for n in range(39, 24, -1)]
    first = logs.get_query_results(queryId=answer["queryId"], maxItems=10)
    rest = logs.get_query_results(queryId=answer["queryId"], maxItems=10, nextToken=first["nextToken"])
    assert [row["ms"] for row in rows(first) + rows(rest)] == [row["ms"] for row in rows(answer)]
    assert "nextToken" not in rest


def test_groups_by_arn_and_several(logs: Any, group: str) -> None:
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    assert rows(ask(logs, group, "stats count(*) as n", logGroupIdentifiers=[arn])) == [{"n": "40"}]
    assert rows(ask(logs, group, "stats count(*) as n", logGroupNames=[group])) == [{"n": "40"}]


def test_sql_reads_the_groups_of_the_request_and_those_it_names(logs: Any, group: str) -> None:
    by_request = "SELECT level, COUNT(*) AS n FROM logs GROUP BY level ORDER BY n DESC"
    answer = ask(logs, group, by_request, queryLanguage="SQL")
    assert rows(answer) == [{"level": "info", "n": "30"}, {"level": "error", "n": "10"}]
    assert answer["queryLanguage"] == "SQL"
    assert rows(ask(logs, group, f"SELECT max(ms) AS m FROM `{group}`", queryLanguage="SQL")) == [{"m": "39"}]


def test_a_malformed_query_says_where(logs: Any, group: str) -> None:
    now = int(time.time())
    given = {"logGroupName": group, "startTime": now - 60, "endTime": now, "queryString": "fields a | filtr b"}
    answer = refusal(logs.start_query, **given)
    assert answer["Error"]["Code"] == "MalformedQueryException"
    assert answer["Error"]["Message"].startswith("Invalid syntax at character 12: got 'filtr'")
    assert answer["queryCompileError"]["location"] == {"startCharOffset": 11, "endCharOffset": 16}


def test_a_group_that_is_not_there(logs: Any) -> None:
    now = int(time.time())
    given = {"logGroupName": "none", "startTime": now - 60, "endTime": now, "queryString": "fields a"}
    error = refusal(logs.start_query, **given)["Error"]
    assert error["Code"] == "ResourceNotFoundException"
    assert error["Message"].startswith("Log group 'none' does not exist for account ID '")


def test_queries_are_listed_and_ended_ones_cannot_be_stopped(logs: Any, group: str) -> None:
    answer = ask(logs, group, "fields ms | limit 1")
    listed = logs.describe_queries(logGroupName=group, status="Complete")["queries"]
    (query,) = (one for one in listed if one["queryId"] == answer["queryId"])
    assert (query["queryString"], query["status"]) == ("fields ms | limit 1", "Complete")
    assert refusal(logs.stop_query, queryId=answer["queryId"])["Error"]["Code"] == "InvalidParameterException"
    assert refusal(logs.stop_query, queryId="none")["Error"]["Code"] == "ResourceNotFoundException"


def test_fields_of_a_group(logs: Any, group: str) -> None:
    found = {one["name"]: one["percent"] for one in logs.get_log_group_fields(logGroupName=group)["logGroupFields"]}
    assert (found["level"], found["deep.k.0"], found["@message"]) == (100, 100, 100)


def test_saved_queries(logs: Any, group: str) -> None:
    name = f"saved/{uuid.uuid4().hex[:8]}"
    id_ = logs.put_query_definition(name=name, queryString="fields a", logGroupNames=[group])["queryDefinitionId"]
    logs.put_query_definition(name=name, queryString="fields b", queryDefinitionId=id_)
    (saved,) = logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    assert (saved["queryDefinitionId"], saved["queryString"]) == (id_, "fields b")
    assert logs.delete_query_definition(queryDefinitionId=id_)["success"]
    assert logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"] == []
    given = {"name": name, "queryString": "fields"}
    assert refusal(logs.put_query_definition, **given)["Error"]["Code"] == "MalformedQueryException"
