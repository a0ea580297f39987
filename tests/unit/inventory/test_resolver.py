import pytest

from trimtab.inventory.resolver import UNMATCHED, ResourceRef, parse_arn, resolve
from trimtab.inventory.rules import RULES

ACCOUNT, REGION = "123456789012", "us-east-1"
HERE = f"{ACCOUNT}/{REGION}"

CASES = [
    # OpenTelemetry
    ({"cloud.provider": "aws", "host.id": "i-0123456789abcdef0"}, f"aws/{HERE}/instance/i-0123456789abcdef0"),
    ({"host.id": "i-0123456789abcdef0", "host.name": "web"}, f"aws/{HERE}/instance/i-0123456789abcdef0"),
    ({"cloud.provider": "gcp", "host.id": "8812", "cloud.region": "eu-w1"}, f"gcp/{ACCOUNT}/eu-w1/instance/8812"),
    ({"host.id": "0a1b", "host.name": "node-1"}, f"local/{HERE}/host/node-1"),
    ({"host.id": "0a1b"}, f"local/{HERE}/host/0a1b"),
    ({"host.name": "node-1", "gpu.uuid": "GPU-1"}, f"local/{HERE}/gpu/GPU-1"),
    ({"k8s.namespace.name": "ns", "k8s.pod.name": "p", "host.name": "n"}, f"local/{HERE}/pod/ns/p"),
    ({"k8s.cluster.name": "c", "k8s.namespace.name": "ns", "k8s.pod.name": "p"}, f"local/{HERE}/pod/c/ns/p"),
    ({"k8s.node.name": "n1"}, f"local/{HERE}/node/n1"),
    ({"cloud.provider": "aws", "faas.name": "f", "cloud.account.id": "9"}, f"aws/9/{REGION}/function/f"),
    ({"service.name": "api", "service.namespace": "shop"}, f"local/{HERE}/service/shop/api"),
    ({"service.name": "api", "service.instance.id": "7"}, f"local/{HERE}/service_instance/api/7"),
    # Prometheus
    ({"instance": "10.0.0.5:9100", "job": "node"}, f"local/{HERE}/host/10.0.0.5"),
    ({"instance": "[::1]:9100"}, f"local/{HERE}/host/[::1]"),
    ({"namespace": "ns", "pod": "p", "instance": "x:1"}, f"local/{HERE}/pod/ns/p"),
    ({"namespace": "ns", "pod": "p", "container": "c"}, f"local/{HERE}/container/ns/p/c"),
    ({"UUID": "GPU-1", "Hostname": "h", "gpu": "0", "pod": "p", "namespace": "ns"}, f"local/{HERE}/gpu/GPU-1"),
    ({"hostname": "h", "gpu": "3", "instance": "h:9400"}, f"local/{HERE}/gpu/h/3"),
    ({"job": "batch"}, f"local/{HERE}/service/batch"),
    # CloudWatch
    ({"InstanceId": "i-1", "AutoScalingGroupName": "g"}, f"aws/{HERE}/instance/i-1"),
    ({"AutoScalingGroupName": "g"}, f"aws/{HERE}/auto_scaling_group/g"),
    ({"FunctionName": "f"}, f"aws/{HERE}/function/f"),
    ({"EndpointName": "e", "VariantName": "AllTraffic"}, f"aws/{HERE}/endpoint/e/AllTraffic"),
    ({"ClusterName": "c", "ServiceName": "s"}, f"aws/{HERE}/service/c/s"),
    ({"ClusterName": "c"}, f"aws/{HERE}/cluster/c"),
]


@pytest.mark.parametrize(("attributes", "path"), CASES)
def test_attributes_name_their_resource(attributes: dict[str, str], path: str) -> None:
    assert path == resolve(attributes, ACCOUNT, REGION).path


@pytest.mark.parametrize("attributes", [{}, {"le": "0.5"}, {"uuid": "u"}, {"host.name": ""}])
def test_what_names_nothing_is_unmatched_and_false(attributes: dict[str, str]) -> None:
    ref = resolve(attributes, ACCOUNT, REGION)
    assert UNMATCHED is ref
    assert "" == ref.path
    assert not ref


@pytest.mark.parametrize(
    ("arn", "dimensions"),
    [
        ("arn:aws:ec2:us-east-1:123456789012:instance/i-1", {"InstanceId": "i-1"}),
        ("arn:aws:lambda:us-east-1:123456789012:function:f:PROD", {"FunctionName": "f"}),
        ("arn:aws:sagemaker:us-east-1:123456789012:endpoint/e", {"EndpointName": "e"}),
        ("arn:aws:rds:us-east-1:123456789012:db:d", {"DBInstanceIdentifier": "d"}),
        ("arn:aws:s3:::b/key", {"BucketName": "b"}),
        ("arn:aws:sqs:us-east-1:123456789012:q", {"QueueName": "q"}),
        ("arn:aws:ecs:us-east-1:123456789012:service/c/s", {"ClusterName": "c", "ServiceName": "s"}),
        (
            "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:5f8:autoScalingGroupName/g",
            {"AutoScalingGroupName": "g"},
        ),
        (
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/n/1",
            {"LoadBalancer": "app/n/1"},
        ),
        (
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/n/1",
            {"TargetGroup": "targetgroup/n/1"},
        ),
        (
            "arn:aws:states:us-east-1:123456789012:stateMachine:m",
            {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"},
        ),
    ],
)
def test_an_arn_and_the_dimensions_of_its_resource_are_one_identity(arn: str, dimensions: dict[str, str]) -> None:
    assert resolve({"cloud.resource_id": arn}, ACCOUNT, REGION) == resolve(dimensions, ACCOUNT, REGION)


def test_an_arn_of_a_kind_without_a_rule_keeps_service_and_type() -> None:
    expected = ResourceRef("aws", ACCOUNT, REGION, "glue.job", "etl")
    assert expected == parse_arn(f"arn:aws:glue:{REGION}:{ACCOUNT}:job/etl")


@pytest.mark.parametrize("text", ["", "arn:aws", "arn:aws:ec2:us-east-1:1:", "i-1"])
def test_what_is_no_arn_is_unmatched(text: str) -> None:
    assert UNMATCHED is parse_arn(text)


def test_a_slash_in_an_account_does_not_shift_the_path() -> None:
    assert "local/a_b/r/host/h" == resolve({"host.name": "h"}, "a/b", "r").path


def test_no_rule_is_hidden_by_one_above_it() -> None:
    for at, rule in enumerate(RULES):
        needed = {key for key in rule.keys if key[0] != "?"}
        above = [earlier for earlier in RULES[:at] if {key for key in earlier.keys if key[0] != "?"} <= needed]
        assert [] == above, f"{rule} can never match"
