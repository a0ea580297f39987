"""boto3's application-autoscaling client against the live server: all of its operations, and REST beside them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
CPU = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
STEPS = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
}


@pytest.fixture
def api(server: LiveServer) -> Any:
    return boto3.client("application-autoscaling", region_name="us-east-1", endpoint_url=server.url, **KEYS)


@pytest.fixture
def target(api: Any, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """A registered service of ECS, as every operation names it."""
    named = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/prod/{request.node.name[:60]}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    api.register_scalable_target(**named, MinCapacity=1, MaxCapacity=5, Tags={"team": "search"})
    yield named
    if api.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[named["ResourceId"]])["ScalableTargets"]:
        api.deregister_scalable_target(**named)


def code(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def described(api: Any, target: dict[str, str]) -> dict[str, Any]:
    (found,) = api.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[target["ResourceId"]])[
        "ScalableTargets"
    ]
    return dict(found)


def test_a_target_is_registered_changed_tagged_and_deregistered(api: Any, target: dict[str, str]) -> None:
    found = described(api, target)
    assert (1, 5) == (found["MinCapacity"], found["MaxCapacity"])
    assert ":role/aws-service-role/ecs.application-autoscaling.amazonaws.com/" in found["RoleARN"]
    api.register_scalable_target(**target, MaxCapacity=8, SuspendedState={"ScheduledScalingSuspended": True})
    found = described(api, target)
    assert (1, 8) == (found["MinCapacity"], found["MaxCapacity"])
    assert found["SuspendedState"]["ScheduledScalingSuspended"]
    arn = found["ScalableTargetARN"]
    api.tag_resource(ResourceARN=arn, Tags={"stage": "prod"})
    api.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert {"stage": "prod"} == api.list_tags_for_resource(ResourceARN=arn)["Tags"]
    api.deregister_scalable_target(**target)
    assert "ObjectNotFoundException" == code(api.deregister_scalable_target, **target)
    assert "ResourceNotFoundException" == code(api.list_tags_for_resource, ResourceARN=arn)


def test_policies_of_the_three_types_are_kept_as_they_were_put(api: Any, target: dict[str, str]) -> None:
    tracked = {"TargetValue": 50.0, **CPU, "ScaleOutCooldown": 60}
    pair = {"PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"}}
    ahead = {"MetricSpecifications": [{"TargetValue": 40.0, **pair}], "Mode": "ForecastAndScale"}
    put = [
        api.put_scaling_policy(
            PolicyName="a",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracked,
            **target,
        ),
        api.put_scaling_policy(
            PolicyName="b", PolicyType="StepScaling", StepScalingPolicyConfiguration=STEPS, **target
        ),
        api.put_scaling_policy(
            PolicyName="c", PolicyType="PredictiveScaling", PredictiveScalingPolicyConfiguration=ahead, **target
        ),
    ]
    asked = {"ServiceNamespace": "ecs", "ResourceId": target["ResourceId"]}
    first = api.describe_scaling_policies(**asked, MaxResults=2)
    rest = api.describe_scaling_policies(**asked, NextToken=first["NextToken"])
    found = [*first["ScalingPolicies"], *rest["ScalingPolicies"]]
    assert [one["PolicyARN"] for one in put] == [one["PolicyARN"] for one in found]
    assert tracked == found[0]["TargetTrackingScalingPolicyConfiguration"]
    assert STEPS == found[1]["StepScalingPolicyConfiguration"]
    assert ahead == found[2]["PredictiveScalingPolicyConfiguration"]
    now = dt.datetime.now(dt.UTC)
    told = api.get_predictive_scaling_forecast(
        PolicyName="c", StartTime=now, EndTime=now + dt.timedelta(hours=5), **target
    )
    assert ([], "UpdateTime") == (told["CapacityForecast"]["Values"], next(one for one in told if one == "UpdateTime"))
    api.delete_scaling_policy(PolicyName="b", **target)
    assert "ObjectNotFoundException" == code(api.delete_scaling_policy, PolicyName="b", **target)


def test_scheduled_actions_are_put_described_and_deleted(api: Any, target: dict[str, str]) -> None:
    night = {"ScheduledActionName": "night", **target}
    api.put_scheduled_action(
        Schedule="cron(0 22 * * ? *)", Timezone="Europe/Berlin", ScalableTargetAction={"MinCapacity": 0}, **night
    )
    api.put_scheduled_action(ScalableTargetAction={"MinCapacity": 0, "MaxCapacity": 2}, **night)
    (found,) = api.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=target["ResourceId"])[
        "ScheduledActions"
    ]
    assert ("cron(0 22 * * ? *)", "Europe/Berlin") == (found["Schedule"], found["Timezone"])
    assert {"MinCapacity": 0, "MaxCapacity": 2} == found["ScalableTargetAction"]
    api.delete_scheduled_action(**night)
    assert "ObjectNotFoundException" == code(api.delete_scheduled_action, **night)


def test_what_means_nothing_is_refused_with_the_services_own_codes(api: Any, target: dict[str, str]) -> None:
    other = {**target, "ResourceId": "service/prod/nobody"}
    assert "ObjectNotFoundException" == code(
        api.put_scaling_policy, PolicyName="x", StepScalingPolicyConfiguration=STEPS, **other
    )
    assert "ValidationException" == code(api.register_scalable_target, **other, MinCapacity=1)
    assert "ValidationException" == code(api.register_scalable_target, **target, MinCapacity=9)
    assert "ValidationException" == code(
        api.put_scaling_policy, PolicyName="x", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 50.0}, **target,
    )  # fmt: skip
    assert "ValidationException" == code(
        api.put_scheduled_action, ScheduledActionName="x", Schedule="daily", ScalableTargetAction={"MinCapacity": 1},
        **target,
    )  # fmt: skip
    assert "InvalidNextTokenException" == code(
        api.describe_scalable_targets, ServiceNamespace="ecs", NextToken="nonsense"
    )


def test_a_target_is_observed_until_its_mode_is_switched_and_rest_knows_it(
    api: Any, target: dict[str, str], server: LiveServer
) -> None:
    arn = described(api, target)["ScalableTargetARN"]
    assert (
        []
        == api.describe_scaling_activities(
            ServiceNamespace="ecs", ResourceId=target["ResourceId"], IncludeNotScaledActivities=True
        )["ScalingActivities"]
    )
    id_ = arn.rpartition("/")[2]
    path = f"{server.url}/rest/v1/scaling/targets/{id_}"
    with httpx.Client(timeout=60) as client:
        found = client.get(path).json()["target"]
        assert ("observe", None) == (found["mode"], found["backend"])
        refused = client.put(f"{path}/mode", json={"mode": "act", "confirm": target["ResourceId"]})
        assert 400 == refused.status_code
        assert "TRIMTAB_SCALING_FILE" in refused.text
        assert "dry-run" == client.put(f"{path}/mode", json={"mode": "dry-run"}).json()["mode"]
        assert 409 == client.post(f"{path}/scale", json={"desired": 3}).status_code
        policy = client.put(f"{path}/policies/own", json={"kind": "Portfolio", "document": {"allowed": 0.01}})
        assert "Portfolio" == policy.json()["kind"]
        page = client.get(f"{server.url}/scaling?target={id_}")
        assert 200 == page.status_code
        assert target["ResourceId"] in page.text


def test_a_policy_that_tracks_a_target_has_alarms_that_go_with_it(
    server: LiveServer, api: Any, target: dict[str, str]
) -> None:
    cloudwatch = boto3.client("cloudwatch", endpoint_url=server.url, region_name="us-east-1", **KEYS)

    def put(**document: Any) -> list[str]:
        made = api.put_scaling_policy(
            **target,
            PolicyName="track",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": 50.0, **document},
        )
        (shown,) = api.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["track"])["ScalingPolicies"]
        assert made["Alarms"] == shown["Alarms"]
        return [one["AlarmName"] for one in made["Alarms"]]

    def alarms(names: list[str]) -> list[Any]:
        found = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
        return [
            (one["AlarmName"], one["ComparisonOperator"], one["Threshold"], one["EvaluationPeriods"]) for one in found
        ]

    predefined = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
    both = put(**predefined)
    assert alarms(both) == [(both[0], "GreaterThanThreshold", 50.0, 3), (both[1], "LessThanThreshold", 45.0, 15)]
    (high, low) = cloudwatch.describe_alarms(AlarmNames=both)["MetricAlarms"]
    assert (
        high["AlarmActions"]
        == low["AlarmActions"]
        == [
            one["PolicyARN"]
            for one in api.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["track"])["ScalingPolicies"]
        ]
    )
    assert (high["Namespace"], high["MetricName"], high["Statistic"]) == ("AWS/ECS", "CPUUtilization", "Average")
    assert [both[0]] == put(**predefined, DisableScaleIn=True)
    assert [both[0]] == [name for name, *_ in alarms(both)]
    queries = [
        {
            "Id": "m",
            "MetricStat": {"Metric": {"Namespace": "Q", "MetricName": "Depth"}, "Stat": "Sum"},
            "ReturnData": False,
        },
        {"Id": "e", "Expression": "m / 2"},
    ]
    assert both == put(CustomizedMetricSpecification={"Metrics": queries})
    assert 60 == cloudwatch.describe_alarms(AlarmNames=both)["MetricAlarms"][0]["Metrics"][0]["MetricStat"]["Period"]
    api.delete_scaling_policy(**target, PolicyName="track")
    assert [] == alarms(both)
    both = put(**predefined)
    api.deregister_scalable_target(**target)
    assert [] == alarms(both)
