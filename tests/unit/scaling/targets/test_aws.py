"""AWS as targets, through boto's own client against an emulator of the services."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from trimtab.base.errors import AccessDenied, NotFound
from trimtab.cloud.scaling import AwsScaling
from trimtab.cloud.sessions import client
from trimtab.scaling.engine.model import GROUP_DIMENSION, GROUPS, TargetKey
from trimtab.scaling.targets.aws import AwsBackend
from trimtab.scaling.targets.file import AwsSettings

pytestmark = pytest.mark.slow  # the emulator takes seconds for a group
REGION = "us-east-1"


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def backend(emulator: str, monkeypatch: pytest.MonkeyPatch) -> AwsBackend:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    return AwsBackend(AwsSettings(act_on=["*:*"], endpoint_url=emulator), AwsScaling)


def _key(namespace: str, resource: str, dimension: str) -> TargetKey:
    return TargetKey("123456789012", REGION, namespace, resource, dimension)


def _aws(service: str, backend: AwsBackend) -> Any:
    return client(service, endpoint=backend.settings.endpoint_url, region=REGION)


def _scaled(backend: AwsBackend, key: TargetKey, desired: int) -> tuple[int, int]:
    before = asyncio.run(backend.standing(key)).desired
    asyncio.run(backend.scale(key, desired, "more is asked"))
    return before, asyncio.run(backend.standing(key)).desired


def test_a_service_of_ecs(backend: AwsBackend) -> None:
    ecs = _aws("ecs", backend)
    ecs.create_cluster(clusterName="prod")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "i", "memory": 64}])
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web", desiredCount=2)
    key = _key("ecs", "service/prod/web", "ecs:service:DesiredCount")
    assert (2, 5) == _scaled(backend, key, 5)
    assert "ecs update_service" in asyncio.run(backend.preview(key, 5))


def test_a_variant_of_sagemaker(backend: AwsBackend) -> None:
    sagemaker = _aws("sagemaker", backend)
    role = "arn:aws:iam::123456789012:role/r"
    sagemaker.create_model(ModelName="m", PrimaryContainer={"Image": "i"}, ExecutionRoleArn=role)
    variant = {"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.c5.xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="chat", EndpointConfigName="c")
    key = _key("sagemaker", "endpoint/chat/variant/AllTraffic", "sagemaker:variant:DesiredInstanceCount")
    assert 3 == _scaled(backend, key, 3)[1]


def test_provisioned_concurrency_of_a_function_that_is_not_there(backend: AwsBackend) -> None:
    key = _key("lambda", "function:resize:live", "lambda:function:ProvisionedConcurrency")
    words = "lambda put_provisioned_concurrency_config {'FunctionName': 'resize', 'Qualifier': 'live', 'Prov"
    assert asyncio.run(backend.preview(key, 4)).startswith(words)


def test_a_group_with_a_policy_of_its_own_is_owned_by_it(backend: AwsBackend) -> None:
    groups = _aws("autoscaling", backend)
    groups.create_launch_configuration(LaunchConfigurationName="l", ImageId="ami-1", InstanceType="m5.large")
    groups.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="l", MinSize=0, MaxSize=5, DesiredCapacity=1,
        AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    key = _key(GROUPS, "autoScalingGroup/web", GROUP_DIMENSION)
    assert (1, 3) == _scaled(backend, key, 3)
    found = asyncio.run(backend.standing(key))
    assert ({"us-east-1a": 3}, None) == (found.zones, found.owner)
    groups.put_scaling_policy(
        AutoScalingGroupName="web", PolicyName="cpu", PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 40.0,
        },
    )  # fmt: skip
    found = asyncio.run(backend.standing(key))
    assert "the AWS scaling policy cpu" == found.owner
    assert found.manifest is not None
    assert 40.0 == found.manifest["TargetTrackingConfiguration"]["TargetValue"]
    with pytest.raises(NotFound):
        asyncio.run(backend.standing(_key(GROUPS, "autoScalingGroup/none", GROUP_DIMENSION)))


def test_only_what_the_file_names_is_written(backend: AwsBackend) -> None:
    narrow = AwsBackend(AwsSettings(act_on=["ecs:service/prod/*"]), backend.calls)
    key = _key("ecs", "service/test/web", "ecs:service:DesiredCount")
    assert not narrow.takes(key)
    with pytest.raises(AccessDenied, match="does not name it"):
        asyncio.run(narrow.scale(key, 2, ""))
