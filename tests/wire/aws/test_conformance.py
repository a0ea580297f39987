"""Every resource of AWS's doors through its life, and every operation asked for what is not there, by boto3."""

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
import jmespath
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import every_operation
from example_requests import example
from live_server import LiveServer
from resource_kinds import learning, money, signals
from resource_kinds.kind import Call, Kind
from trimtab.doors.aws.service import Service

pytestmark = pytest.mark.wire
SAMPLE = {
    "cloudwatch-alarm",
    "logs-group",
    "events-rule",
    "sns-topic",
    "lambda-function",
    "cloudtrail-trail",
    "ce-category",
}
"""Lives that `make test` tries; the others are those of `make test-all`."""
KINDS = (*signals.KINDS, *money.KINDS, *learning.KINDS)
LIVES = [pytest.param(kind, id=kind.id, marks=() if kind.id in SAMPLE else pytest.mark.slow) for kind in KINDS]
FURTHER = {"ValidationException", "ValidationError", "AccessDenied", "AccessDeniedException"}
"""Codes of every service, which no model names."""
UNMODELLED = {
    "ec2": {"DryRunOperation", "InsufficientInstanceCapacity", "InvalidCapacityBlockId.NotFound",
            "InvalidCapacityReservationId.NotFound", "InvalidID"},
}  # fmt: skip
"""Codes of services whose models name none, as their guides have them."""
TAG = ("TagResource", "AddTags"), ("ListTagsForResource", "ListTags"), ("UntagResource", "DeleteTags", "RemoveTags")


class Caller:
    """Calls operations by AWS's names, over clients that are made once."""

    def __init__(self, url: str, region: str = "us-east-1", **keys: str) -> None:
        self._url, self._region = url, region
        self._keys = keys or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        config = Config(retries={"max_attempts": 0}, inject_host_prefix=False)
        return boto3.client(service, endpoint_url=self._url, region_name=self._region, config=config, **self._keys)

    def __call__(self, service: str, operation: str, request: Mapping[str, Any]) -> Any:
        client = self.client(service)
        names = {one: method for method, one in client.meta.method_to_api_mapping.items()}
        return getattr(client, names[operation])(**request)


