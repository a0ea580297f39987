"""Load tests that are asked of the server: of registered endpoints only, one at a time.

What is sent where is read from the endpoint's model, so that whoever may ask cannot choose a URL or a command.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field
from sqlalchemy import Connection, Row, func, insert, select, update

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound, TrimtabError
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.egress.gate import Gate
from trimtab.inference.result import LoadTest
from trimtab.inference.store import LoadTestStore
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL, body_of, url_of
from trimtab.inventory.served.store import ServedStore
from trimtab.jobs.child import Child
from trimtab.store.state.database import State
from trimtab.store.state.schema.inference import load_test_orders
from trimtab.store.state.upcoming import NOW, Upcoming

WAITING, RUNNING, ENDED, FAILED, STOPPED = "waiting", "running", "ended", "failed", "stopped"
_ALIVE = (WAITING, RUNNING)
_LOOK_S = 0.2
_MOST_WAITING = 20
_LONGEST_PROBLEM = 1000
_SHOWN = 200
_columns = load_test_orders.c
Generate = Callable[[Sequence[str], Path], Awaitable[Child]]


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked: the search for the capacity under an objective, for at most so many seconds."""

    slo_ms: float
    slo_share: float = 0.99
    seconds: float = 120.0
    variant: str = ""


class Order(Struct, frozen=True):
    """A test that was asked for; `test_id` is its result's when it has ended."""

    id: str
    account: str
    region: str
    endpoint: str
    status: str
    asked: Asked
    problem: str
    test_id: str
    asked_ms: int
    asked_by: str


