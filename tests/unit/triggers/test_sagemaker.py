"""SageMaker pipelines through boto's own client against an emulator of the service."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from tests.unit.triggers.conftest import HERE

from trimtab.base.errors import InvalidInput
from trimtab.cloud import sagemaker
from trimtab.cloud.sessions import client
from trimtab.triggers.pipelines.model import Run, RunState
from trimtab.triggers.pipelines.starters import SageMakerStarter


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    emulator = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    emulator.start()
    host, port = emulator.get_host_and_port()
    try:
        yield client("sagemaker", endpoint=f"http://{host}:{port}", region="us-east-1")
    finally:
        emulator.stop()


def _run(pipeline: str, external: str = "") -> Run:
    form = {"pipeline": pipeline, "parameters": {"data": "s3://b/k"}}
    id_ = "11111111-2222-3333-4444-555555555555"
    return Run(
        id_, HERE, "p", "sagemaker", form, "d", "r", "data arrived", "{}", 0, 0, RunState.WAITING, 0, 0, 0, None, None,
        external, "", "",
    )  # fmt: skip


def test_an_execution_is_started_and_described(service: Any) -> None:
    role = "arn:aws:iam::123456789012:role/r"
    definition = json.dumps({"Version": "2020-12-01", "Steps": []})
    service.create_pipeline(
        PipelineName="train", PipelineDefinition=definition, RoleArn=role, ClientRequestToken="t" * 32
    )
    starter = SageMakerStarter(lambda region: service, sagemaker.PROBLEMS)
    started = asyncio.run(starter.start(_run("train")))
    assert started.state is RunState.RUNNING
    assert "/execution/" in started.external
    listed = service.list_pipeline_executions(PipelineName="train")["PipelineExecutionSummaries"]
    assert [one["PipelineExecutionArn"] for one in listed] == [started.external]
    found = asyncio.run(starter.look(_run("train", started.external)))
    assert found.state in (RunState.RUNNING, RunState.SUCCEEDED)
    with pytest.raises(InvalidInput, match="SageMaker refused it"):
        asyncio.run(starter.start(_run("nowhere")))
