"""What watches and what records: CloudWatch alarms, log groups, CloudTrail's trails."""

from collections.abc import Iterator
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, picked, tags_of


def _alarms(place: Place) -> Iterator[Found]:
    for item in place.pages("cloudwatch", "DescribeAlarms", "MetricAlarms", AlarmTypes=["MetricAlarm"]):
        facts = picked(
            item,
            *("AlarmName", "Namespace", "MetricName", "StateValue", "ActionsEnabled", "AlarmActions"),
            "StateUpdatedTimestamp",
        )
        facts["Dimensions"] = _dimensions(item)
        metrics = [one["MetricStat"]["Metric"] for one in item.get("Metrics", ()) if one.get("MetricStat")]
        facts["MetricDimensions"] = [
            {**picked(one, "Namespace", "MetricName"), "Dimensions": _dimensions(one)} for one in metrics
        ]
        yield Found(item["AlarmArn"], item["AlarmName"], "", {}, facts)


def _dimensions(item: Item) -> dict[str, Any]:
    return tags_of(item.get("Dimensions"), "Name", "Value")


def _log_groups(place: Place) -> Iterator[Found]:
    for item in place.pages("logs", "DescribeLogGroups", "logGroups"):
        facts = picked(item, "retentionInDays", "storedBytes", "creationTime", "logGroupClass", "kmsKeyId")
        arn = item.get("logGroupArn") or item["arn"].removesuffix(":*")
        yield Found(arn, item["logGroupName"], item.get("logGroupClass", ""), {}, facts)


def _trails(place: Place) -> Iterator[Found]:
    for item in place.call("cloudtrail", "DescribeTrails", includeShadowTrails=False).get("trailList", ()):
        facts = picked(
            item,
            *("S3BucketName", "S3KeyPrefix", "IsMultiRegionTrail", "IncludeGlobalServiceEvents"),
            *("LogFileValidationEnabled", "IsOrganizationTrail", "HomeRegion", "KmsKeyId"),
        )
        yield Found(item["TrailARN"], item["Name"], "", {}, facts)


def _exports(place: Place) -> Iterator[Found]:
    for item in place.pages("bcm-data-exports", "ListExports", "Exports"):
        arn = item["ExportArn"]
        export = place.maybe("bcm-data-exports", "GetExport", ExportArn=arn).get("Export", {})
        target = export.get("DestinationConfigurations", {}).get("S3Destination", {})
        facts = picked(target, "S3Bucket", "S3Prefix", "S3Region")
        facts |= picked(item.get("ExportStatus", {}), "StatusCode", "LastRefreshedAt")
        facts["Tables"] = sorted(export.get("DataQuery", {}).get("TableConfigurations", {}))
        yield Found(arn, item["ExportName"], "", {}, facts)


def _reports(place: Place) -> Iterator[Found]:
    for item in place.pages("cur", "DescribeReportDefinitions", "ReportDefinitions"):
        facts = picked(item, "S3Bucket", "S3Prefix", "S3Region", "TimeUnit", "Format", "Compression")
        name = item["ReportName"]
        yield Found(f"arn:{place.partition}:cur:us-east-1:{place.account}:definition/{name}", name, "", {}, facts)


SOURCES = (
    Source("CloudWatch alarms", ("cloudwatch:alarm",), (("cloudwatch", "DescribeAlarms"),), _alarms),
    Source("log groups", ("logs:log-group",), (("logs", "DescribeLogGroups"),), _log_groups),
    Source("CloudTrail trails", ("cloudtrail:trail",), (("cloudtrail", "DescribeTrails"),), _trails),
    Source(
        "exports of bills",
        ("bcm-data-exports:export",),
        (("bcm-data-exports", "ListExports"), ("bcm-data-exports", "GetExport")),
        _exports,
        is_global=True,
    ),
    Source("cost and usage reports", ("cur:definition",), (("cur", "DescribeReportDefinitions"),), _reports, True),
)
