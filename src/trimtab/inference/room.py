"""The room as doors, pages and jobs are given it."""

from pathlib import Path

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.cloud.buckets import Buckets
from trimtab.cloud.s3_folders import S3Folders
from trimtab.egress.gate import Gate
from trimtab.inference.adoption import Adoption
from trimtab.inference.advisor import Advisor
from trimtab.inference.capture import Capture
from trimtab.inference.invoke import Invoker
from trimtab.inference.invoke_async import AsyncInvoker
from trimtab.inference.orders import Orders
from trimtab.inference.policies import PolicyStore
from trimtab.inference.recommend.runner import Recommender
from trimtab.inference.store import LoadTestStore
from trimtab.inventory.served.store import ServedStore
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.store.state.database import State

_TURN_S = 2.0
_CAPTURE_S = 1.0
_RESUME_S = 5.0  # what a killed server left begins so much after the next one's start at the latest
_NEVER_S = 10 * 365 * 86_400.0  # only when the server stops


class InferenceRoom(Struct, frozen=True):
    """Everything that may be asked of endpoints and their load tests."""

    clock: Clock
    tests: LoadTestStore
    served: ServedStore
    invoker: Invoker
    asynchronous: AsyncInvoker
    recommender: Recommender
    advisor: Advisor
    policies: PolicyStore
    adoption: Adoption
    orders: Orders
    lock: Lock
    account: str
    region: str

    @classmethod
    def of(
        cls, state: State, clock: Clock, folder: Path, account: str, region: str, gate: Gate,
        buckets: Buckets | None = None,
    ) -> "InferenceRoom":  # fmt: skip
        """The room over a state database; `folder` is where generators write, account and region the server's own,
        `gate` where models may listen, `buckets` where captured invocations go."""
        tests, served = LoadTestStore(state, clock), ServedStore(state, clock)
        recommender = Recommender(served, tests, clock, folder / "inference", region, gate)
        orders = Orders(state, served, tests, clock, folder / "load-tests", gate)
        advisor, policies = Advisor(tests, clock, region), PolicyStore(state, clock)
        adoption = Adoption(policies, served, advisor, region)
        lock, place = Lock(state, clock, "inference"), (account, region)
        invoker = Invoker(served, gate, Capture(buckets or Buckets({}, S3Folders()), clock))
        asynchronous = AsyncInvoker(invoker, S3Folders(), folder / "async-invocations", clock)
        asked = invoker, asynchronous, recommender, advisor, policies, adoption, orders
        return cls(clock, tests, served, *asked, lock, *place)

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        recommending, ordered = self.recommender.upcoming(), self.orders.upcoming()

        async def turn() -> None:
            now_ms = self.clock.now_ms()
            if self.lock.held and await recommending.due(now_ms):
                await self.recommender.turn()
            if self.lock.held and await ordered.due(now_ms):
                await self.orders.turn()

        async def captured() -> None:
            if self.invoker.capture is not None:
                await self.invoker.capture.flush()

        async def close() -> None:
            await captured()
            await self.orders.close()
            await self.recommender.close()
            await self.asynchronous.close()
            await self.invoker.close()

        return [
            Job("hold the lock of recommendation jobs", LEASE_MS / 3000, self.lock.renew),
            Job("run recommendation jobs", _TURN_S, turn),
            Job("write captured invocations", _CAPTURE_S, captured),
            Job("carry out asynchronous invocations", _RESUME_S, self.asynchronous.resume),
            Job("end load tests", _NEVER_S, close, at_stop=True),
        ]
