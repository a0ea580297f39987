"""boto3's SageMaker against a live server: endpoints that are invoked, transform jobs, recommendation jobs."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client import batch_wire, sizing_wire
from trimtab.client import load_tests_wire as wire
from trimtab.client.api import Client
from trimtab.client.batch import BatchJobs
from trimtab.client.load_tests import LoadTests
from trimtab.client.scaling_engine import ScalingEngine
from trimtab.client.sizing import Sizing

pytestmark = pytest.mark.wire
ROLE = "arn:aws:iam::123456789012:role/serve"


class _Model(http.server.BaseHTTPRequestHandler):
    """Answers with the length of each line; a body `fail` is refused."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 500 if body == b"fail" else 200
        answer = b"\n".join(b'{"n":%d}' % len(line) for line in body.split(b"\n"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Content-Type", "application/jsonlines")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Model) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}/invocations"
        served.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def clients(server: LiveServer) -> tuple[Any, Any]:
    made = {"endpoint_url": server.url, "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("sagemaker", **made, **keys), boto3.client("sagemaker-runtime", **made, **keys)


def _model(client: Any, name: str, url: str) -> None:
    container = {"Image": "mine", "Environment": {"TRIMTAB_URL": url, "TRIMTAB_URL_ml_m5_large": url}}
    client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)


def test_an_endpoint_is_invoked_where_its_model_listens(clients: tuple[Any, Any], model_url: str) -> None:
    client, runtime = clients
    _model(client, "wire-model", model_url)
    variant = {"VariantName": "A", "ModelName": "wire-model", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    client.create_endpoint_config(EndpointConfigName="wire-config", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="wire-endpoint", EndpointConfigName="wire-config")
    client.update_endpoint_weights_and_capacities(
        EndpointName="wire-endpoint", DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": 3}]
    )
    described = client.describe_endpoint(EndpointName="wire-endpoint")
    assert ("InService", 3) == (described["EndpointStatus"], described["ProductionVariants"][0]["CurrentInstanceCount"])
    answer = runtime.invoke_endpoint(EndpointName="wire-endpoint", Body=b"hello", ContentType="text/csv")
    assert (b'{"n":5}', "A") == (answer["Body"].read(), answer["InvokedProductionVariant"])
    with pytest.raises(runtime.exceptions.ModelError, match="Received error \\(500\\)"):
        runtime.invoke_endpoint(EndpointName="wire-endpoint", Body=b"fail")
    with pytest.raises(runtime.exceptions.ValidationError, match="not found"):
        runtime.invoke_endpoint(EndpointName="wire-nothing", Body=b"x")
    client.add_tags(ResourceArn=described["EndpointArn"], Tags=[{"Key": "team", "Value": "ml"}])
    assert [{"Key": "team", "Value": "ml"}] == client.list_tags(ResourceArn=described["EndpointArn"])["Tags"]
    client.delete_endpoint(EndpointName="wire-endpoint")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        client.describe_endpoint(EndpointName="wire-endpoint")


def test_a_model_may_not_listen_where_a_cloud_keeps_its_credentials(clients: tuple[Any, Any]) -> None:
    with pytest.raises(ClientError, match="metadata"):
        _model(clients[0], "wire-bad", "http://169.254.169.254/latest")


def test_a_transform_job_that_cannot_be_says_why(clients: tuple[Any, Any], model_url: str) -> None:
    client, _ = clients
    _model(client, "wire-transform", model_url)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://nowhere/in"}}
    form: dict[str, Any] = {
        "ModelName": "wire-transform",
        "TransformInput": {"DataSource": source, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://nowhere/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    with pytest.raises(ClientError, match="MaxConcurrentTransforms"):
        client.create_transform_job(TransformJobName="wire-t", MaxPayloadInMB=60, MaxConcurrentTransforms=2, **form)
    with pytest.raises(ClientError, match="from"):
        client.create_transform_job(TransformJobName="wire-t", DataProcessing={"InputFilter": "$..a"}, **form)
    client.create_transform_job(TransformJobName="wire-t", **form)
    with pytest.raises(client.exceptions.ResourceInUse):
        client.create_transform_job(TransformJobName="wire-t", **form)
    client.stop_transform_job(TransformJobName="wire-t")
    found = _until(lambda: client.describe_transform_job(TransformJobName="wire-t"), "TransformJobStatus", "Stopping")
    assert found["TransformJobStatus"] in ("Stopped", "Failed")
    assert "wire-t" in {one["TransformJobName"] for one in client.list_transform_jobs()["TransformJobSummaries"]}


def test_a_job_recommends_from_tests_that_were_recorded(clients: tuple[Any, Any], server: LiveServer) -> None:
    client, _ = clients
    client.create_model(ModelName="wire-tested", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "mine"})
    with Client(server.url) as rest:
        for type_, rate in (("ml.g5.xlarge", 200.0), ("ml.g5.12xlarge", 400.0)):
            LoadTests(rest).record(_test("wire-tested", type_, rate))
        kept = LoadTests(rest).listed("wire-tested")
        assert 2 == len(kept)
        assert kept[0] == LoadTests(rest).get(kept[0].id)
    types = ("ml.g5.12xlarge", "ml.g5.xlarge", "ml.m5.large")
    asked = {"ModelName": "wire-tested", "EndpointConfigurations": [{"InstanceType": one} for one in types]}
    client.create_inference_recommendations_job(JobName="wire-job", JobType="Advanced", RoleArn=ROLE, InputConfig=asked)
    found = _until(lambda: client.describe_inference_recommendations_job(JobName="wire-job"), "Status", "PENDING")
    assert "COMPLETED" == found["Status"]
    made = found["InferenceRecommendations"]
    assert ["ml.g5.xlarge", "ml.g5.12xlarge"] == [one["EndpointConfiguration"]["InstanceType"] for one in made]
    metrics = made[0]["Metrics"]
    assert 12_000 == metrics["MaxInvocations"]
    assert metrics["CostPerInference"] == pytest.approx(metrics["CostPerHour"] / (60 * 12_000), rel=0.01)
    steps = client.list_inference_recommendations_job_steps(JobName="wire-job")["Steps"]
    assert ["COMPLETED", "COMPLETED", "FAILED"] == [one["Status"] for one in steps]
    scaling = client.get_scaling_configuration_recommendation(
        InferenceRecommendationsJobName="wire-job", ScalingPolicyObjective={"MaxInvocationsPerMinute": 60_000}
    )
    assert (6000, 10) == (
        scaling["Metric"]["InvocationsPerInstance"],
        scaling["DynamicScalingConfiguration"]["MaxCapacity"],
    )


def test_a_stream_comes_through_and_asynchronous_needs_a_place_for_answers(
    clients: tuple[Any, Any], model_url: str
) -> None:
    client, runtime = clients
    _model(client, "wire-streaming", model_url)
    variant = {"VariantName": "A", "ModelName": "wire-streaming", "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName="wire-streaming", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="wire-streaming", EndpointConfigName="wire-streaming")
    asked = {"EndpointName": "wire-streaming", "ContentType": "text/plain"}
    answer = runtime.invoke_endpoint_with_response_stream(Body=b"hello\nyou", **asked)
    assert ("A", "application/jsonlines") == (answer["InvokedProductionVariant"], answer["ContentType"])
    assert b'{"n":5}\n{"n":3}' == b"".join(one["PayloadPart"]["Bytes"] for one in answer["Body"])
    with pytest.raises(runtime.exceptions.ModelError, match="Received error \\(500\\)"):
        runtime.invoke_endpoint_with_response_stream(Body=b"fail", **asked)
    with pytest.raises(runtime.exceptions.ValidationError, match="not an asynchronous endpoint"):
        runtime.invoke_endpoint_async(InputLocation="s3://bucket/key", **asked)
    output = {"OutputConfig": {"S3OutputPath": "s3://answers/out"}}
    client.create_endpoint_config(
        EndpointConfigName="wire-async", ProductionVariants=[variant], AsyncInferenceConfig=output
    )
    client.update_endpoint(EndpointName="wire-streaming", EndpointConfigName="wire-async")
    taken = runtime.invoke_endpoint_async(InputLocation="s3://bucket/key", InferenceId="one", **asked)
    assert ("one", "s3://answers/out/one.out") == (taken["InferenceId"], taken["OutputLocation"])


def test_a_sizing_becomes_an_endpoints_policy(server: LiveServer) -> None:
    with Client(server.url) as rest:
        for type_, rate in (("g5.xlarge", 200.0), ("g5.12xlarge", 400.0)):
            LoadTests(rest).record(_test("wire-sized", type_, rate))
        sizing = Sizing(rest)
        [small, large] = sizing.sized("wire-sized", peak=1000.0)
        assert [("g5.xlarge", 8), ("g5.12xlarge", 4)] == [(one.instance_type, one.count) for one in (small, large)]
        policy = sizing_wire.Policy(small.instance_type, small.count, small.target_per_min, small.test_id)
        made = sizing.choose("wire-sized", policy)
        assert [made] == [one for one in sizing.policies() if one.endpoint == "wire-sized"]
        [target] = [one for one in ScalingEngine(rest).listed() if one.id in made.targets]
        assert ("observe", "endpoint/wire-sized/variant/AllTraffic", 8) == (target.mode, target.resource, target.most)
        assert any(one.estimate for one in sizing.sized("wire-sized", estimated=True))
        sizing.forget("wire-sized")
        with pytest.raises(NotFound, match="there is no endpoint"):
            sizing.order(sizing_wire.Ask("nobody", 50.0))


def test_a_batch_job_reports_is_planned_and_placed(server: LiveServer) -> None:
    began_ms = int(time.time() * 1000) - 600_000
    report = batch_wire.Report(
        "wire-batch-1", "wire-batch", "InProgress", began_ms, instance_type="c7i.xlarge", bytes_total=1000,
        bytes_done=100, records=6000, records_per_s=10.0, seconds=600.0, eta_s=5400.0,
        deadline_ms=began_ms + 36_000_000,
    )  # fmt: skip
    with Client(server.url) as rest:
        jobs = BatchJobs(rest)
        assert "InProgress" == jobs.report(report).report.status
        kept = jobs.get("wire-batch-1")
        assert (report, "USD", False) == (kept.report, kept.currency, kept.stale)
        assert [kept] == jobs.listed("wire-batch", "InProgress")
        plan = jobs.plan(batch_wire.AskPlan(records=1e6, name="wire-batch", deadline_h=10.0))
        assert plan.chosen is not None
        assert ("c7i.xlarge", 3) == (plan.chosen.type, plan.chosen.count)
        assert "measured by 1 recorded job" in plan.words
        spot = jobs.placement("wire-batch-1", on="wait", up_h=1.0, rule="uniform progress")
        assert "spot" == spot.on
        gone = jobs.placement("wire-batch-1", on="spot", up_h=0.0, rule="uniform progress")
        assert ("wait", True) == (gone.on, gone.slack_h > 8)
        with pytest.raises(InvalidInput):
            jobs.plan(batch_wire.AskPlan(records=1.0, name="no such job"))
        assert "wire-batch-1" == jobs.delete("wire-batch-1").removed
        with pytest.raises(NotFound):
            jobs.get("wire-batch-1")


def _test(name: str, type_: str, rate: float) -> wire.LoadTest:
    one = wire.Interval(rate, rate, rate)
    level = wire.Level(rate, rate, rate, 1.0, 1.0, 100, 0.0, "meets", wire.Interval(1, 1, 1), {"mean": one, "p99": one})
    over = wire.Overhead(30.0, 0.1, 0.1, False)
    return wire.LoadTest(name, "http://m", "http", "capacity", 1, 60, 50, 0.99, [level], over, one, instance_type=type_)


def _until(read: Callable[[], Any], key: str, not_: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = read()
        if found[key] not in (not_, "IN_PROGRESS", "InProgress"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{key} stayed {json.dumps(found[key])}")
