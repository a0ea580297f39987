"""What the classes of typed calls have: a client, and the parameters that go with each call."""

from typing import TypeVar

import msgspec

from trimtab.client.api import Client
from trimtab.client.parameters import Parameter, parameters

T = TypeVar("T")


class Calls:
    """Calls over a client. Errors are those of `Client`."""

    def __init__(self, client: Client, **always: Parameter) -> None:
        """`always` are parameters of every call that `_call` makes."""
        self._client = client
        self._always = parameters(**always)

    def _call(
        self, method: str, path: str, answer: type[T], *, body: msgspec.Struct | None = None, **query: Parameter
    ) -> T:
        return self._client.call(method, path, answer, query=[*self._always, *parameters(**query)], body=body)
