"""boto3's autoscaling client against the live server: what groups ask of the engine."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from patience import until

pytestmark = pytest.mark.wire
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
ZONES = ["eu-central-1a", "eu-central-1b"]


@pytest.fixture
def api(server: LiveServer) -> Any:
    """The client of a region of these tests alone."""
    return boto3.client("autoscaling", region_name="eu-central-1", endpoint_url=server.url, **KEYS)


@pytest.fixture
def group(api: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """A group of two instances over two zones."""
    name = request.node.name[:60]
    api.create_launch_configuration(LaunchConfigurationName=f"lc-{name}", ImageId="ami-1", InstanceType="g6.xlarge")
    api.create_auto_scaling_group(
        AutoScalingGroupName=name, LaunchConfigurationName=f"lc-{name}", MinSize=1, MaxSize=6, DesiredCapacity=2,
        AvailabilityZones=ZONES, Tags=[{"Key": "team", "Value": "search", "PropagateAtLaunch": True}],
    )  # fmt: skip
    yield name
    api.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


def code(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_tracking_and_predictive_policies_go_to_the_engine(api: Any, group: str) -> None:
    tracking = {"TargetValue": 50.0, "PredefinedMetricSpecification": {
        "PredefinedMetricType": "ASGAverageCPUUtilization"}}  # fmt: skip
    api.put_scaling_policy(AutoScalingGroupName=group, PolicyName="cpu", PolicyType="TargetTrackingScaling",
                           TargetTrackingConfiguration=tracking)  # fmt: skip
    predictive = {"MetricSpecifications": [{"TargetValue": 50.0, "PredefinedMetricPairSpecification": {
        "PredefinedMetricType": "ASGCPUUtilization"}}]}  # fmt: skip
    api.put_scaling_policy(AutoScalingGroupName=group, PolicyName="ahead", PolicyType="PredictiveScaling",
                           PredictiveScalingConfiguration=predictive)  # fmt: skip
    asked = {"AutoScalingGroupName": group, "PolicyName": "ahead"}
    forecast = api.get_predictive_scaling_forecast(StartTime=1_790_000_000, EndTime=1_790_086_400, **asked)
    assert [] == forecast["CapacityForecast"]["Values"]  # nothing is known of its load
    assert "ValidationError" == code(api.get_predictive_scaling_forecast, StartTime=2, EndTime=1, **asked)
    found = {one["PolicyName"]: one for one in api.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]}
    assert tracking == found["cpu"]["TargetTrackingConfiguration"]


def test_a_policy_shows_its_alarms_and_one_that_fires_runs_it(server: LiveServer, api: Any, group: str) -> None:
    cloudwatch = boto3.client("cloudwatch", region_name="eu-central-1", endpoint_url=server.url, **KEYS)

    def shown(name: str) -> list[dict[str, str]]:
        (one,) = api.describe_policies(AutoScalingGroupName=group, PolicyNames=[name])["ScalingPolicies"]
        return list(one["Alarms"])

    out = api.put_scaling_policy(AutoScalingGroupName=group, PolicyName="out", AdjustmentType="ChangeInCapacity",
                                 ScalingAdjustment=2)  # fmt: skip
    assert [] == out["Alarms"] == shown("out")
    alarm = {"AlarmName": f"{group} is busy", "Namespace": "Shop", "MetricName": "Queue", "Statistic": "Sum",
             "Period": 60, "EvaluationPeriods": 1, "Threshold": 5.0, "TreatMissingData": "ignore",
             "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [out["PolicyARN"]]}  # fmt: skip
    cloudwatch.put_metric_alarm(**alarm)
    assert [alarm["AlarmName"]] == [one["AlarmName"] for one in shown("out")]
    tracking = {"TargetValue": 50.0, "PredefinedMetricSpecification": {
        "PredefinedMetricType": "ASGAverageCPUUtilization"}}  # fmt: skip
    cpu = api.put_scaling_policy(AutoScalingGroupName=group, PolicyName="cpu", PolicyType="TargetTrackingScaling",
                                 TargetTrackingConfiguration=tracking)  # fmt: skip
    assert cpu["Alarms"] == shown("cpu")
    names = [one["AlarmName"] for one in cpu["Alarms"]]
    high, low = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert names == [high["AlarmName"], low["AlarmName"]]
    assert [{"Name": "AutoScalingGroupName", "Value": group}] == high["Dimensions"]
    assert [cpu["PolicyARN"]] == high["AlarmActions"] == low["AlarmActions"]
    api.delete_policy(AutoScalingGroupName=group, PolicyName="cpu")
    assert [] == cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]

    cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="a test")

    def desired() -> int:
        (one,) = api.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
        return int(one["DesiredCapacity"])

    until(lambda: desired() != 2, "the policy was not run")
    assert 4 == desired()
    cloudwatch.delete_alarms(AlarmNames=[alarm["AlarmName"]])
