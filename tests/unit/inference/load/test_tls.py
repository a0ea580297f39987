"""Senders over TLS: a server of an authority of the machine is loaded, that of a stranger is not."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import grpc
import pytest

from made_certificates import Certificate, certificate, serving, showing
from trimtab.base.errors import InvalidInput
from trimtab.inference.load.outcome import Outcome
from trimtab.inference.load.target import Payload, Target


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def grpc_echo(own: Certificate) -> Iterator[int]:
    class Anything(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            return grpc.unary_unary_rpc_method_handler(lambda body, _: body)

    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Anything(),))
    pair = grpc.ssl_server_credentials([(own.key.encode(), own.pem.encode())])
    port = server.add_secure_port("127.0.0.1:0", pair)
    server.start()
    yield port
    server.stop(None).wait()


def answered(target: Target) -> Outcome:
    """What came of one request."""

    async def ask() -> Outcome:
        sender, came = target.sender(), asyncio.get_running_loop().create_future()
        await sender.open(1)
        sender.send(next(target.requests()), came.set_result)
        outcome: Outcome = await came
        await sender.close()
        return outcome

    return asyncio.run(ask())


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_server_of_an_authority_of_the_machine_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    own = certificate().write(tmp_path)
    with grpc_echo(own) if protocol == "grpc" else serving(Echo, showing(tmp_path)) as port:
        scheme = "grpcs" if protocol == "grpc" else "https"
        target = Target(f"{scheme}://localhost:{port}", protocol, payload=Payload(b"message"), timeout_s=2.0)
        with pytest.raises(InvalidInput, match="cannot reach localhost"):
            answered(target)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        outcome = answered(target)
    assert ("", len(b"message")) == (outcome.problem, outcome.bytes)
