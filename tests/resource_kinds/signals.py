"""Kinds of CloudWatch, Logs, EventBridge, SNS, X-Ray and CloudTrail."""

import io
import json
import zipfile

from resource_kinds.kind import ROLE, Kind


def blueprint() -> bytes:
    """The zip of a canary that looks at a port which nobody listens on."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        steps = {"1": {"checkerType": "TCP", "hostname": "example.com", "port": 443}}
        archive.writestr("blueprint-config.json", json.dumps({"steps": steps}))
    return kept.getvalue()


_JUDGED = {
    "AlarmName": "{n}", "Namespace": "{n}", "MetricName": "m", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1,
    "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
_INSIGHT = {
    "Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": ["g"], "LogFormat": "JSON",
    "Contribution": {"Keys": ["$.host"], "Filters": []}, "AggregateOn": "Count",
}  # fmt: skip
_MUTED = {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT1H"}}
_SCHEDULED = {
    "queryLanguage": "CWLI", "queryString": "fields host", "logGroupIdentifiers": ["{p}"], "executionRoleArn": ROLE,
    "scheduleExpression": "rate(1 day)", "startTimeOffset": 600,
}  # fmt: skip
_GROUP = ("logs", "CreateLogGroup", {"logGroupName": "{p}"})
_KEY = {
    "AuthorizationType": "API_KEY",
    "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}},
}
_BUS = ("events", "CreateEventBus", {"Name": "{p}"})
_SAMPLED = {
    "RuleName": "{n}", "ResourceARN": "*", "Priority": 1, "FixedRate": 0.1, "ReservoirSize": 1, "ServiceName": "*",
    "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
}  # fmt: skip

_JUDGES = {
    "SliMetricConfig": {"MetricDataQueries": [{"Id": "m", "MetricStat": {
        "Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}]},
    "MetricThreshold": 1.0, "ComparisonOperator": "LessThan",
}  # fmt: skip
_CHECKED = {
    "Name": "{n}", "Code": {"ZipFile": blueprint()}, "ArtifactS3Location": "s3://b/c", "ExecutionRoleArn": ROLE,
    "Schedule": {"Expression": "rate(5 minutes)"}, "RuntimeVersion": "syn-nodejs-3.0",
}  # fmt: skip

KINDS: tuple[Kind, ...] = (
    Kind(
        service="application-signals", kind="slo", tags="Tags", absent="ResourceNotFoundException",
        create=("CreateServiceLevelObjective", {"Name": "{n}", "SliConfig": _JUDGES}),
        read=("GetServiceLevelObjective", {"Id": "{n}"}, "Slo"), arn="Slo.Arn",
        listed=("ListServiceLevelObjectives", {}, "SloSummaries[].Name"),
        update=("UpdateServiceLevelObjective", {"Id": "{n}", "Description": "d"}),
        delete=("DeleteServiceLevelObjective", {"Id": "{n}"}),
    ),
    Kind(
        service="synthetics", kind="canary", tags="Tags", absent="ResourceNotFoundException",
        create=("CreateCanary", _CHECKED), read=("GetCanary", {"Name": "{n}"}, "Canary"),
        arn="'arn:aws:synthetics:us-east-1:123456789012:canary:{n}'",
        listed=("DescribeCanaries", {}, "Canaries[].Name"),
        update=("UpdateCanary", {"Name": "{n}", "Schedule": {"Expression": "rate(1 minute)"}}),
        delete=("DeleteCanary", {"Name": "{n}"}),
    ),
    Kind(
        service="cloudwatch", kind="alarm", create=("PutMetricAlarm", _JUDGED), tags="Tags",
        read=("DescribeAlarms", {"AlarmNames": ["{n}"]}, "MetricAlarms[0]"), absent="",
        listed=("DescribeAlarms", {"AlarmNamePrefix": "{n}"}, "MetricAlarms[].AlarmName"),
        update=("PutMetricAlarm", {**_JUDGED, "Threshold": 2.0}), arn="MetricAlarms[0].AlarmArn",
        delete=("DeleteAlarms", {"AlarmNames": ["{n}"]}),
    ),
    Kind(
        service="cloudwatch", kind="composite", tags="Tags",
        create=("PutCompositeAlarm", {"AlarmName": "{n}", "AlarmRule": "TRUE"}),
        read=("DescribeAlarms", {"AlarmNames": ["{n}"], "AlarmTypes": ["CompositeAlarm"]}, "CompositeAlarms[0]"),
        absent="", update=("PutCompositeAlarm", {"AlarmName": "{n}", "AlarmRule": "FALSE"}),
        arn="CompositeAlarms[0].AlarmArn", delete=("DeleteAlarms", {"AlarmNames": ["{n}"]}),
    ),
    Kind(
        service="cloudwatch", kind="dashboard", tags="Tags",
        create=("PutDashboard", {"DashboardName": "{n}", "DashboardBody": '{"widgets": []}'}),
        read=("GetDashboard", {"DashboardName": "{n}"}, "DashboardBody"), absent="ResourceNotFound",
        listed=("ListDashboards", {"DashboardNamePrefix": "{n}"}, "DashboardEntries[].DashboardName"),
        update=("PutDashboard", {"DashboardName": "{n}", "DashboardBody": '{"widgets": [], "start": "-PT1H"}'}),
        arn="DashboardArn", delete=("DeleteDashboards", {"DashboardNames": ["{n}"]}),
    ),
    Kind(
        service="cloudwatch", kind="insight-rule", tags="Tags",
        create=("PutInsightRule", {"RuleName": "{n}", "RuleDefinition": json.dumps(_INSIGHT),
            "RuleState": "DISABLED"}),
        read=("DescribeInsightRules", {}, "InsightRules[?Name=='{n}'] | [0]"), absent="", regone=False,
        update=("PutInsightRule", {"RuleName": "{n}", "RuleDefinition": json.dumps(_INSIGHT), "RuleState": "ENABLED"}),
        arn="'arn:aws:cloudwatch:us-east-1:123456789012:insight-rule/{n}'",
        delete=("DeleteInsightRules", {"RuleNames": ["{n}"]}),
    ),
    Kind(
        service="cloudwatch", kind="mute-rule", tags="Tags",
        create=("PutAlarmMuteRule", {"Name": "{n}", "Rule": _MUTED}),
        read=("GetAlarmMuteRule", {"AlarmMuteRuleName": "{n}"}, "Name"), absent="ResourceNotFoundException",
        listed=("ListAlarmMuteRules", {}, "AlarmMuteRuleSummaries[].AlarmMuteRuleArn"), regone=False,
        update=("PutAlarmMuteRule", {"Name": "{n}", "Rule": _MUTED, "Description": "d"}), arn="AlarmMuteRuleArn",
        delete=("DeleteAlarmMuteRule", {"AlarmMuteRuleName": "{n}"}),
    ),
    Kind(
        service="logs", kind="group", tags="tags", create=("CreateLogGroup", {"logGroupName": "{n}"}),
        read=("DescribeLogGroups", {"logGroupNamePrefix": "{n}"}, "logGroups[0]"), absent="",
        listed=("ListLogGroups", {"logGroupNamePattern": "{n}"}, "logGroups[].logGroupName"),
        update=("PutRetentionPolicy", {"logGroupName": "{n}", "retentionInDays": 7}), arn="logGroups[0].logGroupArn",
        delete=("DeleteLogGroup", {"logGroupName": "{n}"}),
    ),
    Kind(
        service="logs", kind="stream", create=("CreateLogStream", {"logGroupName": "{p}", "logStreamName": "{n}"}),
        read=("DescribeLogStreams", {"logGroupName": "{p}", "logStreamNamePrefix": "{n}"}, "logStreams[0]"), absent="",
        delete=("DeleteLogStream", {"logGroupName": "{p}", "logStreamName": "{n}"}), first=_GROUP,
    ),
    Kind(
        service="logs", kind="metric-filter", first=_GROUP, create=("PutMetricFilter", {
            "logGroupName": "{p}", "filterName": "{n}", "filterPattern": "x",
            "metricTransformations": [{"metricName": "m", "metricNamespace": "a:b", "metricValue": "1"}]}),
        read=("DescribeMetricFilters", {"logGroupName": "{p}", "filterNamePrefix": "{n}"}, "metricFilters[0]"),
        absent="",
        delete=("DeleteMetricFilter", {"logGroupName": "{p}", "filterName": "{n}"}),
    ),
    Kind(
        service="logs", kind="query-definition", absent="",
        create=("PutQueryDefinition", {"name": "{n}", "queryString": "fields @message"}),
        read=("DescribeQueryDefinitions", {"queryDefinitionNamePrefix": "{n}"}, "queryDefinitions[0]"),
        arn="queryDefinitions[0].queryDefinitionId", delete=("DeleteQueryDefinition", {"queryDefinitionId": "{arn}"}),
        regone=False,
    ),
    Kind(
        service="logs", kind="resource-policy", absent="",
        create=("PutResourcePolicy", {"policyName": "{n}", "policyDocument": '{"Version": "2012-10-17"}'}),
        read=("DescribeResourcePolicies", {}, "resourcePolicies[?policyName=='{n}'] | [0]"),
        delete=("DeleteResourcePolicy", {"policyName": "{n}"}),
    ),
    Kind(
        service="logs", kind="destination", create=("PutDestination", {
            "destinationName": "{n}", "targetArn": "arn:aws:logs:us-east-1:123456789012:log-group:g",
                "roleArn": ROLE}),
        read=("DescribeDestinations", {"DestinationNamePrefix": "{n}"}, "destinations[0]"), absent="",
        delete=("DeleteDestination", {"destinationName": "{n}"}),
    ),
    Kind(
        service="logs", kind="anomaly-detector", first=_GROUP, create=("CreateLogAnomalyDetector", {
            "logGroupArnList": ["arn:aws:logs:us-east-1:123456789012:log-group:{p}"], "detectorName": "{n}"}),
        read=("GetLogAnomalyDetector", {"anomalyDetectorArn": "{arn}"}, "detectorName"),
        absent="ResourceNotFoundException", arn="anomalyDetectorArn",
        listed=("ListLogAnomalyDetectors", {}, "anomalyDetectors[].anomalyDetectorArn"),
        update=("UpdateLogAnomalyDetector", {"anomalyDetectorArn": "{arn}", "enabled": False}),
        delete=("DeleteLogAnomalyDetector", {"anomalyDetectorArn": "{arn}"}),
    ),
    Kind(
        service="logs", kind="scheduled-query", first=_GROUP,
        create=("CreateScheduledQuery", {**_SCHEDULED, "name": "{n}"}),
        read=("GetScheduledQuery", {"identifier": "{n}"}, "name"), absent="ResourceNotFoundException",
        listed=("ListScheduledQueries", {}, "scheduledQueries[].name"),
        update=("UpdateScheduledQuery", {**_SCHEDULED, "identifier": "{n}", "startTimeOffset": 900}),
        delete=("DeleteScheduledQuery", {"identifier": "{n}"}),
    ),
    Kind(
        service="logs", kind="lookup-table",
        create=("CreateLookupTable", {"lookupTableName": "{n}", "tableBody": "a\nb\n"}),
        read=("GetLookupTable", {"lookupTableArn": "arn:aws:logs:us-east-1:123456789012:lookup-table:{n}"},
            "lookupTableName"),
        absent="ResourceNotFoundException", listed=("DescribeLookupTables", {}, "lookupTables[].lookupTableName"),
        update=("UpdateLookupTable", {"lookupTableArn": "{arn}", "tableBody": "a\nc\n"}), arn="lookupTableArn",
        delete=("DeleteLookupTable", {"lookupTableArn": "{arn}"}),
    ),
    Kind(
        service="logs", kind="delivery-source", tags="tags", arn="deliverySource.arn",
        create=("PutDeliverySource", {
            "name": "{n}", "logType": "ERROR_LOGS",
            "resourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/{n}"}),
        read=("GetDeliverySource", {"name": "{n}"}, "deliverySource"), absent="ResourceNotFoundException",
        listed=("DescribeDeliverySources", {}, "deliverySources[].name"),
        delete=("DeleteDeliverySource", {"name": "{n}"}),
    ),
    Kind(
        service="logs", kind="delivery-destination", tags="tags", arn="deliveryDestination.arn",
        create=("PutDeliveryDestination", {"name": "{n}", "outputFormat": "json",
            "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:s3:::{n}"}}),
        read=("GetDeliveryDestination", {"name": "{n}"}, "deliveryDestination"), absent="ResourceNotFoundException",
        listed=("DescribeDeliveryDestinations", {}, "deliveryDestinations[].name"),
        update=("PutDeliveryDestinationPolicy", {"deliveryDestinationName": "{n}", "deliveryDestinationPolicy": "{}"}),
        delete=("DeleteDeliveryDestination", {"name": "{n}"}),
    ),
    Kind(
        service="events", kind="rule", create=("PutRule", {"Name": "{n}", "ScheduleExpression": "rate(1 day)"}),
        tags="Tags", read=("DescribeRule", {"Name": "{n}"}, "Name"), absent="ResourceNotFoundException", regone=False,
        listed=("ListRules", {"NamePrefix": "{n}"}, "Rules[].Name"), arn="RuleArn || Arn",
        update=("PutRule", {"Name": "{n}", "ScheduleExpression": "rate(2 days)"}),
        delete=("DeleteRule", {"Name": "{n}"}),
    ),
    Kind(
        service="events", kind="bus", create=("CreateEventBus", {"Name": "{n}"}), tags="Tags", regone=False,
        read=("DescribeEventBus", {"Name": "{n}"}, "Name"), absent="ResourceNotFoundException",
        listed=("ListEventBuses", {"NamePrefix": "{n}"}, "EventBuses[].Name"), arn="EventBusArn || Arn",
        update=("UpdateEventBus", {"Name": "{n}", "Description": "d"}), delete=("DeleteEventBus", {"Name": "{n}"}),
    ),
    Kind(
        service="events", kind="archive", first=_BUS, create=("CreateArchive", {
            "ArchiveName": "{n}", "EventSourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/{p}"}),
        read=("DescribeArchive", {"ArchiveName": "{n}"}, "ArchiveArn"), absent="ResourceNotFoundException",
        listed=("ListArchives", {"NamePrefix": "{n}"}, "Archives[].ArchiveName"),
        update=("UpdateArchive", {"ArchiveName": "{n}", "RetentionDays": 3}),
        delete=("DeleteArchive", {"ArchiveName": "{n}"}),
    ),
    Kind(
        service="events", kind="connection", create=("CreateConnection", {"Name": "{n}", **_KEY}),
        read=("DescribeConnection", {"Name": "{n}"}, "ConnectionArn"), absent="ResourceNotFoundException",
        listed=("ListConnections", {"NamePrefix": "{n}"}, "Connections[].Name"),
        update=("UpdateConnection", {"Name": "{n}", "Description": "d"}), delete=("DeleteConnection", {"Name": "{n}"}),
    ),
    Kind(
        service="sns", kind="topic", create=("CreateTopic", {"Name": "{n}"}), tags="Tags", arn="TopicArn",
        regone=False,
        read=("GetTopicAttributes", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:{n}"}, "Attributes"),
        absent="NotFound",
        update=("SetTopicAttributes", {"TopicArn": "{arn}", "AttributeName": "DisplayName", "AttributeValue": "d"}),
        delete=("DeleteTopic", {"TopicArn": "{arn}"}),
    ),
    Kind(
        service="cloudtrail", kind="trail", create=("CreateTrail", {"Name": "{n}", "S3BucketName": "bucket"}),
        tags="TagsList", arn="TrailARN || Trail.TrailARN", absent="TrailNotFoundException",
        read=("GetTrail", {"Name": "{n}"}, "Trail"), listed=("ListTrails", {}, "Trails[].Name"),
        update=("UpdateTrail", {"Name": "{n}", "IsMultiRegionTrail": True}), delete=("DeleteTrail", {"Name": "{n}"}),
    ),
    Kind(
        service="xray", kind="group", create=("CreateGroup", {"GroupName": "{n}"}), tags="Tags", arn="Group.GroupARN",
        read=("GetGroup", {"GroupName": "{n}"}, "Group"), absent="InvalidRequestException",
        listed=("GetGroups", {}, "Groups[].GroupName"), delete=("DeleteGroup", {"GroupName": "{n}"}),
        update=("UpdateGroup", {"GroupName": "{n}", "FilterExpression": "responsetime > 5"}),
    ),
    Kind(
        service="xray", kind="sampling-rule", create=("CreateSamplingRule", {"SamplingRule": _SAMPLED}), tags="Tags",
        read=("GetSamplingRules", {}, "SamplingRuleRecords[?SamplingRule.RuleName=='{n}'] | [0]"), absent="",
        update=("UpdateSamplingRule", {"SamplingRuleUpdate": {"RuleName": "{n}", "FixedRate": 0.2}}),
        arn="SamplingRuleRecord.SamplingRule.RuleARN", delete=("DeleteSamplingRule", {"RuleName": "{n}"}),
    ),
)  # fmt: skip
