"""Kinds of SageMaker, Lambda, scaling, budgets, costs and reports."""

import re
from typing import Any

from resource_kinds.kind import ACCOUNT, ROLE, Kind

_MODEL = (
    "sagemaker",
    "CreateModel",
    {"ModelName": "{p}", "PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": ROLE},
)
_FUNCTION = {"Role": ROLE, "Code": {"S3Bucket": "xyz", "S3Key": "k"}, "Runtime": "python3.12", "Handler": "a.b"}
_BUDGET = {
    "BudgetName": "{n}",
    "TimeUnit": "MONTHLY",
    "BudgetType": "COST",
    "BudgetLimit": {"Amount": "1", "Unit": "USD"},
}
_CATEGORY = {
    "RuleVersion": "CostCategoryExpression.v1",
    "Rules": [{"Value": "x", "Rule": {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [ACCOUNT]}}}],
}
_TARGET = {"ServiceNamespace": "ecs", "ResourceId": "service/c/{n}", "ScalableDimension": "ecs:service:DesiredCount"}
_LAUNCH = {"ImageId": "ami-12345678", "InstanceType": "p5.48xlarge"}
_EXPORT = {
    "Name": "{n}", "DataQuery": {"QueryStatement": "SELECT line_item_unblended_cost FROM COST_AND_USAGE_REPORT"},
    "DestinationConfigurations": {"S3Destination": {
        "S3Bucket": "bills", "S3Prefix": "p", "S3Region": "us-east-1", "S3OutputConfigurations": {
            "OutputType": "CUSTOM", "Format": "TEXT_OR_CSV", "Compression": "GZIP", "Overwrite": "OVERWRITE_REPORT"}}},
    "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
}  # fmt: skip
_REPORT = {
    "ReportName": "{n}", "TimeUnit": "DAILY", "Format": "Parquet", "Compression": "Parquet", "S3Bucket": "bills",
    "AdditionalSchemaElements": ["RESOURCES"], "S3Prefix": "cur", "S3Region": "us-east-1",
}  # fmt: skip
_OWN = {"AwsAccountId": ACCOUNT}


def _definition(
    type_: str, operations: tuple[str, str, str, str], application: dict[str, Any] | None = None,
    given: dict[str, Any] | None = None,
) -> Kind:  # fmt: skip
    """Definitions of what monitoring schedules look at."""
    source = {"EndpointInput": {"EndpointName": "e", "LocalPath": "/opt/ml/processing/in"}, **(given or {})}
    output = {"S3Output": {"S3Uri": "s3://xyz/o", "LocalPath": "/opt/ml/processing/out"}}
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    made = {
        "JobDefinitionName": "{n}", "RoleArn": ROLE,
        f"{type_}AppSpecification": {"ImageUri": "i", **(application or {})},
        f"{type_}JobInput": source, f"{type_}JobOutputConfig": {"MonitoringOutputs": [output]},
        "JobResources": {"ClusterConfig": cluster},
    }  # fmt: skip
    named, (create, read, listed, delete) = {"JobDefinitionName": "{n}"}, operations
    kind = "-".join(re.findall("[A-Z][a-z]+", type_)).lower()
    return Kind(
        service="sagemaker", kind=f"{kind}-job-definition", tags="Tags", arn="JobDefinitionArn",
        absent="ResourceNotFound", create=(create, made), read=(read, named, "JobDefinitionName"),
        listed=(listed, {"NameContains": "{n}"}, "JobDefinitionSummaries[].MonitoringJobDefinitionName"),
        delete=(delete, named),
    )  # fmt: skip


