"""Unary calls over gRPC with bodies that are serialised already (ModelInfer of the open inference protocol, or any)."""

import asyncio
from typing import Any

import grpc
from msgspec import Struct, field

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.egress.trust import authorities_file
from trimtab.inference.load.http import Prepared
from trimtab.inference.load.outcome import Done, Outcome

MODEL_INFER = "/inference.GRPCInferenceService/ModelInfer"


class GrpcSender(Struct):
    """Calls `method` at `host:port`; a request's raw bytes are the message."""

    target: str
    method: str = MODEL_INFER
    timeout_s: float = 30.0
    tls: bool = False
    _clock: SystemClock = field(default_factory=SystemClock)
    _channel: Any = None
    _call: Any = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self, _connections: int = 1) -> None:
        """Connect. Raises InvalidInput where nobody answers."""
        trusted = grpc.ssl_channel_credentials(authorities_file()) if self.tls else None
        self._channel = (
            grpc.aio.secure_channel(self.target, trusted) if trusted else grpc.aio.insecure_channel(self.target)
        )
        self._call = self._channel.unary_unary(self.method)
        try:
            await asyncio.wait_for(self._channel.channel_ready(), self.timeout_s)
        except TimeoutError:
            await self._channel.close()
            raise InvalidInput(f"cannot reach {self.target} over gRPC within {self.timeout_s:g} s") from None

    def send(self, prepared: Prepared, done: Done) -> None:
        """Call; several are in flight on one connection."""
        task = asyncio.get_running_loop().create_task(self._one(prepared.raw, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End what is in flight, and disconnect."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close()

    async def _one(self, body: bytes, done: Done) -> None:
        problem, size = "", 0
        try:
            size = len(await self._call(body, timeout=self.timeout_s))
        except grpc.aio.AioRpcError as failed:
            late = failed.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            problem = "timed out" if late else f"gRPC {failed.code().name}"
        now_s = self._clock.monotonic()
        done(Outcome(now_s, problem, now_s, bytes=size))
