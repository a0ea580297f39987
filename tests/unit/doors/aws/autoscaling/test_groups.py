"""boto3's autoscaling client: groups and what happens to their instances."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from boto_in_process import client
from trimtab.base.clock import SystemClock
from trimtab.doors.aws.autoscaling import service
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.store.state.database import State

ZONES = ["eu-central-1a", "eu-central-1b"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The client over groups of their own."""
    state = State.open("", tmp_path_factory.mktemp("groups"))
    yield client(service.build(GroupsRoom.of(state, SystemClock())), SystemClock(), "eu-central-1")
    state.close()


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


def described(api: Any, name: str) -> dict[str, Any]:
    (found,) = api.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return dict(found)


def code(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_a_group_spreads_instances_over_its_zones_and_says_why(api: Any, group: str) -> None:
    found = described(api, group)
    assert [1, 6, 2] == [found["MinSize"], found["MaxSize"], found["DesiredCapacity"]]
    assert dict.fromkeys(ZONES, 1) == Counter(one["AvailabilityZone"] for one in found["Instances"])
    assert {"InService"} == {one["LifecycleState"] for one in found["Instances"]}
    assert {"g6.xlarge"} == {one["InstanceType"] for one in found["Instances"]}
    (newest, _) = api.describe_scaling_activities(AutoScalingGroupName=group)["Activities"]
    assert "a user request created an AutoScalingGroup changing the desired capacity from 0 to 2" in newest["Cause"]
    assert "increasing the capacity from 1 to 2" in newest["Cause"]


def test_desired_bounds_and_names_are_checked(api: Any, group: str) -> None:
    assert "ValidationError" == code(api.set_desired_capacity, AutoScalingGroupName=group, DesiredCapacity=7)
    assert "ValidationError" == code(api.set_desired_capacity, AutoScalingGroupName="none", DesiredCapacity=1)
    again = {"AutoScalingGroupName": group, "LaunchConfigurationName": f"lc-{group}", "MinSize": 0, "MaxSize": 1}
    assert "AlreadyExists" == code(api.create_auto_scaling_group, AvailabilityZones=ZONES, **again)
    assert "ResourceInUse" == code(api.delete_launch_configuration, LaunchConfigurationName=f"lc-{group}")
    assert "ResourceInUse" == code(api.delete_auto_scaling_group, AutoScalingGroupName=group)
    assert "InvalidNextToken" == code(api.describe_auto_scaling_groups, NextToken="nonsense")


def test_a_cooldown_that_is_honoured_refuses(api: Any, group: str) -> None:
    api.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)
    assert 3 == len(described(api, group)["Instances"])
    asked = {"AutoScalingGroupName": group, "DesiredCapacity": 4, "HonorCooldown": True}
    assert "ScalingActivityInProgress" == code(api.set_desired_capacity, **asked)


