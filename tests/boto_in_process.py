"""boto3 clients whose requests go to a gateway in this process, over no socket: cheap where that is not the point."""

import asyncio
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from starlette.types import ASGIApp

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.base.clock import Clock
from trimtab.doors.aws.gateway import Gateway, GatewayOptions
from trimtab.doors.aws.service import Service

ACCOUNT = "123456789012"
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}


class NoKeys:
    """No access key is known: the caller is the local operator."""

    def secret_of(self, access_key_id: str) -> None:
        """None."""


class Body:
    """An answer's body as urllib3 would hand it out."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **options: Any) -> Any:
        """All of it."""
        yield self._content

    def read(self, amount: int | None = None) -> bytes:
        """The rest of it, or a part."""
        size = len(self._content) if amount is None else amount
        part, self._content = self._content[:size], self._content[size:]
        return part

    def close(self) -> None:
        """Nothing is open."""


def client(service: Service, clock: Clock, region: str) -> Any:
    """The boto3 client of a service, over a gateway of its own."""
    gateway = Gateway(GatewayOptions((service,), NoKeys(), clock, ACCOUNT, region, auth_required=False))
    config = Config(retries={"max_attempts": 0})
    made = boto3.client(service.model.name, region_name=region, endpoint_url="http://in.process", config=config, **KEYS)

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return asyncio.run(sent(gateway, request))

    made.meta.events.register("before-send.*", send)
    return made


async def sent(gateway: ASGIApp, request: AWSPreparedRequest) -> AWSResponse:
    """The answer of an application of ASGI to a request of boto3."""
    url = urlsplit(str(request.url))
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    headers = [(name.lower().encode(), value if isinstance(value, bytes) else str(value).encode())
               for name, value in request.headers.items()]  # fmt: skip
    if not any(name == b"host" for name, _ in headers):  # it is signed, and put in where a connection is opened
        headers.append((b"host", url.netloc.encode()))
    scope: MutableMapping[str, Any] = {
        "type": "http", "method": request.method, "path": unquote(url.path), "raw_path": url.path.encode(),
        "query_string": url.query.encode(), "headers": headers, "client": ("127.0.0.1", 1),
        "state": {"principal": LOCAL_OPERATOR},
    }  # fmt: skip
    got: dict[str, Any] = {"body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def answer(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            got.update(status=message["status"], headers=message["headers"])
        else:
            got["body"] += message.get("body", b"")

    await gateway(scope, receive, answer)
    told = {name.decode(): value.decode() for name, value in got["headers"]}
    return AWSResponse(str(request.url), got["status"], told, Body(got["body"]))
