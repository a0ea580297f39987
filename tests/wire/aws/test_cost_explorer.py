"""boto3's Cost Explorer against a live server: sums equal the file's own, and errors are AWS's."""

import csv
import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from brought import bring
from live_server import LiveServer
from made_bill import PROD, RESEARCH, cur2, unblended
from patience import until

pytestmark = pytest.mark.wire
AUGUST = {"Start": "2026-08-01", "End": "2026-09-01"}
JULY = {"Start": "2026-07-01", "End": "2026-08-01"}
SERVICE = {"Type": "DIMENSION", "Key": "SERVICE"}
NISE = Path(__file__).parents[4] / "shared/data/cur_synthetic_nise"


@pytest.fixture(scope="module")
def bill(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The hand-made bill, held by the server; the accounts are its own."""
    path = tmp_path_factory.mktemp("bill") / "made.csv"
    path.write_text(cur2())
    bring(server, path)
    return str(path)


@pytest.fixture(scope="module")
def ce(server: LiveServer, bill: str) -> Any:
    return client_of(server.url)


def client_of(url: str) -> Any:
    return boto3.client(
        "ce", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def only(*accounts: str) -> dict[str, Any]:
    return {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": list(accounts)}}


MADE = only(RESEARCH, PROD)


def total(ce: Any, metric: str = "UnblendedCost", period: dict[str, str] = AUGUST, **more: Any) -> Decimal:
    asked = {"TimePeriod": period, "Granularity": "MONTHLY", "Metrics": [metric], "Filter": MADE, **more}
    [result] = ce.get_cost_and_usage(**asked)["ResultsByTime"]
    assert result["Groups"] == []
    return Decimal(result["Total"][metric]["Amount"])


def groups(result: dict[str, Any], metric: str = "UnblendedCost") -> dict[tuple[str, ...], Decimal]:
    return {tuple(one["Keys"]): Decimal(one["Metrics"][metric]["Amount"]) for one in result["Groups"]}


def refusal(ce: Any, operation: str, **asked: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as told:
        getattr(ce, operation)(**asked)
    return told.value.response["Error"]["Code"], told.value.response["Error"]["Message"]


def ask(**more: Any) -> dict[str, Any]:
    return {"TimePeriod": AUGUST, "Granularity": "MONTHLY", "Metrics": ["UnblendedCost"], **more}


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("UnblendedCost", "200.63"),
        ("AmortizedCost", "304.79"),
        ("NetAmortizedCost", "304.79"),
        ("BlendedCost", "200.63"),
        ("PublicOnDemandCost", "360.43"),
    ],
)
def test_totals_are_those_added_on_paper(ce: Any, metric: str, expected: str) -> None:
    assert Decimal(expected) == total(ce, metric)


def test_every_total_of_a_public_file_is_its_exact_sum(ce: Any, server: LiveServer) -> None:
    if not NISE.is_dir():
        pytest.skip("no shared data beside this checkout")
    bring(server, NISE)
    [file] = NISE.glob("*.csv.gz")
    with gzip.open(file, "rt", newline="") as opened:
        lines = list(csv.DictReader(opened))
    accounts = sorted({line["lineItem/UsageAccountId"] for line in lines})
    exact: dict[str, Decimal] = {}
    for line in lines:
        service = line["product/servicename"] or line["product/ProductName"] or line["lineItem/ProductCode"]
        exact[service] = exact.get(service, Decimal(0)) + Decimal(line["lineItem/UnblendedCost"])
    answer = ce.get_cost_and_usage(**ask(Filter=only(*accounts), GroupBy=[SERVICE]))
    found = {keys[0]: amount for keys, amount in groups(answer["ResultsByTime"][0]).items()}
    assert {service: pytest.approx(amount, abs=Decimal("1e-8")) for service, amount in exact.items()} == found
    assert sum(exact.values()).quantize(Decimal("0.01")) == sum(found.values()).quantize(Decimal("0.01"))


def test_groups_carry_their_keys_and_add_up(ce: Any) -> None:
    team = {"Type": "TAG", "Key": "team"}
    answer = ce.get_cost_and_usage(**ask(Filter=MADE, GroupBy=[SERVICE, team]))
    [result] = answer["ResultsByTime"]
    assert answer["GroupDefinitions"] == [SERVICE, team]
    assert result["Total"] == {}
    found = groups(result)
    assert found["Amazon Elastic Compute Cloud", "team$search"] == Decimal("32.4")
    assert found["Amazon SageMaker", "team$vision"] == Decimal("14.08")
    assert found["Amazon Simple Storage Service", "team$"] == Decimal("34.5")
    assert sum(found.values()) == unblended(8)


def test_days_without_lines_are_there_with_zero(ce: Any) -> None:
    asked = ask(TimePeriod={"Start": "2026-08-09", "End": "2026-08-12"}, Granularity="DAILY", Filter=MADE)
    results = ce.get_cost_and_usage(**asked)["ResultsByTime"]
    assert [one["TimePeriod"]["Start"] for one in results] == ["2026-08-09", "2026-08-10", "2026-08-11"]
    assert [one["Total"]["UnblendedCost"]["Amount"] for one in results] == ["0", "86.23", "0"]
    assert {one["Estimated"] for one in results} == {False}


def test_hours_are_instants(ce: Any) -> None:
    period = {"Start": "2026-08-10T04:00:00Z", "End": "2026-08-10T07:00:00Z"}
    results = ce.get_cost_and_usage(**ask(TimePeriod=period, Granularity="HOURLY", Filter=MADE))["ResultsByTime"]
    assert [one["TimePeriod"]["Start"] for one in results] == [
        "2026-08-10T04:00:00Z",
        "2026-08-10T05:00:00Z",
        "2026-08-10T06:00:00Z",
    ]
    assert [one["Total"]["UnblendedCost"]["Amount"] for one in results] == ["0", "86.23", "0"]


def test_units_of_usage_are_the_bills_and_none_where_they_differ(ce: Any) -> None:
    answer = ce.get_cost_and_usage(**ask(Metrics=["UsageQuantity"], Filter=MADE, GroupBy=[SERVICE]))
    units = {one["Keys"][0]: one["Metrics"]["UsageQuantity"]["Unit"] for one in answer["ResultsByTime"][0]["Groups"]}
    assert units["Amazon Simple Storage Service"] == "GB-Mo"
    [result] = ce.get_cost_and_usage(**ask(Metrics=["UsageQuantity"], Filter=MADE))["ResultsByTime"]
    assert result["Total"]["UsageQuantity"]["Unit"] == "N/A"


def dimension(key: str, *values: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"Dimensions": {"Key": key, "Values": list(values), **({"MatchOptions": list(options)} if options else {})}}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (dimension("SERVICE", "Amazon SageMaker", "Amazon Simple Storage Service"), "48.58"),
        (dimension("SERVICE", "Amazon Elastic Compute Cloud - Compute"), "106.8"),
        (dimension("USAGE_TYPE", "EUW1", options=("STARTS_WITH",)), "34.5"),
        (dimension("USAGE_TYPE", "bytehrs", options=("ENDS_WITH", "CASE_INSENSITIVE")), "34.5"),
        (dimension("USAGE_TYPE", "bytehrs", options=("ENDS_WITH",)), "0"),
        (dimension("USAGE_TYPE", "m5.", options=("CONTAINS",)), "106.8"),
        (dimension("PURCHASE_TYPE", "On Demand Instances"), "86.23"),
        (dimension("REGION", "NoRegion"), "45.25"),
        ({"Tags": {"Key": "team", "Values": ["search"]}}, "32.4"),
        ({"Tags": {"Key": "team", "MatchOptions": ["ABSENT"]}}, "154.15"),
        ({"Not": dimension("RECORD_TYPE", "Tax", "Refund")}, "195.38"),
        ({"Or": [dimension("REGION", "eu-west-1"), dimension("RECORD_TYPE", "Tax")]}, "40.75"),
        (
            {"And": [dimension("REGION", "us-east-1"), {"Not": {"Tags": {"Key": "team", "Values": ["search"]}}}]},
            "88.48",
        ),
    ],
)
def test_expressions_select_what_they_say(ce: Any, expression: dict[str, Any], expected: str) -> None:
    assert Decimal(expected) == total(ce, Filter={"And": [MADE, expression]})


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ({}, "Expression has zero roots. Only one root operator is allowed for each expression: And, Or, Not"),
        ({**MADE, "Tags": {"Key": "a", "Values": ["b"]}}, "Expression has more than one roots. Only one root operator"),
        ({"And": [MADE]}, "And expression must have at least 2 operands"),
        ({"Not": {}}, "Expression has zero roots"),
        (dimension("SCOPE", "Region"), "Dimension SCOPE is not supported"),
        (dimension("SERVICE"), "Values of SERVICE must not be empty"),
        (dimension("SERVICE", "a", options=("EQUALS", "CONTAINS")), "cannot be combined"),
    ],
)
def test_wrong_expressions_are_refused_in_aws_words(ce: Any, expression: dict[str, Any], told: str) -> None:
    code, message = refusal(ce, "get_cost_and_usage", **ask(Filter=expression))
    assert code == "ValidationException"
    assert told in message


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"TimePeriod": {"Start": "2026-08-02", "End": "2026-08-02"}}, "Start date (and hour) should be before end"),
        ({"TimePeriod": {"Start": "2026-08-32", "End": "2026-09-01"}}, "is invalid. Valid format is"),
        ({"Metrics": ["Cost"]}, "Metric Cost is invalid"),
        ({"GroupBy": [SERVICE] * 3}, "GroupBy can have at most 2 groups"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": "COLOUR"}]}, "Dimension COLOUR is not supported"),
        ({"Granularity": "WEEKLY"}, "DAILY"),
    ],
)
def test_wrong_questions_are_refused(ce: Any, more: dict[str, Any], told: str) -> None:
    code, message = refusal(ce, "get_cost_and_usage", **ask(**more))
    assert code == "ValidationException"
    assert told in message


def test_pages_continue_and_tokens_know_their_request(ce: Any) -> None:
    asked = ask(GroupBy=[{"Type": "TAG", "Key": "team"}], TimePeriod={"Start": "2026-08-01", "End": "2026-08-20"})
    first = ce.get_dimension_values(TimePeriod=AUGUST, Dimension="USAGE_TYPE", MaxResults=2)
    assert first["ReturnSize"] == 2
    assert first["TotalSize"] > 2
    seen, page = [one["Value"] for one in first["DimensionValues"]], first
    while token := page.get("NextPageToken"):
        page = ce.get_dimension_values(TimePeriod=AUGUST, Dimension="USAGE_TYPE", MaxResults=2, NextPageToken=token)
        seen += [one["Value"] for one in page["DimensionValues"]]
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) == first["TotalSize"]
    token = first["NextPageToken"]
    code, _ = refusal(ce, "get_dimension_values", TimePeriod=AUGUST, Dimension="REGION", NextPageToken=token)
    assert code == "RequestChangedException"
    code, _ = refusal(ce, "get_cost_and_usage", **asked, NextPageToken="no token")
    assert code == "InvalidNextTokenException"


def test_a_token_expires_when_the_bill_is_imported_anew(ce: Any, server: LiveServer, bill: str) -> None:
    asked = {"TimePeriod": AUGUST, "Dimension": "USAGE_TYPE", "MaxResults": 2}
    token = ce.get_dimension_values(**asked)["NextPageToken"]
    bring(server, Path(bill))
    code, _ = refusal(ce, "get_dimension_values", **asked, NextPageToken=token)
    assert code == "BillExpirationException"


def test_values_come_with_what_they_mean(ce: Any) -> None:
    answer = ce.get_dimension_values(
        TimePeriod=AUGUST,
        Dimension="LINKED_ACCOUNT",
        Filter=MADE,
        SortBy=[{"Key": "UnblendedCost", "SortOrder": "DESCENDING"}],
    )
    assert answer["DimensionValues"] == [
        {"Value": PROD, "Attributes": {"description": "prod"}},
        {"Value": RESEARCH, "Attributes": {"description": "research"}},
    ]
    units = ce.get_dimension_values(TimePeriod=AUGUST, Dimension="USAGE_TYPE", SearchString="ByteHrs", Filter=MADE)
    assert units["DimensionValues"] == [{"Value": "EUW1-TimedStorage-ByteHrs", "Attributes": {"unit": "GB-Mo"}}]


def test_tags_are_keys_then_values(ce: Any) -> None:
    assert ce.get_tags(TimePeriod=AUGUST, Filter=MADE)["Tags"] == ["team"]
    assert ce.get_tags(TimePeriod=AUGUST, Filter=MADE, TagKey="team")["Tags"] == ["", "search", "vision"]
    assert ce.get_tags(TimePeriod=AUGUST, Filter=MADE, TagKey="team", SearchString="SEA")["Tags"] == ["search"]


def test_resources_need_to_be_asked_for(ce: Any) -> None:
    asked = ask(Filter={"And": [MADE, dimension("SERVICE", "Amazon Elastic Compute Cloud - Compute")]})
    code, message = refusal(ce, "get_cost_and_usage_with_resources", **asked)
    assert (code, "RESOURCE_ID" in message) == ("ValidationException", True)
    answer = ce.get_cost_and_usage_with_resources(**asked, GroupBy=[{"Type": "DIMENSION", "Key": "RESOURCE_ID"}])
    assert groups(answer["ResultsByTime"][0])["i-use1-boxusage:m5.large",] == Decimal(6)


def test_unbuilt_services_say_so(server: LiveServer) -> None:
    ec2 = boto3.client(
        "ec2", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    code, message = refusal(ec2, "describe_instances")
    assert code == "InvalidAction"
    assert "DescribeInstances" in message


def test_tags_are_switched_off_and_on(ce: Any) -> None:
    known = {one["TagKey"]: one for one in ce.list_cost_allocation_tags()["CostAllocationTags"]}
    assert {"UserDefined"} == {one["Type"] for key, one in known.items() if not key.startswith("aws:")}
    key = "team"  # other tests of the server have bills with other keys
    assert key in ce.get_tags(TimePeriod=AUGUST)["Tags"]
    off = [{"TagKey": key, "Status": "Inactive"}, {"TagKey": "no-such-key", "Status": "Active"}]
    errors = ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=off)["Errors"]
    assert [("no-such-key", "TagKeysNotFoundException")] == [(one["TagKey"], one["Code"]) for one in errors]
    assert [key] == [one["TagKey"] for one in ce.list_cost_allocation_tags(Status="Inactive")["CostAllocationTags"]]
    assert key not in ce.get_tags(TimePeriod=AUGUST)["Tags"]
    ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=[{"TagKey": key, "Status": "Active"}])
    assert key in ce.get_tags(TimePeriod=AUGUST)["Tags"]
    first = datetime.now(UTC).replace(day=1)
    within = {"BackfillFrom": f"{first:%Y-%m-%d}T00:00:00Z"}
    long_ago = {"BackfillFrom": "2001-01-01T00:00:00Z"}
    assert "ValidationException" == refusal(ce, "start_cost_allocation_tag_backfill", **long_ago)[0]
    asked = ce.start_cost_allocation_tag_backfill(**within)["BackfillRequest"]
    assert "SUCCEEDED" == asked["BackfillStatus"]
    assert [asked] == ce.list_cost_allocation_tag_backfill_history()["BackfillRequests"]


def test_exports_and_reports_are_delivered(server: LiveServer, bill: str) -> None:
    made = {"endpoint_url": server.url, "region_name": "us-east-1"}
    made |= {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    exports, reports = boto3.client("bcm-data-exports", **made), boto3.client("cur", **made)
    tables = {one["TableName"] for one in exports.list_tables()["Tables"]}
    assert {"COST_AND_USAGE_REPORT", "FOCUS_1_2_AWS"} <= tables
    assert {"Name": "BilledCost", "Type": "double"} in exports.get_table(TableName="FOCUS_1_2_AWS")["Schema"]
    output = {"OutputType": "CUSTOM", "Format": "TEXT_OR_CSV", "Compression": "GZIP", "Overwrite": "OVERWRITE_REPORT"}
    place = {"S3Bucket": "bills", "S3Prefix": "daily", "S3Region": "us-east-1", "S3OutputConfigurations": output}
    export = {
        "Name": "costs",
        "DataQuery": {"QueryStatement": "SELECT line_item_unblended_cost AS cost FROM COST_AND_USAGE_REPORT"},
        "DestinationConfigurations": {"S3Destination": place},
        "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
    }
    arn = exports.create_export(Export=export, ResourceTags=[{"Key": "team", "Value": "finance"}])["ExportArn"]
    report = {
        "ReportName": "legacy", "TimeUnit": "DAILY", "Format": "Parquet", "Compression": "Parquet",
        "AdditionalSchemaElements": ["RESOURCES"], "S3Bucket": "bills", "S3Prefix": "cur", "S3Region": "us-east-1",
    }  # fmt: skip
    reports.put_report_definition(ReportDefinition=report)
    with pytest.raises(ClientError, match="DuplicateReportNameException"):
        reports.put_report_definition(ReportDefinition=report)
    told = until(
        lambda: reports.describe_report_definitions()["ReportDefinitions"][0].get("ReportStatus"), "the report is made"
    )
    assert "SUCCESS" == told["lastStatus"]
    run = exports.list_executions(ExportArn=arn)["Executions"][0]
    assert "DELIVERY_SUCCESS" == run["ExecutionStatus"]["StatusCode"]
    again = exports.get_execution(ExportArn=arn, ExecutionId=run["ExecutionId"])
    assert export["DataQuery"]["QueryStatement"] == again["Export"]["DataQuery"]["QueryStatement"]
    assert "HEALTHY" == exports.get_export(ExportArn=arn)["ExportStatus"]["StatusCode"]
    folder = server.data_dir / "exports" / "bills" / "daily" / "costs" / "data"
    found = gzip.decompress((folder / "BILLING_PERIOD=2026-08" / "costs-00001.csv.gz").read_bytes()).decode()
    assert "cost" == found.splitlines()[0]
    for wrong in ("SELECT x FROM COST_AND_USAGE_REPORT", "DROP TABLE cost_lines"):
        changed = export | {"DataQuery": {"QueryStatement": wrong}}
        with pytest.raises(ClientError, match="ValidationException"):
            exports.update_export(ExportArn=arn, Export=changed)
    exports.delete_export(ExportArn=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        exports.get_export(ExportArn=arn)
    reports.delete_report_definition(ReportName="legacy")
    assert [] == reports.describe_report_definitions()["ReportDefinitions"]
