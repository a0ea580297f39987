"""Provisioned concurrency through boto's own client, against a server that answers as Lambda does."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from trimtab.cloud.scaling import AwsScaling
from trimtab.scaling.engine.model import TargetKey
from trimtab.scaling.targets.aws import AwsBackend
from trimtab.scaling.targets.file import AwsSettings

KEY = TargetKey("1", "us-east-1", "lambda", "function:resize:live", "lambda:function:ProvisionedConcurrency")
_PATH = "/2019-09-30/functions/resize/provisioned-concurrency?Qualifier=live"


class _Lambda(BaseHTTPRequestHandler):
    """One function's configuration; Application Auto Scaling has no policy."""

    held: ClassVar[int | None] = None

    def do_GET(self) -> None:
        assert _PATH == self.path
        if _Lambda.held is None:
            told = {"Type": "User", "Message": "No Provisioned Concurrency Config found for this function"}
            self._answer(404, told, "ProvisionedConcurrencyConfigNotFoundException")
        else:
            names = ("Requested", "Available", "Allocated")
            counts = {f"{one}ProvisionedConcurrentExecutions": _Lambda.held for one in names}
            self._answer(200, {**counts, "Status": "READY"})

    def do_PUT(self) -> None:
        assert _PATH == self.path
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        _Lambda.held = body["ProvisionedConcurrentExecutions"]
        self._answer(202, {"RequestedProvisionedConcurrentExecutions": _Lambda.held, "Status": "IN_PROGRESS"})

    def do_DELETE(self) -> None:
        assert _PATH == self.path
        _Lambda.held = None
        self._answer(204, None)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["X-Amz-Target"].endswith(".DescribeScalingPolicies")
        self._answer(200, {"ScalingPolicies": []})

    def _answer(self, status: int, body: Any, error: str = "") -> None:
        raw = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if error:
            self.send_header("x-amzn-errortype", error)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsBackend]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Lambda)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    yield AwsBackend(AwsSettings(act_on=["lambda:*"], endpoint_url=endpoint), AwsScaling)
    server.shutdown()
    server.server_close()
    thread.join()


def test_concurrency_is_provisioned_told_and_given_up(backend: AwsBackend) -> None:
    async def run() -> None:
        assert 0 == (await backend.standing(KEY)).desired
        await backend.scale(KEY, 4, "more is asked")
        found = await backend.standing(KEY)
        assert (4, 0, 4) == (found.ready, found.coming, found.desired)
        await backend.scale(KEY, 0, "nothing is asked")
        assert 0 == (await backend.standing(KEY)).desired

    asyncio.run(run())