@pytest.fixture(scope="module")
def call(server: LiveServer) -> Caller:
    return Caller(server.url)


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """A request with the names in their places."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, Mapping):
        return {key: filled(one, names) for key, one in value.items()}
    return [filled(one, names) for one in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def stranger(server: LiveServer) -> Caller:
    """Calls in an account of its own, in which there is nothing."""
    role = {"RoleArn": "arn:aws:iam::999911112222:role/conformance", "RoleSessionName": "conformance"}
    given = Caller(server.url)("sts", "AssumeRole", role)["Credentials"]
    return Caller(
        server.url,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


class Life:
    """One resource of a kind under one name."""

    def __init__(self, call: Caller, kind: Kind) -> None:
        self.call, self.kind = call, kind
        name = f"life{uuid.uuid4().hex[:10]}"
        self.names = {"n": name, "p": f"{name}p", "arn": f"{name}-none"}

    def do(self, asked: Call, **more: Any) -> Any:
        """Call an operation of the kind's service."""
        return self.call(self.kind.service, asked[0], {**filled(asked[1], self.names), **more})

    def made(self, **more: Any) -> None:
        """Make it; its ARN is told by the answer, or by reading it."""
        answer = self.do(self.kind.create, **more)
        if self.kind.arn:
            path = filled(self.kind.arn, self.names)
            self.names["arn"] = jmespath.search(path, answer) or jmespath.search(path, self.do(self.kind.read[:2]))
            assert self.names["arn"]

    def there(self) -> bool:
        """Whether it is, as reading and listing it agree; one that is not is told by the code of its kind."""
        try:
            found = bool(jmespath.search(filled(self.kind.read[2], self.names), self.do(self.kind.read[:2])))
        except ClientError as problem:
            found = False
            assert (self.kind.absent, "error") == (problem.response["Error"]["Code"], "error")
        else:
            assert found or not self.kind.absent
        if self.kind.listed:
            listed = jmespath.search(self.kind.listed[2], self.do(self.kind.listed[:2]))
            assert found == any(one in listed for one in (self.names["n"], self.names["arn"]))
        return found

    def tags(self) -> dict[str, str]:
        """Its tags, by its service's own operation."""
        operation, members = self._tagging(TAG[1])
        answer = self.call(self.kind.service, operation, {members[0]: self._ids(operation, members[0])})
        held = jmespath.search("Tags || tags || ResourceTags || ResourceTagList[0].TagsList", answer) or []
        return dict(held) if isinstance(held, dict) else {one["Key"]: one["Value"] for one in held}

    def _ids(self, operation: str, member: str) -> Any:
        shape = self.call.client(self.kind.service).meta.service_model.operation_model(operation).input_shape
        return [self.names["arn"]] if shape.members[member].type_name == "list" else self.names["arn"]

    def tag(self, put: Mapping[str, str]) -> None:
        """Set tags."""
        operation, (thing, held) = self._tagging(TAG[0])
        self.call(self.kind.service, operation, {thing: self.names["arn"], held: self.written(operation, held, put)})

    def untag(self, key: str) -> None:
        """Take a tag off."""
        operation, (thing, held) = self._tagging(TAG[2])
        shape = self.call.client(self.kind.service).meta.service_model.operation_model(operation).input_shape
        keys: list[Any] = [key] if shape.members[held].member.type_name == "string" else [{"Key": key}]
        self.call(self.kind.service, operation, {thing: self.names["arn"], held: keys})

    def written(self, operation: str, member: str, tags: Mapping[str, str]) -> Any:
        """Tags as an operation takes them."""
        shape = self.call.client(self.kind.service).meta.service_model.operation_model(operation).input_shape
        if shape.members[member].type_name == "map":
            return dict(tags)
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def _tagging(self, names: tuple[str, ...]) -> tuple[str, list[str]]:
        model = self.call.client(self.kind.service).meta.service_model
        operation = next(one for one in names if one in model.operation_names)
        return operation, list(model.operation_model(operation).input_shape.required_members)


@pytest.mark.parametrize("kind", LIVES)
def test_a_resource_is_made_read_tagged_changed_deleted_and_made_again(call: Caller, kind: Kind) -> None:
    life = Life(call, kind)
    if kind.first:
        service, operation, request = kind.first
        call(service, operation, filled(request, life.names))
    if "{arn}" not in str(kind.read[1]):
        assert not life.there()
    tags = {kind.tags: life.written(kind.create[0], kind.tags, {"team": "a"})} if kind.tags else {}
    life.made(**tags)
    assert life.there()
    if kind.tags:
        assert life.tags() == {"team": "a"}
        life.tag({"stage": "b"})
        life.untag("team")
        assert life.tags() == {"stage": "b"}
        tagging = call(
            "resourcegroupstaggingapi", "GetResources", {"TagFilters": [{"Key": "stage"}], "ResourcesPerPage": 100}
        )
        assert life.names["arn"] in [one["ResourceARN"] for one in tagging["ResourceTagMappingList"]]
        put = {"ResourceARNList": [life.names["arn"]], "Tags": {"by": "tagging"}}
        assert call("resourcegroupstaggingapi", "TagResources", put)["FailedResourcesMap"] == {}
        assert life.tags() == {"stage": "b", "by": "tagging"}
    if kind.update:
        life.do(kind.update)
        assert life.there()
    life.do(kind.delete)
    assert not life.there()
    _again_is_an_error(life)
    life.made()
    assert life.there()
    if kind.tags:
        assert life.tags() == {}
    life.do(kind.delete)


def _again_is_an_error(life: Life) -> None:
    """Deleting what is gone is an error of the service, where it is one."""
    try:
        life.do(life.kind.delete)
    except ClientError as problem:
        assert life.kind.regone, problem
    else:
        assert not life.kind.regone


OTHER_PARTITIONS = ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")


