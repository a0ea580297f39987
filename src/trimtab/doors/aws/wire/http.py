"""One HTTP request and one answer, as the AWS door handles them: plain bytes, no framework."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from msgspec import Struct, field

Headers = list[tuple[bytes, bytes]]


class HttpRequest(Struct):
    """A request as read from the connection. Header names are lower case; of a repeated one the last counts.

    `sent` is the body as signed and sent, `body` the same after decompression; `client` is the sender's address.
    """

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Mapping[bytes, bytes]
    sent: bytes = b""
    body: bytes = b""
    client: str = ""

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> "HttpRequest":
        """The head of the request in an ASGI scope; the body is still to be read."""
        path: str = scope["path"]
        raw_path = scope.get("raw_path") or path.encode()
        client = (scope.get("client") or ("", 0))[0]
        headers = dict(scope["headers"])
        return cls(scope["method"], path, raw_path, scope.get("query_string", b""), headers, client=client)

    def header(self, name: bytes, default: str = "") -> str:
        """The header `name` (lower case) as text, or `default`."""
        value = self.headers.get(name)
        return default if value is None else value.decode("latin-1")


class HttpAnswer(Struct):
    """What goes back: the gateway adds the request id and the length. A `stream` is sent part by part in place of
    `body`, and closed when the client goes."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    stream: AsyncGenerator[bytes, None] | None = None
