"""moto as the account that is connected: a server that records every request that it is sent, and things to find."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
ACCOUNT = "123456789012"
IMAGE = "ami-12c6146b"


class Recorded:
    """A moto server on a free loopback port; `calls` are the requests that it was sent, as (method, what)."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._record, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.calls: list[tuple[str, str, float]] = []
        self.clock: Callable[[], float] = lambda: 0.0

    def __enter__(self) -> "Recorded":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(30)

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of it."""
        return boto3.client(service, region_name=region, endpoint_url=self.url, **KEYS)

    def _record(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.calls.append((environ["REQUEST_METHOD"], _named(environ), self.clock()))
        try:
            answer: Iterable[bytes] = self._app(environ, start)
        except NotImplementedError as problem:  # moto knows some operations by name only
            start("501 Not Implemented", [("Content-Type", "text/xml")])
            said = f"<Error><Code>NotImplemented</Code><Message>{problem}</Message></Error>"
            return [f"<Response><Errors>{said}</Errors></Response>".encode()]
        return answer


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def _named(environ: dict[str, Any]) -> str:
    """What a request asks for, from its bytes alone: the target, the action, or the path."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target)
    body = b""
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = _Again(body)
    action = parse_qs(body.decode("latin-1")).get("Action") if body[:1] != b"{" else None
    return action[0] if action else str(environ["PATH_INFO"])


class _Again:
    """A body that was read, to be read again."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        part = self._body if size is None or size < 0 else self._body[:size]
        self._body = self._body[len(part) :]
        return part

    def readline(self, size: int = -1) -> bytes:
        return self.read()

    def __iter__(self) -> Iterator[bytes]:
        yield self.read()


def is_read(method: str, named: str) -> bool:
    """Whether a request can only have been a read: by its verb, whatever trimtab calls it."""
    if method in ("GET", "HEAD"):
        return True
    name = named.rpartition(".")[2].rpartition("/")[2]
    return name.startswith(("Describe", "List", "Get", "Lookup", "AssumeRole"))


@contextmanager
def account() -> Iterator[Recorded]:
    """An empty account."""
    with Recorded() as server:
        empty(server)
        yield server


def empty(server: Recorded) -> None:
    """Forget what other tests of this process left in moto's backends."""
    urlopen(Request(f"{server.url}/moto-api/reset", method="POST"), timeout=30).close()
    server.calls.clear()


def machines(server: Recorded, region: str, instances: int, volumes: int) -> list[str]:
    """Instances, each with its own disk, and volumes that none has; the instances' ids."""
    ec2 = server.client("ec2", region)
    tags = [{"Key": "team", "Value": "vision"}, {"Key": "Name", "Value": "worker"}]
    made: list[str] = []
    while len(made) < instances:
        number = min(200, instances - len(made))
        found = ec2.run_instances(
            ImageId=IMAGE,
            InstanceType="g5.xlarge",
            MinCount=number,
            MaxCount=number,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
        made += [one["InstanceId"] for one in found["Instances"]]
    for _ in range(volumes):
        ec2.create_volume(AvailabilityZone=f"{region}a", Size=8, VolumeType="gp3")
    return made


def seed(server: Recorded, region: str, *, instances: int, volumes: int, buckets: int = 0) -> dict[str, int]:
    """Things in a region, and how many of each type there are then."""
    ec2 = server.client("ec2", region)
    made = machines(server, region, instances, volumes)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
    ec2.allocate_address(Domain="vpc")
    ec2.create_nat_gateway(SubnetId=subnets[0])
    balancers = server.client("elbv2", region)
    balancer = balancers.create_load_balancer(Name=f"front-{region}", Subnets=subnets[:2])["LoadBalancers"][0]
    group = balancers.create_target_group(Name=f"api-{region}", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    balancers.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": one} for one in made[:2]])
    balancers.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )
    server.client("rds", region).create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.m5.large", Engine="postgres", AllocatedStorage=20
    )
    role = f"arn:aws:iam::{ACCOUNT}:role/x"
    sagemaker = server.client("sagemaker", region)
    sagemaker.create_notebook_instance(NotebookInstanceName="lab", InstanceType="ml.p3.2xlarge", RoleArn=role)
    sagemaker.create_model(ModelName="llm", ExecutionRoleArn=role, PrimaryContainer={"Image": "x"})
    variant = {"VariantName": "a", "ModelName": "llm", "InitialInstanceCount": 2, "InstanceType": "ml.p3.2xlarge"}
    sagemaker.create_endpoint_config(EndpointConfigName="llm", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="llm", EndpointConfigName="llm", Tags=[{"Key": "team", "Value": "nlp"}])
    server.client("logs", region).create_log_group(logGroupName="/app/api")
    server.client("cloudwatch", region).put_metric_alarm(
        AlarmName="high",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Period=60,
        Statistic="Average",
        Threshold=90,
    )
    s3 = server.client("s3", "us-east-1")
    for number in range(buckets):
        s3.create_bucket(Bucket=f"data-{region}-{number}")
    if buckets:
        s3.create_multipart_upload(Bucket=f"data-{region}-0", Key="big")
    return {
        "ec2:instance": instances,
        "ec2:volume": instances + volumes,  # each instance has its own disk
        "ec2:elastic-ip": 1,
        "ec2:natgateway": 1,
        "elasticloadbalancing:loadbalancer": 1,
        "elasticloadbalancing:targetgroup": 1,
        "rds:db": 1,
        "sagemaker:notebook-instance": 1,
        "sagemaker:endpoint": 1,
        "logs:log-group": 1,
        "cloudwatch:alarm": 1,
        "s3:bucket": buckets,
    }


def put_cpu(server: Recorded, region: str, instance: str, when: Any, values: list[float]) -> None:
    """CPU of an instance, as EC2 itself would publish it."""
    server.client("cloudwatch", region).put_metric_data(
        Namespace="AWS/EC2",
        MetricData=[
            {
                "MetricName": "CPUUtilization",
                "Dimensions": [{"Name": "InstanceId", "Value": instance}],
                "Timestamp": when,
                "Value": value,
                "Unit": "Percent",
            }
            for value in values
        ],
    )
