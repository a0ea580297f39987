"""boto3's sagemaker, sagemaker-runtime and sagemaker-metrics over rooms in memory: what needs no server of its own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError

from boto_in_process import client
from gates import open_gate
from trimtab.access.scope import Scope
from trimtab.actions.registry import Actuators
from trimtab.base.clock import SystemClock
from trimtab.batch.model_pipelines.executions import PipelineExecutions
from trimtab.batch.model_pipelines.registry import ModelRegistry
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker import runtime, service
from trimtab.doors.aws.sagemaker.rooms import MetricRooms, SageMakerRooms
from trimtab.doors.aws.sagemaker.training_metrics import statistic
from trimtab.doors.aws.wire.model import load_model
from trimtab.doors.aws.wire.rest import RestCodec
from trimtab.inference.room import InferenceRoom
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL
from trimtab.metrics.model import Kind, MetricBatch
from trimtab.metrics.read import RawSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.batch import Appended

PLACE = ("123456789012", "us-east-1")


async def _quiet(*_told: Any) -> None:
    """Nobody listens to events here."""


@pytest.fixture
def room(state: State, tmp_path: Path) -> Iterator[InferenceRoom]:
    """The room over a state of its own."""
    yield InferenceRoom.of(state, SystemClock(), tmp_path / "room", *PLACE, open_gate())


@pytest.fixture
def api(room: InferenceRoom, state: State) -> Any:
    """SageMaker's client."""
    nothing: Any = None
    registry = ModelRegistry(room.served, open_gate(), _quiet)
    executions: Any = PipelineExecutions(room.served, SystemClock(), nothing, nothing, registry, _quiet)
    batch: Any = SimpleNamespace(registry=registry, pipelines=executions)
    rooms = SageMakerRooms(room, batch, nothing, Actuators(state, SystemClock()), nothing, nothing)
    return client(service.build(rooms)[0], SystemClock(), "us-east-1")


def test_without_endpoints_or_jobs_lists_are_empty_and_a_stop_says_so(api: Any) -> None:
    assert [] == api.list_endpoints()["Endpoints"]
    assert [] == api.list_inference_recommendations_jobs()["InferenceRecommendationsJobs"]
    with pytest.raises(ClientError) as refused:
        api.stop_inference_recommendations_job(JobName="nobody")
    assert "ResourceNotFound" == refused.value.response["Error"]["Code"]
    with pytest.raises(ClientError, match="NextToken is invalid"):
        api.list_endpoints(NextToken="nonsense")


def test_an_unknown_pipeline_is_named(api: Any) -> None:
    with pytest.raises(api.exceptions.ResourceNotFound, match="pipeline/retrain"):
        api.start_pipeline_execution(PipelineName="retrain", ClientRequestToken="a" * 32)


def _model(request: httpx.Request) -> httpx.Response:
    return httpx.Response(500 if request.content == b"fail" else 200, content=request.content.upper())


def test_a_streamed_answer_comes_through_byte_for_byte(room: InferenceRoom) -> None:
    async def registered() -> None:
        model = {"PrimaryContainer": {"Environment": {"TRIMTAB_URL": "http://127.0.0.1:9/x"}}}
        await room.served.create(PLACE, MODEL, "m", model, "InService")
        config = {"ProductionVariants": [{"VariantName": "A", "ModelName": "m"}]}
        await room.served.create(PLACE, CONFIG, "c", config, "InService")
        await room.served.create(PLACE, ENDPOINT, "e", {"EndpointConfigName": "c"}, "InService")

    nothing: Any = None
    rooms = SageMakerRooms(room, nothing, nothing, nothing, nothing, nothing)
    here: Any = SimpleNamespace(account=PLACE[0], region=PLACE[1])
    model = load_model("sagemaker-runtime")
    codec = RestCodec(model, model.operation("InvokeEndpointWithResponseStream"))

    async def streamed(body: bytes) -> tuple[dict[bytes, bytes], bytes]:
        asked = {"EndpointName": "e", "Body": body}
        answer = codec.write(await runtime.invoke_endpoint_with_response_stream(rooms, asked, here), "id")
        assert answer.stream is not None
        return dict(answer.headers), b"".join([part async for part in answer.stream])

    async def run() -> tuple[dict[bytes, bytes], bytes]:
        await registered()
        room.invoker._client = httpx.AsyncClient(transport=httpx.MockTransport(_model))
        try:
            with pytest.raises(AwsError, match="Received error \\(500\\)"):
                await streamed(b"fail")
            return await streamed(b"\x00one")
        finally:
            await room.invoker.close()

    headers, told = asyncio.run(run())
    assert b"A" == {name.lower(): value for name, value in headers.items()}[b"x-amzn-invoked-production-variant"]
    buffer = EventStreamBuffer()
    buffer.add_data(told)
    assert [("PayloadPart", b"\x00ONE")] == [(one.headers[":event-type"], one.payload) for one in buffer]


