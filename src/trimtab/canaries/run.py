"""Runs the steps of a canary, one after another, through the gate of what goes out; a step that fails ends the run."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import grpc
import grpc.aio
from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.canaries.assertions import Answer, problem_of
from trimtab.canaries.model import CanaryKey, Checker, Step, StepResult
from trimtab.egress.address import parse_url
from trimtab.egress.client import Client, HTTPError, read_whole
from trimtab.egress.gate import Gate
from trimtab.egress.trust import authorities_file

MOST_BYTES = 1 << 20
"""Of an answer (user guide, "Limitations" of the multi-check blueprint)."""
_HEALTH = "/grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"
"""HealthCheckResponse with the status SERVING (gRPC health checking protocol)."""


class Models(Protocol):
    """Asks the models of endpoints: `wiring/canaries.py` makes it of the invoker."""

    async def __call__(self, key: CanaryKey, step: Step) -> bytes:
        """The model's answer. Raises TrimtabError."""
        ...


class Runner(Struct, frozen=True):
    """What steps are run with."""

    gate: Gate
    clock: Clock
    models: Models

    async def run(self, key: CanaryKey, steps: Sequence[Step]) -> tuple[StepResult, ...]:
        """What each step found, up to the first that failed."""
        found: list[StepResult] = []
        for step in steps:
            found.append(await self._step(key, step))
            if not found[-1].passed:
                break
        return tuple(found)

    async def _step(self, key: CanaryKey, step: Step) -> StepResult:
        checks: Mapping[Checker, Callable[[CanaryKey, Step, float], Awaitable[Answer]]] = {
            Checker.HTTP: self._http,
            Checker.TCP: self._tcp,
            Checker.GRPC: self._grpc,
            Checker.MODEL: self._model,
        }
        began_s, status = self.clock.monotonic(), None
        try:
            async with asyncio.timeout(step.timeout_s):
                answer = await checks[step.checker](key, step, began_s)
            problem, status = problem_of(answer, step.assertions), answer.status
        except TimeoutError:
            problem = f"no answer within {step.timeout_s:g} s"
        except grpc.aio.AioRpcError as failed:
            problem = f"gRPC {failed.code().name}: {failed.details() or ''}".rstrip(": ")
        except (TrimtabError, HTTPError, OSError) as failed:
            problem = str(failed) or type(failed).__name__
        return StepResult(step.name, not problem, problem, self._since(began_s), status)

    async def _http(self, _key: CanaryKey, step: Step, began_s: float) -> Answer:
        async with Client(self.gate, timeout_s=step.timeout_s) as client:
            request = client.build_request(
                step.method, step.where, headers=dict(step.headers), content=step.body.encode() or None
            )
            answer = await client.send(request, stream=True)
            try:
                body = await read_whole(answer, MOST_BYTES)
            finally:
                await answer.aclose()
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(self._since(began_s), answer.status_code, headers, body)

    async def _tcp(self, _key: CanaryKey, step: Step, began_s: float) -> Answer:
        target = parse_url(f"http://{step.where}")
        address = await self.gate.pin(f"http://{step.where}")
        connecting = asyncio.open_connection(address, target.port)  # noqa: TID251 - to what the gate returned
        _, writer = await connecting
        writer.close()
        await writer.wait_closed()
        return Answer(self._since(began_s))

    async def _grpc(self, _key: CanaryKey, step: Step, began_s: float) -> Answer:
        target, address = parse_url(step.where), await self.gate.pin(step.where)
        place = f"[{address}]:{target.port}" if ":" in address else f"{address}:{target.port}"
        named = [("grpc.ssl_target_name_override", target.host), ("grpc.default_authority", target.authority)]
        channel = (
            grpc.aio.secure_channel(place, grpc.ssl_channel_credentials(authorities_file()), options=named)
            if target.tls
            else grpc.aio.insecure_channel(place, options=named[1:])
        )
        service = step.service.encode()
        asked = b"\x0a" + bytes([len(service)]) + service if service else b""
        async with channel:
            body: bytes = await channel.unary_unary(_HEALTH)(asked, timeout=step.timeout_s)
        if body != _SERVING:
            raise NotServing("the service says that it does not serve")
        return Answer(self._since(began_s), body=body)

    async def _model(self, key: CanaryKey, step: Step, began_s: float) -> Answer:
        body = await self.models(key, step)
        return Answer(self._since(began_s), body=body)

    def _since(self, began_s: float) -> float:
        return (self.clock.monotonic() - began_s) * 1000


class NotServing(TrimtabError):
    """A gRPC server answered that what it was asked for does not serve."""