def test_an_unhealthy_instance_is_replaced_and_a_protected_one_is_spared(api: Any, group: str) -> None:
    first, second = (one["InstanceId"] for one in described(api, group)["Instances"])
    api.set_instance_health(InstanceId=first, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    now = {one["InstanceId"] for one in described(api, group)["Instances"]}
    assert first not in now
    assert 2 == len(now)
    api.set_instance_protection(InstanceIds=[second], AutoScalingGroupName=group, ProtectedFromScaleIn=True)
    api.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
    assert [second] == [one["InstanceId"] for one in described(api, group)["Instances"]]


def test_a_launch_waits_for_its_hook(api: Any, group: str) -> None:
    api.put_lifecycle_hook(LifecycleHookName="warm", AutoScalingGroupName=group,
                           LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING", HeartbeatTimeout=120)  # fmt: skip
    (hook,) = api.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
    assert (120, 12_000, "ABANDON") == (hook["HeartbeatTimeout"], hook["GlobalTimeout"], hook["DefaultResult"])
    api.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)
    (waiting,) = [one for one in described(api, group)["Instances"] if one["LifecycleState"] == "Pending:Wait"]
    assert "ScalingActivityInProgress" == code(api.delete_auto_scaling_group, AutoScalingGroupName=group)
    action = {"LifecycleHookName": "warm", "AutoScalingGroupName": group, "InstanceId": waiting["InstanceId"]}
    api.record_lifecycle_action_heartbeat(**action)
    api.complete_lifecycle_action(LifecycleActionResult="CONTINUE", **action)
    assert {"InService"} == {one["LifecycleState"] for one in described(api, group)["Instances"]}
    assert "ValidationError" == code(api.complete_lifecycle_action, LifecycleActionResult="CONTINUE", **action)
    api.delete_lifecycle_hook(LifecycleHookName="warm", AutoScalingGroupName=group)


def test_simple_and_step_policies_are_executed(api: Any, group: str) -> None:
    put = {"AutoScalingGroupName": group, "AdjustmentType": "PercentChangeInCapacity"}
    arn = api.put_scaling_policy(PolicyName="double", ScalingAdjustment=100, **put)["PolicyARN"]
    api.execute_policy(PolicyName=arn)
    assert 4 == described(api, group)["DesiredCapacity"]
    steps = [{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 10},
             {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 50}]  # fmt: skip
    api.put_scaling_policy(PolicyName="steps", PolicyType="StepScaling", StepAdjustments=steps, **put)
    api.execute_policy(AutoScalingGroupName=group, PolicyName="steps", MetricValue=85, BreachThreshold=70)
    assert 5 == described(api, group)["DesiredCapacity"]  # 10 % of 4 is less than one: one
    overlapping = [*steps, {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 5}]
    wrong = {"PolicyName": "wrong", "PolicyType": "StepScaling", "StepAdjustments": overlapping, **put}
    assert "ValidationError" == code(api.put_scaling_policy, **wrong)
    found = api.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
    assert ["double", "steps"] == [one["PolicyName"] for one in found]
    api.delete_policy(AutoScalingGroupName=group, PolicyName="double")
    assert "ValidationError" == code(api.execute_policy, AutoScalingGroupName=group, PolicyName="double")


def test_scheduled_actions_are_kept_and_checked(api: Any, group: str) -> None:
    put = {"AutoScalingGroupName": group, "ScheduledActionName": "nights"}
    api.put_scheduled_update_group_action(Recurrence="0 20 * * 1-5", MinSize=1, DesiredCapacity=1, **put)
    (found,) = api.describe_scheduled_actions(AutoScalingGroupName=group)["ScheduledUpdateGroupActions"]
    assert ("0 20 * * 1-5", 1, 20) == (found["Recurrence"], found["DesiredCapacity"], found["StartTime"].hour)
    assert "ValidationError" == code(api.put_scheduled_update_group_action, Recurrence="nights", MinSize=1, **put)
    assert "ValidationError" == code(api.put_scheduled_update_group_action, StartTime=1, MinSize=1, **put)
    api.delete_scheduled_action(**put)
    assert [] == api.describe_scheduled_actions(AutoScalingGroupName=group)["ScheduledUpdateGroupActions"]


def test_a_warm_pool_prepares_what_may_be_less_what_is_desired(api: Any, group: str) -> None:
    api.put_warm_pool(AutoScalingGroupName=group, MaxGroupPreparedCapacity=5)
    pool = api.describe_warm_pool(AutoScalingGroupName=group)
    assert ["Warmed:Stopped"] * 3 == [one["LifecycleState"] for one in pool["Instances"]]
    prepared = {one["InstanceId"] for one in pool["Instances"]}
    api.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=4)
    assert 2 == len(prepared & {one["InstanceId"] for one in described(api, group)["Instances"]})
    assert "ResourceInUse" == code(api.delete_warm_pool, AutoScalingGroupName=group)
    api.delete_warm_pool(AutoScalingGroupName=group, ForceDelete=True)
    assert "WarmPoolConfiguration" not in described(api, group)


