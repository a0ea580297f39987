"""The API server, as far as lists and watches go (API concepts: "Efficient detection of changes").

A list is read page by page and tells the version of the cluster that it is of; a watch goes on from a version, and the
server says 410 where it no longer knows that version: then a new list is the only way on.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import httpx
import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import AccessDenied, InvalidInput, Unavailable
from trimtab.sources.http import describe
from trimtab.sources.kubernetes.config import Access
from trimtab.sources.kubernetes.objects import Meta

T = TypeVar("T")
PAGE = 500
"""Objects of a page, as kubectl asks for: some 5 MB of pods."""


class Expired(Unavailable):
    """The server no longer knows a version: list again."""


class _ListMeta(Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _List(Struct):
    metadata: _ListMeta
    items: list[msgspec.Raw] = []


class _Event(Struct):
    type: str
    object: msgspec.Raw


class _Status(Struct):
    code: int = 0
    message: str = ""


class _Version(Struct):
    metadata: Meta


class Event(Struct, Generic[T], frozen=True):
    """One change. `object` is None of a bookmark, which only moves the version."""

    type: str
    object: T | None
    version: str


class Api:
    """Lists and watches of one server."""

    def __init__(self, access: Access, transport: httpx.BaseTransport | None = None) -> None:
        self._access = access
        self._http = access.client(transport)

    @property
    def server(self) -> str:
        """The server's URL."""
        return self._access.server

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def list(self, path: str, type_: type[T]) -> tuple[list[T], str]:
        """Every object of a path, and the version that they are of. Raises AccessDenied, InvalidInput, Unavailable."""
        found: list[T] = []
        more, version = "", ""
        while True:
            asked = {"limit": str(PAGE), **({"continue": more} if more else {})}
            page = self._decode(self._get(path, asked), _List)
            found += [self._decode(item, type_) for item in page.items]
            version, more = page.metadata.resource_version, page.metadata.continue_
            if not more:
                return found, version

    def watch(self, path: str, type_: type[T], version: str, seconds: float) -> Iterator[Event[T]]:
        """Changes after a version, for so many seconds at most. Raises Expired, AccessDenied, Unavailable."""
        asked = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(round(seconds), 1)),
        }
        timeout = httpx.Timeout(30.0, read=seconds + 30)
        try:
            with self._http.stream("GET", path, params=asked, headers=self._headers(), timeout=timeout) as answer:
                if not answer.is_success:
                    answer.read()
                    self._check(answer)
                for line in answer.iter_lines():
                    if line.strip():
                        yield self._event(line, type_)
        except httpx.HTTPError as problem:
            raise Unavailable(f"cannot watch {self.server}: {describe(problem)}") from None

    def _event(self, line: str, type_: type[T]) -> Event[T]:
        event = self._decode(line.encode(), _Event)
        if event.type == "ERROR":
            status = self._decode(event.object, _Status)
            if status.code == 410:
                raise Expired(f"cannot go on watching {self.server}: {status.message}")
            raise Unavailable(f"cannot watch {self.server}: {status.message}")
        version = self._decode(event.object, _Version).metadata.resource_version
        return Event(event.type, None if event.type == "BOOKMARK" else self._decode(event.object, type_), version)

    def _get(self, path: str, asked: dict[str, str]) -> bytes:
        try:
            answer = self._http.get(path, params=asked, headers=self._headers())
        except httpx.HTTPError as problem:
            raise Unavailable(f"cannot reach {self.server}: {describe(problem)}") from None
        self._check(answer)
        return answer.content

    def _headers(self) -> dict[str, str]:
        token = self._access.bearer()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        try:
            said = typed.decode(answer.content, type=_Status).message
        except msgspec.MsgspecError:
            said = answer.text[:200]
        if answer.status_code in (401, 403):
            raise AccessDenied(
                f"cannot read from {self.server}: {said or answer.status_code}; "
                "try `trimtab connect kubernetes --print-role | kubectl apply -f -`"
            )
        if answer.status_code == 410:
            raise Expired(f"cannot go on reading {self.server}: {said}")
        raise Unavailable(f"cannot read from {self.server}: HTTP {answer.status_code} {said}")

    def _decode(self, raw: Any, type_: type[T]) -> T:
        try:
            return typed.decode(raw, type=type_)
        except msgspec.MsgspecError as problem:
            raise InvalidInput(f"cannot read an answer of {self.server}: {problem}; is it a Kubernetes API?") from None
