"""A target as a person names it, made into what sends to it."""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.inference.load import payloads, protocols
from trimtab.inference.load.grpc_sender import MODEL_INFER, GrpcSender
from trimtab.inference.load.http import Address, HttpSender, Prepared
from trimtab.inference.load.outcome import Done

PROTOCOLS = ("http", "openai", "kserve", "sagemaker", "grpc")
_DEFAULT_LENGTHS = ((128, 64),)


class OpenSender(Protocol):
    """A sender that is opened and closed."""

    async def open(self, connections: int = 1) -> None:
        """Connect."""
        ...

    def send(self, prepared: Prepared, done: Done) -> None:
        """Send one request."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...


class Payload(Struct, frozen=True):
    """Where bodies come from; the first that is given counts."""

    body: bytes | None = None
    files: tuple[Path, ...] = ()
    dataset: Path | None = None
    template: str = ""
    records: Path | None = None
    lengths: Path | None = None
    tokens: tuple[int, int] | None = None

    def bodies(self) -> Iterator[bytes]:
        """The bodies, for ever. Raises InvalidInput for files that cannot be read."""
        if self.template:
            return payloads.template(self.template, payloads.records(self.records) if self.records else ())
        if self.dataset:
            return payloads.lines(self.dataset)
        if self.files:
            return payloads.files(self.files)
        return payloads.fixed(self.body or b"")

    def token_lengths(self) -> list[tuple[int, int]]:
        """(prompt, answer) lengths; shuffled, since a search of a few seconds must not see only the trace's start."""
        if self.lengths:
            found = payloads.token_lengths(self.lengths)
            random.Random(1).shuffle(found)  # noqa: S311
            return found
        return [self.tokens] if self.tokens else list(_DEFAULT_LENGTHS)

    @property
    def has_bodies(self) -> bool:
        """Whether bodies are the caller's own."""
        return bool(self.body is not None or self.files or self.dataset or self.template)


class Target(Struct, frozen=True):
    """What is tested. `sign` makes SageMaker's signed headers from a body and headers.
    `connect_to` is the address of the URL's host, where it is not to be resolved."""

    url: str
    protocol: str = "http"
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: Payload = field(default_factory=Payload)
    model: str = ""
    version: str = ""
    connections: int = 512
    timeout_s: float = 30.0
    verify: bool = True
    sign: Callable[[bytes, Mapping[str, str]], Mapping[str, str]] | None = None
    connect_to: str = ""

    def sender(self) -> OpenSender:
        """What sends. Raises InvalidInput for an unknown protocol or URL."""
        if self.protocol not in PROTOCOLS:
            raise InvalidInput(f"cannot test over {self.protocol!r}: expected one of {', '.join(PROTOCOLS)}")
        if self.protocol == "grpc":
            host, _, path = self.url.removeprefix("grpc://").removeprefix("grpcs://").partition("/")
            tls = self.url.startswith("grpcs://")
            return GrpcSender(host, f"/{path}" if path else MODEL_INFER, self.timeout_s, tls)
        return HttpSender(Address.of(self.url), self.connections, self.timeout_s, self.verify, self.connect_to)

    def requests(self) -> Iterator[Prepared]:
        """The requests, for ever."""
        payload = self.payload
        if self.protocol == "grpc":
            return (Prepared(body) for body in payload.bodies())
        address = Address.of(self.url)
        if self.protocol == "openai":
            if payload.has_bodies:
                return protocols.openai_bodies(address, payload.bodies(), self.headers)
            chat = "/v1/completions" not in address.path
            return protocols.openai(address, payload.token_lengths(), self.model or "default", self.headers, chat=chat)
        if self.protocol == "kserve":
            return protocols.kserve(address, payload.bodies(), self.model, self.version, self.headers)
        if self.protocol == "sagemaker" and self.sign is not None:
            return protocols.signed(address, payload.bodies(), self.headers, self.sign)
        return protocols.plain(address, payload.bodies(), self.headers, method=self.method)


def prefetched(requests: Iterator[Prepared], most: int = 64) -> Iterator[Prepared]:
    """The first requests made ahead, so that the first seconds pay for no making of long prompts."""
    ahead = list(itertools.islice(requests, most))
    return itertools.chain(ahead, requests)