def test_a_refresh_replaces_every_instance(api: Any, group: str) -> None:
    before = {one["InstanceId"] for one in described(api, group)["Instances"]}
    id_ = api.start_instance_refresh(AutoScalingGroupName=group)["InstanceRefreshId"]
    for _ in range(4):  # each look settles what is due
        api.set_instance_protection(InstanceIds=[], AutoScalingGroupName=group, ProtectedFromScaleIn=False)
    (found,) = api.describe_instance_refreshes(AutoScalingGroupName=group)["InstanceRefreshes"]
    assert (id_, "Successful", 100) == (found["InstanceRefreshId"], found["Status"], found["PercentageComplete"])
    after = {one["InstanceId"] for one in described(api, group)["Instances"]}
    assert 2 == len(after)
    assert not before & after
    assert "ActiveInstanceRefreshNotFound" == code(api.cancel_instance_refresh, AutoScalingGroupName=group)


def test_instances_are_terminated_attached_and_detached(api: Any, group: str) -> None:
    first = described(api, group)["Instances"][0]["InstanceId"]
    end = {"InstanceId": first, "ShouldDecrementDesiredCapacity": True}
    activity = api.terminate_instance_in_auto_scaling_group(**end)["Activity"]
    assert activity["Description"] == f"Terminating EC2 instance: {first}"
    assert 1 == described(api, group)["DesiredCapacity"]
    api.attach_instances(AutoScalingGroupName=group, InstanceIds=["i-0123456789abcdef0"])
    assert 2 == described(api, group)["DesiredCapacity"]
    where = api.describe_auto_scaling_instances(InstanceIds=["i-0123456789abcdef0"])["AutoScalingInstances"]
    assert [group] == [one["AutoScalingGroupName"] for one in where]
    api.detach_instances(AutoScalingGroupName=group, InstanceIds=["i-0123456789abcdef0"],
                         ShouldDecrementDesiredCapacity=True)  # fmt: skip
    assert 1 == len(described(api, group)["Instances"])


def test_processes_metrics_and_tags(api: Any, group: str) -> None:
    api.suspend_processes(AutoScalingGroupName=group, ScalingProcesses=["Launch"])
    api.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)
    assert 2 == len(described(api, group)["Instances"])
    api.resume_processes(AutoScalingGroupName=group)
    assert 3 == len(described(api, group)["Instances"])
    wrong = {"AutoScalingGroupName": group, "ScalingProcesses": ["Fly"]}
    assert "ValidationError" == code(api.suspend_processes, **wrong)
    api.enable_metrics_collection(AutoScalingGroupName=group, Metrics=["GroupDesiredCapacity"], Granularity="1Minute")
    assert ["GroupDesiredCapacity"] == [one["Metric"] for one in described(api, group)["EnabledMetrics"]]
    api.disable_metrics_collection(AutoScalingGroupName=group)
    assert [] == described(api, group)["EnabledMetrics"]
    tag = {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": "run", "PropagateAtLaunch": False}
    api.create_or_update_tags(Tags=[{**tag, "Value": "7"}])
    by_group = [{"Name": "auto-scaling-group", "Values": [group]}]
    assert {"run": "7", "team": "search"} == {
        one["Key"]: one["Value"] for one in api.describe_tags(Filters=by_group)["Tags"]
    }
    by_tag = api.describe_auto_scaling_groups(Filters=[{"Name": "tag:run", "Values": ["7"]}])
    assert [group] == [one["AutoScalingGroupName"] for one in by_tag["AutoScalingGroups"]]
    api.delete_tags(Tags=[tag])
    assert 1 == len(api.describe_tags(Filters=by_group)["Tags"])
    assert api.describe_account_limits()["NumberOfAutoScalingGroups"] >= 1
