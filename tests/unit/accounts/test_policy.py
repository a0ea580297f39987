"""The policy and the guard are made of the same list, and nothing on it changes anything."""

import threading
from decimal import Decimal

import botocore.session
import pytest

from trimtab.accounts.describe.every import SOURCES
from trimtab.accounts.metrics_wanted import cost_of, series_of
from trimtab.accounts.policy import allowed, is_read, policy
from trimtab.base.clock import ManualClock
from trimtab.base.errors import AccessDenied
from trimtab.cloud.call_costs import Meter, cost
from trimtab.cloud.call_limits import Limit, Pace
from trimtab.cloud.reading import Access, CloudReader
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource


def test_every_operation_on_the_list_is_a_read_and_one_that_botocore_knows() -> None:

    session = botocore.session.get_session()
    known = {service: set(session.get_service_model(service).operation_names) for service in {s for s, _ in allowed()}}
    assert [] == [one for one in allowed() if not is_read(one) or one[1] not in known[one[0]]]


def test_the_policy_allows_what_the_list_has_and_no_wildcard() -> None:
    (statement,) = policy()["Statement"]
    actions = statement["Action"]
    assert ("Allow", "*") == (statement["Effect"], statement["Resource"])
    assert {"ec2:DescribeInstances", "s3:ListAllMyBuckets", "elasticloadbalancing:DescribeTags"} < set(actions)
    assert [] == [one for one in actions if "*" in one]
    verbs = {one.split(":")[1][:4] for one in actions}
    assert {"Desc", "List", "Get", "Look"} >= {"Get" if verb.startswith("Get") else verb for verb in verbs}


def test_types_of_sources_are_told_by_one_source_each() -> None:
    types = [one for source in SOURCES for one in source.resource_types]
    assert sorted(set(types)) == sorted(types)


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("ec2", "TerminateInstances", {"InstanceIds": ["i-12345678"]}),
        ("s3", "DeleteBucket", {"Bucket": "data"}),
        ("iam", "CreateUser", {"UserName": "x"}),
        ("ec2", "GetPasswordData", {"InstanceId": "i-12345678"}),  # a read, and none that is needed
    ],
)
def test_what_is_not_on_the_list_is_never_sent(service: str, operation: str, asked: dict[str, object]) -> None:
    meter = Meter()
    pace = Pace(ManualClock(), lambda seconds: None)
    reader = CloudReader(Access(endpoint="http://127.0.0.1:1"), allowed(), pace, meter)
    with pytest.raises(AccessDenied, match=f"trimtab only reads AWS: {service}:{operation} .* was not sent"):
        reader.call(service, "us-east-1", operation, **asked)
    reader.close()
    assert {} == meter.take()


def test_calls_wait_for_their_turn_by_account_region_and_service() -> None:
    clock, waits = ManualClock(), list[float]()

    def wait(seconds: float) -> None:
        waits.append(round(seconds, 3))
        clock.advance(seconds)

    pace = Pace(clock, wait, {"cloudtrail": Limit(2.0, 2)})
    for _ in range(6):
        pace.take("1", "us-east-1", "cloudtrail")
    pace.take("2", "us-east-1", "cloudtrail")
    pace.take("1", "eu-west-1", "cloudtrail")
    assert [0.5, 0.5, 0.5, 0.5] == waits
    clock.advance(60)
    assert [0, 0, 0.5] == [pace.take("1", "us-east-1", "cloudtrail") for _ in range(3)]


def test_threads_share_a_bucket() -> None:
    clock, waits, lock = ManualClock(), list[float](), threading.Lock()

    def wait(seconds: float) -> None:
        with lock:
            waits.append(seconds)

    pace = Pace(clock, wait, {"ec2": Limit(10.0, 1)})
    threads = [threading.Thread(target=pace.take, args=("1", "r", "ec2")) for _ in range(5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert pytest.approx([0.1, 0.2, 0.3, 0.4]) == sorted(waits)


def test_only_what_is_charged_costs() -> None:
    assert Decimal("0.00500") == cost("cloudwatch", "GetMetricData", {"MetricDataQueries": [{}] * 500})
    assert (Decimal(0), Decimal("0.000005")) == (cost("ec2", "DescribeInstances", {}), cost("s3", "ListBuckets", {}))


def test_metrics_are_those_of_what_runs_and_their_cost_is_known_before() -> None:
    def thing(arn: str, type_: str = "", **facts: object) -> Resource:
        return Resource(parse_arn(arn), "n", type=type_, arn=arn, attributes=facts)

    at = "us-east-1:111122223333"
    things = [
        thing(f"arn:aws:ec2:{at}:instance/i-1", State="running"),
        thing(f"arn:aws:ec2:{at}:instance/i-2", State="stopped"),
        thing(f"arn:aws:ec2:{at}:volume/vol-1", Attachments=[{"InstanceId": "i-1"}]),
        thing(f"arn:aws:ec2:{at}:volume/vol-2", Attachments=[]),
        thing(f"arn:aws:elasticloadbalancing:{at}:loadbalancer/app/front/1", "application"),
        thing(f"arn:aws:elasticloadbalancing:{at}:loadbalancer/old", "classic"),
    ]
    series = series_of(things)
    told = [(one.wanted.metric, *one.dimensions.items()) for one in series]
    assert [
        ("RequestCount", ("LoadBalancer", "app/front/1")),
        ("VolumeReadBytes", ("VolumeId", "vol-1")),
        ("VolumeReadOps", ("VolumeId", "vol-1")),
        ("VolumeWriteBytes", ("VolumeId", "vol-1")),
        ("VolumeWriteOps", ("VolumeId", "vol-1")),
        ("CPUUtilization", ("InstanceId", "i-1")),
        ("EBSReadBytes", ("InstanceId", "i-1")),
        ("EBSReadOps", ("InstanceId", "i-1")),
        ("EBSWriteBytes", ("InstanceId", "i-1")),
        ("EBSWriteOps", ("InstanceId", "i-1")),
        ("NetworkIn", ("InstanceId", "i-1")),
        ("NetworkOut", ("InstanceId", "i-1")),
        ("RequestCount", ("LoadBalancerName", "old")),
    ] == told
    assert Decimal("0.00014") == cost_of(series)  # CPU by two statistics
