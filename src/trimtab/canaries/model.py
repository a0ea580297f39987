"""Canaries as they are defined, and what a run of one found. Nothing here changes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from trimtab.base.partitions import partition_of


class CanaryKey(Struct, frozen=True):
    """Which canary: names are unique in an account and region."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{partition_of(self.region)}:synthetics:{self.region}:{self.account}:canary:{self.name}"


class Checker(StrEnum):
    """What a step asks. HTTP and TCP are those of Synthetics' multi-check blueprint; GRPC and MODEL are trimtab's."""

    HTTP = "HTTP"
    TCP = "TCP"
    GRPC = "GRPC"
    MODEL = "MODEL"


class Subject(StrEnum):
    """What of an answer an assertion looks at. Of JSON it is the value at a path."""

    STATUS_CODE = "STATUS_CODE"
    HEADER = "HEADER"
    BODY = "BODY"
    JSON = "JSON"
    RESPONSE_TIME = "RESPONSE_TIME"


class Operator(StrEnum):
    """How it is compared with the expected value."""

    EQUALS = "EQUALS"
    NOT_EQUALS = "NOT_EQUALS"
    CONTAINS = "CONTAINS"
    NOT_CONTAINS = "NOT_CONTAINS"
    MATCHES = "MATCHES"
    LESS_THAN = "LESS_THAN"
    GREATER_THAN = "GREATER_THAN"


class Assertion(Struct, frozen=True):
    """What must hold; `at` is the name of a header, or a JSONPath."""

    subject: Subject
    operator: Operator
    value: str
    at: str = ""


class Step(Struct, frozen=True):
    """One check: an HTTP request, a connection, a gRPC health check, or an invocation of an endpoint's model.

    `where` is a URL, `host:port`, or the name of an endpoint; `service` is what a gRPC server is asked for.
    """

    name: str
    checker: Checker
    where: str
    timeout_s: float
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    service: str = ""
    assertions: tuple[Assertion, ...] = ()


class Canary(Struct, frozen=True):
    """A canary: its form (CreateCanary's, with the blueprint in place of the code), and how it goes."""

    key: CanaryKey
    id: str
    form: Mapping[str, Any]
    running: bool
    created_ms: int
    updated_ms: int
    started_ms: int | None = None
    stopped_ms: int | None = None
    runs_until_ms: int | None = None
    next_ms: int | None = None

    @property
    def state(self) -> Literal["RUNNING", "READY", "STOPPED"]:
        """Whether it runs, in Synthetics' words."""
        if self.running:
            return "RUNNING"
        return "READY" if self.started_ms is None else "STOPPED"


class StepResult(Struct, frozen=True):
    """What a step found: why it failed ("" where it passed), in milliseconds how long it took, and an HTTP status."""

    name: str
    passed: bool
    reason: str
    took_ms: float
    status: int | None = None


class Run(Struct, frozen=True):
    """One run: of several attempts the last one. A step that fails ends it."""

    id: str
    began_ms: int
    ended_ms: int
    passed: bool
    reason: str
    steps: tuple[StepResult, ...]
    retry: int = 0
