"""Kinds of SageMaker's experiments, and the schedules that look at bias."""

from resource_kinds.kind import ROLE, Kind

_WATCHED = {"EndpointInput": {"EndpointName": "e", "LocalPath": "/opt/ml/processing/input"}}
_OUT = {
    "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://b/out", "LocalPath": "/opt/ml/processing/output"}}]
}  # fmt: skip
_ON = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}}
_CLARIFY = "1.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"
_TRUTH = {"GroundTruthS3Input": {"S3Uri": "s3://b/truth"}}

KINDS: tuple[Kind, ...] = (
    Kind(
        service="sagemaker", kind="bias-schedule", tags="Tags", absent="ResourceNotFound",
        create=("CreateMonitoringSchedule", {"MonitoringScheduleName": "{n}", "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}, "MonitoringType": "ModelBias",
            "MonitoringJobDefinitionName": "{p}"}}),
        first=("sagemaker", "CreateModelBiasJobDefinition", {
            "JobDefinitionName": "{p}", "JobResources": _ON, "RoleArn": ROLE, "ModelBiasJobOutputConfig": _OUT,
            "ModelBiasAppSpecification": {"ImageUri": _CLARIFY, "ConfigUri": "s3://b/analysis_config.json"},
            "ModelBiasJobInput": {**_WATCHED, **_TRUTH}}),
        read=("DescribeMonitoringSchedule", {"MonitoringScheduleName": "{n}"}, "MonitoringScheduleName"),
        arn="MonitoringScheduleArn",
        listed=("ListMonitoringSchedules", {"MaxResults": 100}, "MonitoringScheduleSummaries[].MonitoringScheduleName"),
        update=("UpdateMonitoringSchedule", {"MonitoringScheduleName": "{n}", "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": "cron(0 0 ? * * *)"}, "MonitoringType": "ModelBias",
            "MonitoringJobDefinitionName": "{p}"}}),
        delete=("DeleteMonitoringSchedule", {"MonitoringScheduleName": "{n}"}),
    ),
    Kind(
        service="sagemaker", kind="experiment", tags="Tags", absent="ResourceNotFound",
        create=("CreateExperiment", {"ExperimentName": "{n}"}),
        read=("DescribeExperiment", {"ExperimentName": "{n}"}, "ExperimentName"), arn="ExperimentArn",
        listed=("ListExperiments", {"MaxResults": 100}, "ExperimentSummaries[].ExperimentName"),
        update=("UpdateExperiment", {"ExperimentName": "{n}", "Description": "d"}),
        delete=("DeleteExperiment", {"ExperimentName": "{n}"}),
    ),
    Kind(
        service="sagemaker", kind="trial", tags="Tags", absent="ResourceNotFound",
        first=("sagemaker", "CreateExperiment", {"ExperimentName": "{p}"}),
        create=("CreateTrial", {"TrialName": "{n}", "ExperimentName": "{p}"}),
        read=("DescribeTrial", {"TrialName": "{n}"}, "TrialName"), arn="TrialArn",
        listed=("ListTrials", {"MaxResults": 100}, "TrialSummaries[].TrialName"),
        update=("UpdateTrial", {"TrialName": "{n}", "DisplayName": "d"}),
        delete=("DeleteTrial", {"TrialName": "{n}"}),
    ),
    Kind(
        service="sagemaker", kind="trial-component", tags="Tags", absent="ResourceNotFound",
        create=("CreateTrialComponent", {"TrialComponentName": "{n}"}),
        read=("DescribeTrialComponent", {"TrialComponentName": "{n}"}, "TrialComponentName"), arn="TrialComponentArn",
        listed=("ListTrialComponents", {"MaxResults": 100}, "TrialComponentSummaries[].TrialComponentName"),
        update=("UpdateTrialComponent", {"TrialComponentName": "{n}", "DisplayName": "d"}),
        delete=("DeleteTrialComponent", {"TrialComponentName": "{n}"}),
    ),
)  # fmt: skip
