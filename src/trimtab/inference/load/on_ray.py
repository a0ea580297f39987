"""A crew on the machines of a Ray cluster. Ray is an optional extra (`pip install "trimtab[ray]"`), on all of them.

Every worker is an actor with a CPU of its own; Ray spreads them over the machines. Only figures travel.
"""

from collections.abc import Callable
from typing import Any

import ray
from msgspec import Struct
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError

from trimtab.base.errors import TrimtabError, Unavailable
from trimtab.inference.load.crew import Crew
from trimtab.inference.load.generator import Generator
from trimtab.inference.load.target import Target


class _Actor(Generator):
    """A generator with a dictionary, which Ray's actors need."""


class RayWorker(Struct):
    """A generator in an actor."""

    actor: Any

    async def call(self, method: str, *arguments: Any) -> Any:
        """Call a method."""
        try:
            return await getattr(self.actor, method).remote(*arguments)
        except RayTaskError as problem:
            cause = problem.cause
            if isinstance(cause, TrimtabError):
                raise cause from None
            raise Unavailable(f"a generator of the load test failed: {cause}") from None
        except (RayActorError, GetTimeoutError, RayError) as problem:
            raise Unavailable(f"a generator of the load test is gone: {problem}") from None

    async def end(self) -> None:
        """Kill the actor."""
        ray.kill(self.actor)


class RayCrew(Crew):
    """A crew that disconnects from the cluster when it is closed."""

    __slots__ = ()

    async def close(self) -> None:
        """End every actor, and disconnect."""
        try:
            await super().close()
        finally:
            ray.shutdown()


def ray_crew(address: str, workers: int, make: Callable[[], Target]) -> Crew:
    """A crew on a cluster: `auto`, `host:6379` or `ray://host:10001`. Raises Unavailable where there is none."""
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RayError, RuntimeError, ValueError) as problem:
        raise Unavailable(f"cannot reach Ray at {address}: {problem}") from problem
    remote = ray.remote(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")(_Actor)
    return RayCrew([RayWorker(remote.remote(make)) for _ in range(workers)])