@pytest.mark.parametrize(("region", "partition"), OTHER_PARTITIONS)
@pytest.mark.parametrize("id_", ["cloudwatch-alarm", "sns-topic", "logs-group"])
def test_what_is_made_in_a_region_has_an_arn_of_its_partition(
    server: LiveServer, region: str, partition: str, id_: str
) -> None:
    kind = next(one for one in KINDS if one.id == id_)
    life = Life(Caller(server.url, region), kind)
    life.made(**{kind.tags: life.written(kind.create[0], kind.tags, {"team": "a"})})
    assert life.names["arn"].startswith(f"arn:{partition}:{'cloudwatch' if 'alarm' in id_ else kind.service}:{region}:")
    assert life.tags() == {"team": "a"}
    life.do(kind.delete)


def test_a_cost_category_has_an_arn_of_the_callers_partition(server: LiveServer) -> None:
    china = Caller(server.url, "cn-north-1").client("ce")
    name = f"life{uuid.uuid4().hex[:10]}"
    rule = {"Value": "x", "Rule": {"Dimensions": {"Key": "SERVICE", "Values": ["a"]}}}
    made = {"Name": name, "RuleVersion": "CostCategoryExpression.v1", "Rules": [rule]}
    arn = china.create_cost_category_definition(**made, ResourceTags=[{"Key": "team", "Value": "a"}])["CostCategoryArn"]
    assert arn.startswith("arn:aws-cn:ce::")
    assert arn in [one["CostCategoryArn"] for one in china.list_cost_category_definitions()["CostCategoryReferences"]]
    assert [{"Key": "team", "Value": "a"}] == china.list_tags_for_resource(ResourceArn=arn)["ResourceTags"]
    china.delete_cost_category_definition(CostCategoryArn=arn)
    with pytest.raises(ClientError, match=f"No Cost Categories found with ID {arn.rpartition('/')[2]}"):
        china.describe_cost_category_definition(CostCategoryArn=arn)
    assert arn == china.create_cost_category_definition(**made)["CostCategoryArn"]
    assert [] == china.list_tags_for_resource(ResourceArn=arn)["ResourceTags"]
    china.delete_cost_category_definition(CostCategoryArn=arn)


def test_a_dashboard_has_an_arn_of_the_callers_partition(server: LiveServer) -> None:
    china = Caller(server.url, "cn-north-1").client("cloudwatch")
    name = {"DashboardName": f"life{uuid.uuid4().hex[:10]}"}
    china.put_dashboard(**name, DashboardBody='{"widgets": []}', Tags=[{"Key": "team", "Value": "a"}])
    arn = china.get_dashboard(**name)["DashboardArn"]
    assert arn.startswith("arn:aws-cn:cloudwatch::")
    assert arn in [one["DashboardArn"] for one in china.list_dashboards()["DashboardEntries"]]
    assert [{"Key": "team", "Value": "a"}] == china.list_tags_for_resource(ResourceARN=arn)["Tags"]
    for _ in range(2):
        china.delete_dashboards(DashboardNames=[name["DashboardName"]])
        china.put_dashboard(**name, DashboardBody='{"widgets": []}')
        assert [] == china.list_tags_for_resource(ResourceARN=arn)["Tags"]
    china.delete_dashboards(DashboardNames=[name["DashboardName"]])


SERVED = [pytest.param(service, id=service.model.name) for service in every_operation.aws()]


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["needed", "every"])
@pytest.mark.parametrize("service", SERVED)
def test_what_is_not_there_is_told_by_a_code_of_the_service(stranger: Caller, service: Service, every: bool) -> None:
    model = stranger.client(service.model.name).meta.service_model
    codes = {code for shape in model.error_shapes for code in (shape.name, shape.error_code)}
    codes |= UNMODELLED.get(service.model.name, set())
    wrong = []
    for name in sorted(service.operations):
        operation = model.operation_model(name)
        if operation.has_event_stream_output:
            continue
        request = example(operation.input_shape, every=every) if operation.input_shape else {}
        request.pop("EndpointId", None)  # of global endpoints, which botocore signs with a library of its own
        try:
            stranger(service.model.name, name, request)
        except ClientError as problem:
            code, status = problem.response["Error"]["Code"], problem.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500 or code not in codes | FURTHER | {service.invalid_code}:
                wrong.append(f"{name}: {status} {code}")
    assert wrong == []