class Orders(Struct):
    """The orders of one server. `folder` is where generators write, `gate` says where they may send;
    `generate` starts one."""

    state: State
    served: ServedStore
    tests: LoadTestStore
    clock: Clock
    folder: Path
    gate: Gate
    generate: Generate = Child.start
    _task: asyncio.Task[None] | None = field(default=None)

    async def order(self, place: tuple[str, str], endpoint: str, asked: Asked, by: str) -> Order:
        """Ask for a test. Raises NotFound without the endpoint, InvalidInput where it listens nowhere, Conflict."""
        await self._command(place, endpoint, asked)
        made = Order(new_id(), *place, endpoint, WAITING, asked, "", "", self.clock.now_ms(), by)

        def write(connection: Connection) -> Order:
            open_ = select(func.count()).where(_columns.status.in_(_ALIVE))
            waiting = connection.execute(open_).scalar_one()
            if waiting >= _MOST_WAITING:
                raise Conflict(f"{waiting} load tests wait already; try again when some have ended")
            row = {name: getattr(made, name) for name in Order.__struct_fields__ if name != "asked"}
            form = msgspec.json.encode(asked).decode()
            connection.execute(insert(load_test_orders).values(**row, form=form))
            return made

        return await self.state.change(write)

    def upcoming(self) -> Upcoming:
        """Whether there are orders that are not over."""
        return Upcoming(self.state, select(NOW).where(_columns.status.in_(_ALIVE)))

    async def listed(self, scope: Scope) -> list[Order]:
        """The newest orders that a scope sees."""
        query = select(load_test_orders).order_by(_columns.asked_ms.desc(), _columns.id).limit(_SHOWN)
        if scope.accounts is not None:
            query = query.where(_columns.account.in_(scope.accounts))
        if scope.regions is not None:
            query = query.where(_columns.region.in_(scope.regions))

        def read(connection: Connection) -> list[Order]:
            return [_order(row) for row in connection.execute(query)]

        return await self.state.read(read)

    async def get(self, scope: Scope, order_id: str) -> Order:
        """One order. Raises NotFound."""

        def read(connection: Connection) -> Order:
            row = connection.execute(select(load_test_orders).where(_columns.id == order_id)).first()
            if row is None:
                raise NotFound(f"no load test {order_id!r} was asked for")
            return _order(row)

        found = await self.state.read(read)
        hidden = scope.accounts is not None and found.account not in scope.accounts
        if hidden or (scope.regions is not None and found.region not in scope.regions):
            raise NotFound(f"no load test {order_id!r} was asked for")
        return found

    async def stop(self, scope: Scope, order_id: str) -> Order:
        """End a test that waits or runs. Raises NotFound, Conflict for one that has ended."""
        found = await self.get(scope, order_id)
        if not await self._move(found, STOPPED, _ALIVE):
            raise Conflict(f"the load test {order_id} is {found.status}; it cannot be stopped")
        return replace(found, status=STOPPED)

    async def turn(self) -> None:
        """Begin the oldest that waits; one that a crash left running is begun again."""
        if self._task is not None and not self._task.done():
            return
        waiting = [one for one in await self.listed(EVERYTHING) if one.status in _ALIVE]
        if waiting:
            self._task = asyncio.create_task(self._run(waiting[-1]))

    async def close(self) -> None:
        """End what runs; it begins again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self, one: Order) -> None:
        if not await self._move(one, RUNNING, _ALIVE):
            return
        try:
            test = await self._measured(one)
            if test is None:
                return
            kept = await self.tests.record(one.account, test.name, test.started_ms, test)
        except (TrimtabError, OSError, msgspec.DecodeError) as problem:
            await self._move(one, FAILED, (RUNNING,), problem=str(problem)[:_LONGEST_PROBLEM])
            return
        finally:
            await asyncio.to_thread(shutil.rmtree, self.folder / one.id, ignore_errors=True)
        await self._move(one, ENDED, (RUNNING,), test_id=kept.id)

    async def _measured(self, one: Order) -> LoadTest | None:
        """What the generator found; None where it was stopped. The generator ends with this call, however that ends."""
        command = await self._command((one.account, one.region), one.endpoint, one.asked)
        command += ["--connect-to", await self.gate.pin(command[2])]
        child = await self.generate(command, self.folder / one.id)
        try:
            while child.running:
                if (await self.get(EVERYTHING, one.id)).status == STOPPED:
                    return None
                await asyncio.sleep(_LOOK_S)
        finally:
            await child.stop()
        if child.process.returncode:
            raise InvalidInput(f"the load test failed: {child.said_last()}")
        return typed.decode(child.output(), type=LoadTest)

    async def _move(self, one: Order, status: str, only_from: Sequence[str], **values: Any) -> bool:
        where = (_columns.id == one.id) & _columns.status.in_(only_from)

        def write(connection: Connection) -> bool:
            return bool(
                connection.execute(update(load_test_orders).where(where).values(status=status, **values)).rowcount
            )

        return await self.state.change(write)

    async def _command(self, place: tuple[str, str], endpoint: str, asked: Asked) -> list[str]:
        """The generator's command line for an endpoint's variant."""
        found = await self.served.get(place, ENDPOINT, endpoint)
        config = await self.served.get(place, CONFIG, found.form["EndpointConfigName"])
        variants = [one for one in config.form["ProductionVariants"] if asked.variant in ("", one["VariantName"])]
        if not variants:
            raise InvalidInput(f"endpoint {endpoint!r} has no variant {asked.variant!r}")
        type_ = str(variants[0].get("InstanceType", ""))
        model = await self.served.get(place, MODEL, variants[0]["ModelName"])
        url = url_of(model.form, type_)
        if not url:
            raise InvalidInput(f"model {model.name!r} listens nowhere: its container needs TRIMTAB_URL")
        return ["loadtest", "run", url, "--json", "--capacity", "--slo-ms", f"{asked.slo_ms:g}",
                "--slo-share", f"{asked.slo_share:g}", "--seconds", f"{asked.seconds:g}", "--name", endpoint[:128],
                "--endpoint", endpoint, "--instance-type", type_, "--body", body_of(model.form)]  # fmt: skip


def _order(row: Row[tuple[object, ...]]) -> Order:
    values = row._mapping
    kept = {name: values[name] for name in Order.__struct_fields__ if name != "asked"}
    return Order(**kept, asked=typed.decode(str(values["form"]), type=Asked))
