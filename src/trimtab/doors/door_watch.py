"""Latency and errors of every HTTP door, by plain ASGI around the root application."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

from msgspec import Struct, field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trimtab.access.refusals import Refused
from trimtab.base.clock import Clock
from trimtab.doors.guard import LOGIN_PATH, Refusing

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The client libraries' own."""
_PREFIXES = (("/rest/", "rest"), ("/v1/", "otlp"), ("/api/v1/", "prometheus"))
_REFUSED = (401, 403, 429)
_CREDENTIAL = re.compile(rb"Credential=([A-Za-z0-9]{16,64})/")
_PROBES = ("/healthz", "/readyz", "/metrics")


class DoorCounts(Struct):
    """Of one door: answers by class of status (`2xx` …, `none` where nobody waited for one), and their times (s)."""

    answers: "Counter[str]" = field(default_factory=Counter)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    seconds: float = 0.0
    under_way: int = 0

    def note(self, status: str, seconds: float) -> None:
        """One was answered."""
        self.answers[status] += 1
        self.buckets[bisect_left(BUCKETS_S, seconds)] += 1
        self.seconds += seconds


class DoorWatch(Struct):
    """Counts by door since the start: aws, rest, otlp, prometheus, pages, probes."""

    clock: Clock
    is_aws: Callable[[Scope], bool]
    counts: dict[str, DoorCounts] = field(default_factory=dict)

    def door_of(self, scope: Scope) -> str:
        """The door that a request comes to."""
        path = scope["path"]
        if path in _PROBES:
            return "probes"
        if self.is_aws(scope):
            return "aws"
        return next((door for prefix, door in _PREFIXES if path.startswith(prefix)), "pages")


class Watched(Struct, frozen=True):
    """The application `inner`, watched. `refusals` counts who was refused."""

    inner: ASGIApp
    watch: DoorWatch
    refusals: Refusing | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection scope."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        door = self.watch.door_of(scope)
        counts = self.watch.counts.setdefault(door, DoorCounts())
        status, began_s = "none", self.watch.clock.monotonic()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
                if message["status"] in _REFUSED and self.refusals is not None:
                    _note(self.refusals, door, message["status"], scope)
            await send(message)

        counts.under_way += 1
        try:
            await self.inner(scope, receive, noting)
        except Exception:
            status = "5xx"
            raise
        finally:
            counts.under_way -= 1
            counts.note(status, self.watch.clock.monotonic() - began_s)


def _note(refusals: Refusing, door: str, status: int, scope: Scope) -> None:
    """Count a refusal. 429 is one where somebody signs in; elsewhere it is a full log or a limit."""
    path = scope["path"]
    if status == 429 and path != LOGIN_PATH:
        return
    state = scope.get("state", {})
    principal = state.get("principal")
    who = state.get("refused") or (principal.name if principal is not None else _claimed(scope))
    client = scope.get("client")
    refusals.note(Refused(door, status, who, client[0] if client else ""), path)


def _claimed(scope: Scope) -> str:
    """The id of the access key that a signature names; it need not be theirs."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            found = _CREDENTIAL.search(value)
            return found[1].decode() if found else ""
    return ""