class Kept:
    """Metrics in memory: what a door writes and reads."""

    def __init__(self) -> None:
        self.registry = SeriesRegistry(None, SystemClock())  # type: ignore[arg-type]  # `load` is never called
        self.rows: list[tuple[int, int, float]] = []

    async def write(self, batch: MetricBatch, key: str | None = None) -> Appended:
        self.rows += batch.samples.tolist()
        return Appended(len(self.rows), False)

    async def fresh(self, timeout_s: float = 1.0) -> bool:
        return True

    async def raw(self, scope: Scope, series_id: int, start_ms: int, end_ms: int) -> RawSeries:
        found = sorted(
            (at, value) for series, at, value in self.rows if series == series_id and start_ms <= at < end_ms
        )
        times, values = (np.array([one[place] for one in found]) for place in (0, 1))
        return RawSeries(Kind.GAUGE, times.astype(np.int64), values.astype(np.float64), np.ones(len(found)))

    def accepted(self, *_told: Any) -> None:
        pass


def test_metrics_of_training_are_read_back_by_step_and_by_time(room: InferenceRoom) -> None:
    kept: Any = Kept()
    nothing: Any = None
    metrics = MetricRooms(kept.registry, kept, kept, kept, SystemClock())
    built = service.build(SageMakerRooms(room, nothing, metrics, nothing, nothing, nothing))[2]
    api = client(built, SystemClock(), "us-east-1")
    now = SystemClock().now_ms() // 300_000 * 300 - 600
    data = [
        {"MetricName": "loss", "Timestamp": now + 20 * step, "Step": step, "Value": 4.0 / (step + 1)}
        for step in range(4)
    ]
    assert not api.batch_put_metrics(TrialComponentName="run-1", MetricData=data).get("Errors")
    old = {"MetricName": "loss", "Timestamp": now - 40 * 86_400, "Value": 1.0}
    [refused] = api.batch_put_metrics(TrialComponentName="run-1", MetricData=[old])["Errors"]
    assert ("VALIDATION_ERROR", 0) == (refused["Code"], refused["MetricIndex"])
    arn = "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-1"
    steps = {"MetricName": "loss", "ResourceArn": arn, "MetricStat": "Last", "Period": "IterationNumber",
             "XAxisType": "IterationNumber"}  # fmt: skip
    times = {**steps, "MetricStat": "Avg", "Period": "FiveMinute", "XAxisType": "Timestamp"}
    by_step, by_time, wrong, other = api.batch_get_metrics(
        MetricQueries=[steps, times, {**steps, "Period": "OneHour"}, {**steps, "MetricName": "accuracy"}]
    )["MetricQueryResults"]
    assert ("Complete", [0, 1, 2, 3]) == (by_step["Status"], by_step["XAxisValues"])
    assert by_step["MetricValues"] == pytest.approx([4.0, 2.0, 4 / 3, 1.0])
    assert by_time["MetricValues"] == pytest.approx([(4 + 2 + 4 / 3 + 1) / 4])
    assert ["ValidationError", "Complete"] == [wrong["Status"], other["Status"]]
    assert [] == other["XAxisValues"]


def test_statistics_are_of_each_place_of_the_axis() -> None:
    axis, values = np.array([2, 1, 2, 2]), np.array([5.0, 1.0, 1.0, 3.0])
    assert ([1, 2], [1.0, 3.0]) == statistic(axis, values, "Last")
    assert ([1, 2], [1.0, 3.0]) == statistic(axis, values, "Count")
    assert ([1, 2], [1.0, 5.0]) == statistic(axis, values, "Max")
    assert ([], []) == statistic(np.empty(0, np.int64), np.empty(0), "Avg")


def test_a_package_is_described_whatever_token_its_client_sent(api: Any) -> None:
    made = api.create_model_package(ModelPackageName="kept", ClientToken="once")
    assert made["ModelPackageArn"] == api.describe_model_package(ModelPackageName="kept")["ModelPackageArn"]


def test_serverless_memory_is_one_of_six(api: Any) -> None:
    api.create_model(
        ModelName="m", PrimaryContainer={"Image": "i"}, ExecutionRoleArn="arn:aws:iam::123456789012:role/r"
    )

    def create(memory: int) -> None:
        variant = {
            "VariantName": "v",
            "ModelName": "m",
            "ServerlessConfig": {"MemorySizeInMB": memory, "MaxConcurrency": 2},
        }
        api.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])

    with pytest.raises(
        ClientError, match=r"'1111' at 'productionVariants\.1\.member\.serverlessConfig\.memorySizeInMB'"
    ):
        create(1111)
    create(1024)