KINDS: tuple[Kind, ...] = (
    Kind(
        service="sagemaker", kind="model", tags="Tags", arn="ModelArn",
        create=("CreateModel", {"ModelName": "{n}", "PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": ROLE}),
        read=("DescribeModel", {"ModelName": "{n}"}, "ModelName"), absent="ValidationException",
        listed=("ListModels", {"NameContains": "{n}"}, "Models[].ModelName"),
        delete=("DeleteModel", {"ModelName": "{n}"}),
    ),
    Kind(
        service="sagemaker", kind="endpoint-config", tags="Tags", arn="EndpointConfigArn", first=_MODEL,
        create=("CreateEndpointConfig", {"EndpointConfigName": "{n}", "ProductionVariants": [
            {"VariantName": "v", "ModelName": "{p}", "ServerlessConfig": {"MemorySizeInMB": 2048,
                "MaxConcurrency": 2}}]}),
        read=("DescribeEndpointConfig", {"EndpointConfigName": "{n}"}, "EndpointConfigName"),
        absent="ValidationException",
        listed=("ListEndpointConfigs", {"NameContains": "{n}"}, "EndpointConfigs[].EndpointConfigName"),
        delete=("DeleteEndpointConfig", {"EndpointConfigName": "{n}"}),
    ),
    Kind(
        service="sagemaker", kind="monitoring-schedule", tags="Tags", arn="MonitoringScheduleArn",
        create=("CreateMonitoringSchedule", {"MonitoringScheduleName": "{n}", "MonitoringScheduleConfig": {
            "MonitoringJobDefinitionName": "d", "MonitoringType": "DataQuality"}}),
        read=("DescribeMonitoringSchedule", {"MonitoringScheduleName": "{n}"}, "MonitoringScheduleName"),
        absent="ResourceNotFound", delete=("DeleteMonitoringSchedule", {"MonitoringScheduleName": "{n}"}),
        listed=("ListMonitoringSchedules", {"NameContains": "{n}"},
            "MonitoringScheduleSummaries[].MonitoringScheduleName"),
    ),
    Kind(
        service="sagemaker", kind="model-package-group", tags="Tags", arn="ModelPackageGroupArn",
        create=("CreateModelPackageGroup", {"ModelPackageGroupName": "{n}"}),
        read=("DescribeModelPackageGroup", {"ModelPackageGroupName": "{n}"}, "ModelPackageGroupName"),
        absent="ValidationException",
        listed=("ListModelPackageGroups", {"NameContains": "{n}"},
            "ModelPackageGroupSummaryList[].ModelPackageGroupName"),
        delete=("DeleteModelPackageGroup", {"ModelPackageGroupName": "{n}"}),
    ),
    Kind(
        service="sagemaker", kind="pipeline", tags="Tags", arn="PipelineArn",
        create=("CreatePipeline", {"PipelineName": "{n}", "RoleArn": ROLE, "ClientRequestToken": "t" * 32,
            "PipelineDefinition": '{"Steps": [{"Name": "a", "Type": "Fail"}]}'}),
        read=("DescribePipeline", {"PipelineName": "{n}"}, "PipelineName"), absent="ResourceNotFound",
        update=("UpdatePipeline", {"PipelineName": "{n}", "PipelineDescription": "other"}),
        listed=("ListPipelines", {"PipelineNamePrefix": "{n}"}, "PipelineSummaries[].PipelineName"),
        delete=("DeletePipeline", {"PipelineName": "{n}", "ClientRequestToken": "t" * 32}),
    ),
    _definition(
        "DataQuality",
        ("CreateDataQualityJobDefinition", "DescribeDataQualityJobDefinition", "ListDataQualityJobDefinitions",
         "DeleteDataQualityJobDefinition"),
    ),
    _definition(
        "ModelBias",
        ("CreateModelBiasJobDefinition", "DescribeModelBiasJobDefinition", "ListModelBiasJobDefinitions",
         "DeleteModelBiasJobDefinition"),
        {"ConfigUri": "s3://xyz/c"},
        {"GroundTruthS3Input": {"S3Uri": "s3://xyz/t"}},
    ),
    Kind(
        service="lambda", kind="function", create=("CreateFunction", {"FunctionName": "{n}", **_FUNCTION}),
        tags="Tags",
        read=("GetFunction", {"FunctionName": "{n}"}, "Configuration"), absent="ResourceNotFoundException",
        listed=("ListFunctions", {}, "Functions[].FunctionName"), arn="FunctionArn || Configuration.FunctionArn",
        update=("UpdateFunctionConfiguration", {"FunctionName": "{n}", "MemorySize": 512}),
        delete=("DeleteFunction", {"FunctionName": "{n}"}),
    ),
    Kind(
        service="budgets", kind="budget", create=("CreateBudget", {"AccountId": ACCOUNT, "Budget": _BUDGET}),
        tags="ResourceTags", read=("DescribeBudget", {"AccountId": ACCOUNT, "BudgetName": "{n}"}, "Budget"),
        absent="NotFoundException", listed=("DescribeBudgets", {"AccountId": ACCOUNT}, "Budgets[].BudgetName"),
        update=("UpdateBudget", {"AccountId": ACCOUNT, "NewBudget": {**_BUDGET, "TimeUnit": "DAILY"}}),
        arn="'arn:aws:budgets::123456789012:budget/{n}'",
        delete=("DeleteBudget", {"AccountId": ACCOUNT, "BudgetName": "{n}"}),
    ),
    Kind(
        service="ce", kind="category", create=("CreateCostCategoryDefinition", {"Name": "{n}", **_CATEGORY}),
        tags="ResourceTags", arn="CostCategoryArn", absent="ResourceNotFoundException",
        read=("DescribeCostCategoryDefinition", {"CostCategoryArn": "{arn}"}, "CostCategory"),
        listed=("ListCostCategoryDefinitions", {}, "CostCategoryReferences[].Name"),
        update=("UpdateCostCategoryDefinition", {"CostCategoryArn": "{arn}", **_CATEGORY}),
        delete=("DeleteCostCategoryDefinition", {"CostCategoryArn": "{arn}"}),
    ),
    Kind(
        service="ce", kind="monitor", create=("CreateAnomalyMonitor", {"AnomalyMonitor": {
            "MonitorName": "{n}", "MonitorType": "CUSTOM",
            "MonitorSpecification": {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [ACCOUNT]}}}}),
        tags="ResourceTags", arn="MonitorArn", absent="UnknownMonitorException",
        read=("GetAnomalyMonitors", {"MonitorArnList": ["{arn}"]}, "AnomalyMonitors[0]"),
        listed=("GetAnomalyMonitors", {}, "AnomalyMonitors[].MonitorName"),
        update=("UpdateAnomalyMonitor", {"MonitorArn": "{arn}", "MonitorName": "{n}"}),
        delete=("DeleteAnomalyMonitor", {"MonitorArn": "{arn}"}),
    ),
    Kind(
        service="application-autoscaling", kind="target", tags="Tags", absent="",
        create=("RegisterScalableTarget", {**_TARGET, "MinCapacity": 1, "MaxCapacity": 2}),
        read=("DescribeScalableTargets", {"ServiceNamespace": "ecs", "ResourceIds": ["service/c/{n}"]},
            "ScalableTargets[0]"),
        update=("RegisterScalableTarget", {**_TARGET, "MaxCapacity": 3}), arn="ScalableTargetARN",
        delete=("DeregisterScalableTarget", _TARGET),
    ),
    Kind(
        service="autoscaling", kind="launch", absent="",
        create=("CreateLaunchConfiguration", {"LaunchConfigurationName": "{n}", **_LAUNCH}),
        read=("DescribeLaunchConfigurations", {"LaunchConfigurationNames": ["{n}"]}, "LaunchConfigurations[0]"),
        delete=("DeleteLaunchConfiguration", {"LaunchConfigurationName": "{n}"}),
    ),
    Kind(
        service="autoscaling", kind="group", absent="",
        first=("autoscaling", "CreateLaunchConfiguration", {"LaunchConfigurationName": "{p}", **_LAUNCH}),
        create=("CreateAutoScalingGroup", {
            "AutoScalingGroupName": "{n}", "LaunchConfigurationName": "{p}", "MinSize": 0, "MaxSize": 0,
            "AvailabilityZones": ["us-east-1a"]}),
        read=("DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["{n}"]}, "AutoScalingGroups[0]"),
        update=("UpdateAutoScalingGroup", {"AutoScalingGroupName": "{n}", "MaxSize": 1}),
        delete=("DeleteAutoScalingGroup", {"AutoScalingGroupName": "{n}"}),
    ),
    Kind(
        service="quicksight", kind="source", tags="Tags", arn="Arn", absent="ResourceNotFoundException",
        create=("CreateDataSource", {**_OWN, "DataSourceId": "{n}", "Name": "{n}", "Type": "MYSQL",
            "DataSourceParameters": {"MySqlParameters": {"Host": "localhost", "Port": 3306, "Database": "x"}}}),
        read=("DescribeDataSource", {**_OWN, "DataSourceId": "{n}"}, "DataSource"),
        listed=("ListDataSources", _OWN, "DataSources[].DataSourceId"),
        update=("UpdateDataSource", {**_OWN, "DataSourceId": "{n}", "Name": "other"}),
        delete=("DeleteDataSource", {**_OWN, "DataSourceId": "{n}"}),
    ),
    Kind(
        service="bcm-data-exports", kind="export", create=("CreateExport", {"Export": _EXPORT}), tags="ResourceTags",
        read=("GetExport", {"ExportArn": "{arn}"}, "Export"), absent="ResourceNotFoundException", arn="ExportArn",
        listed=("ListExports", {}, "Exports[].ExportName"), delete=("DeleteExport", {"ExportArn": "{arn}"}),
    ),
    Kind(
        service="cur", kind="report", create=("PutReportDefinition", {"ReportDefinition": _REPORT}), absent="",
        read=("DescribeReportDefinitions", {}, "ReportDefinitions[?ReportName=='{n}'] | [0]"),
        update=("ModifyReportDefinition", {"ReportName": "{n}", "ReportDefinition": {**_REPORT, "S3Prefix": "other"}}),
        delete=("DeleteReportDefinition", {"ReportName": "{n}"}),
    ),
)  # fmt: skip
