"""The service over a real channel on loopback, in this process."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from made_certificates import certificate
from trimtab.access.keys import KeyStore
from trimtab.access.principal import Role
from trimtab.access.refusals import Refusals
from trimtab.base.errors import DiskFull, SetupError, Throttled
from trimtab.doors.guard import Guard, Policy
from trimtab.doors.otlp.body import LIMIT
from trimtab.doors.otlp.grpc import METRICS, ExportService, TlsFiles, serving
from trimtab.doors.otlp.intake import Intake
from trimtab.store.state.database import State

Use = Callable[[grpc.aio.Channel], Awaitable[Any]]


@pytest.fixture
def call(door: Any, state: State) -> Callable[..., Any]:
    """Serves, opens a channel, and gives what `use` makes of it."""

    def run(use: Use, auth: bool = False) -> Any:
        guard = Guard(Policy(auth_required=auth), KeyStore(state, door.clock), refused=Refusals(state, door.clock))
        service = ExportService(METRICS, Intake(door.writing), guard, door.writing.account)

        async def go() -> Any:
            async with (
                serving([service], "127.0.0.1:0", None) as port,
                grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
            ):
                return await use(channel)

        try:
            return asyncio.run(go())
        finally:
            asyncio.run(cast(Refusals, guard.refused).save())

    return run


def export(request: Any, **options: Any) -> Use:
    async def use(channel: grpc.aio.Channel) -> Any:
        return await MetricsServiceStub(channel).Export(request, timeout=20, **options)

    return use


def failing(call: Any, use: Use, **options: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        call(use, **options)
    return failed.value


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_points_are_stored_before_the_answer(door: Any, build: Any, call: Any, compression: Any) -> None:
    answer = call(export(build.gauge(1.5, "m", {"a": "b"}).request, compression=compression))
    assert ExportMetricsServiceResponse() == answer
    assert [("m", 1.5)] == [(identity.name, value) for identity, _, value in door.samples()]
    assert ["otlp"] == [source.door for source in door.ledger.list()]


def test_refused_points_are_counted_in_a_partial_success(door: Any, build: Any, call: Any) -> None:
    answer = call(export(build.gauge(1.0, "good").gauge(float("nan"), "bad").request))
    assert 1 == answer.partial_success.rejected_data_points
    assert "not a finite number" in answer.partial_success.error_message
    assert ["good"] == [identity.name for identity, _, _ in door.samples()]


@pytest.mark.parametrize(
    ("error", "code", "seconds"),
    [
        (Throttled("full", retry_after_s=7), grpc.StatusCode.RESOURCE_EXHAUSTED, 7),
        (DiskFull("disk"), grpc.StatusCode.UNAVAILABLE, 5),
    ],
)
def test_what_passes_says_when_to_try_again(
    door: Any, build: Any, call: Any, error: Exception, code: grpc.StatusCode, seconds: int
) -> None:
    door.log.failure = error
    failed = failing(call, export(build.gauge(1.0).request))
    assert (code, str(error)) == (failed.code(), failed.details())
    trailers = dict(failed.trailing_metadata() or ())
    status = Status.FromString(trailers["grpc-status-details-bin"])
    retry = RetryInfo()
    assert status.details[0].Unpack(retry)
    assert seconds == retry.retry_delay.seconds
    assert retry == RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"])


def test_bytes_that_are_no_request_are_an_invalid_argument_and_counted(door: Any, call: Any) -> None:
    async def use(channel: grpc.aio.Channel) -> Any:
        path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
        return await channel.unary_unary(path)(b"\x0a\xff", timeout=20)

    failed = failing(call, use)
    assert grpc.StatusCode.INVALID_ARGUMENT == failed.code()
    assert "not an OTLP metrics request" in str(failed.details())
    assert [1] == [row.rows for row in door.ledger.rejections(10)]


def test_another_service_is_unimplemented(call: Any) -> None:
    async def use(channel: grpc.aio.Channel) -> Any:
        return await TraceServiceStub(channel).Export(ExportTraceServiceRequest(), timeout=20)

    assert grpc.StatusCode.UNIMPLEMENTED == failing(call, use).code()


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_beyond_the_limit_is_refused_compressed_or_not(
    door: Any, build: Any, call: Any, compression: Any
) -> None:
    request = build.gauge(1.0, "m" * (LIMIT + 1)).request
    failed = failing(call, export(request, compression=compression))
    assert grpc.StatusCode.RESOURCE_EXHAUSTED == failed.code()
    assert [] == door.log.batches


def test_callers_show_a_token_where_one_is_asked_for(door: Any, build: Any, call: Any, state: State) -> None:
    keys = KeyStore(state, door.clock)
    writer = asyncio.run(keys.create_token("agent", Role.WRITE, "210987654321"))
    reader = asyncio.run(keys.create_token("viewer", Role.READ))
    request = build.gauge(1.0).request
    assert grpc.StatusCode.UNAUTHENTICATED == failing(call, export(request), auth=True).code()
    wrong = (("authorization", "Bearer tt_wrong"),)
    assert grpc.StatusCode.UNAUTHENTICATED == failing(call, export(request, metadata=wrong), auth=True).code()
    reading = (("authorization", f"Bearer {reader.secret}"),)
    assert grpc.StatusCode.PERMISSION_DENIED == failing(call, export(request, metadata=reading), auth=True).code()
    assert [] == door.samples()
    counted = asyncio.run(Refusals(state, door.clock).listed())
    found = sorted((one.refused.status, one.refused.who, one.refused.address, one.count) for one in counted)
    assert [(401, "", "127.0.0.1", 2), (403, "viewer", "127.0.0.1", 1)] == found
    call(export(request, metadata=(("authorization", f"Bearer {writer.secret}"),)), auth=True)
    assert ["210987654321"] == [identity.account for identity, _, _ in door.samples()]


def test_a_repeated_idempotency_key_is_stored_once(door: Any, build: Any, call: Any) -> None:
    for _ in range(2):
        call(export(build.request, metadata=(("idempotency-key", "a/1"),)))
    build.gauge(1.0)
    for _ in range(2):
        call(export(build.request, metadata=(("idempotency-key", "a/2"),)))
    assert 1 == len(door.samples())


def test_tls_uses_the_files_of_http(door: Any, build: Any, state: State, tmp_path: Path) -> None:
    certificate().write(tmp_path)
    files = TlsFiles(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    service = ExportService(
        METRICS, Intake(door.writing), Guard(Policy(), KeyStore(state, door.clock)), door.writing.account
    )
    trusted = grpc.ssl_channel_credentials(Path(files.cert).read_bytes())

    async def go() -> Any:
        async with (
            serving([service], "127.0.0.1:0", files) as port,
            grpc.aio.secure_channel(f"127.0.0.1:{port}", trusted) as channel,
        ):
            return await export(build.gauge(1.0).request)(channel)

    assert ExportMetricsServiceResponse() == asyncio.run(go())
    assert 1 == len(door.samples())


def test_a_certificate_that_cannot_be_read_is_said(door: Any, state: State, tmp_path: Path) -> None:
    service = ExportService(
        METRICS, Intake(door.writing), Guard(Policy(), KeyStore(state, door.clock)), door.writing.account
    )

    async def go() -> None:
        missing = str(tmp_path / "none.pem")
        async with serving([service], "127.0.0.1:0", TlsFiles(missing, missing)):
            pass

    with pytest.raises(SetupError, match="cannot listen on"):
        asyncio.run(go())
