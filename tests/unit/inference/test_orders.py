"""Load tests that are asked of the server: whose URL they take, and that nothing of them stays whatever fails."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gates import open_gate
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.inference.orders import ENDED, FAILED, STOPPED, Asked, Orders
from trimtab.inference.result import Interval, LoadTest, Overhead
from trimtab.inference.store import LoadTestStore
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL
from trimtab.inventory.served.store import ServedStore
from trimtab.store.state.database import State

PLACE = ("123456789012", "us-east-1")
ASKED = Asked(50.0)
RESULT = LoadTest("shop", "http://m", "http", "capacity", 1, 60, 50, 0.99, [], Overhead(1, 0.1, 0.1, False),
                  Interval(9, 8, 10), endpoint="shop", instance_type="m5.large")  # fmt: skip


def _run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**given: Any) -> None:
        asyncio.run(test(**given))

    return run


def _files(folder: Path) -> list[Path]:
    return list(folder.glob("*/*"))


class Process:
    """A generator that runs until it is stopped, or ended with a code and an output."""

    def __init__(self, folder: Path, code: int | None, output: bytes) -> None:
        folder.mkdir(parents=True)
        (folder / "out").write_bytes(output)
        self.folder, self.returncode, self.stopped = folder, code, False
        self.process = self

    @property
    def running(self) -> bool:
        return self.returncode is None

    def output(self) -> bytes:
        return (self.folder / "out").read_bytes()

    def said_last(self) -> str:
        return "it said no"

    async def stop(self) -> None:
        self.stopped = True


class Starter:
    """Starts generators of a kind, and remembers their command lines."""

    def __init__(self, code: int | None = 0, output: bytes = b"", fails: Exception | None = None) -> None:
        self.code, self.output_, self.fails = code, output, fails
        self.commands: list[list[str]] = []
        self.made: list[Process] = []
        self.begun = asyncio.Event()

    async def __call__(self, command: Sequence[str], folder: Path) -> Any:
        self.commands.append(list(command))
        self.begun.set()
        self.made.append(Process(folder, self.code, self.output_))
        if self.fails is not None:
            raise self.fails
        return self.made[-1]


async def _orders(state: State, folder: Path, starter: Starter) -> Orders:
    clock = ManualClock(1_800_000_000_000)
    served = ServedStore(state, clock)
    environment = {"TRIMTAB_URL": "http://127.0.0.1:9/x", "TRIMTAB_BODY": "--body"}
    form = {"PrimaryContainer": {"Environment": environment}}
    await served.create(PLACE, MODEL, "model", form, "InService")
    variants = [{"VariantName": "A", "ModelName": "model", "InstanceType": "ml.m5.large"}]
    await served.create(PLACE, CONFIG, "config", {"ProductionVariants": variants}, "InService")
    await served.create(PLACE, ENDPOINT, "shop", {"EndpointConfigName": "config"}, "InService")
    return Orders(state, served, LoadTestStore(state, clock), clock, folder / "tests", open_gate(), starter)


async def _settled(orders: Orders) -> None:
    await orders.turn()
    if orders._task is not None:
        await orders._task


@pytest.mark.parametrize(
    ("starter", "status"),
    [
        (Starter(0, msgspec.json.encode(RESULT)), ENDED),
        (Starter(0, b"{"), FAILED),
        (Starter(1), FAILED),
        (Starter(fails=OSError("no process")), FAILED),
    ],
    ids=["good", "not a result", "failed", "not started"],
)
@_run
async def test_a_test_ends_somehow_and_leaves_no_files(
    state: State, tmp_path: Path, starter: Starter, status: str
) -> None:
    orders = await _orders(state, tmp_path, starter)
    asked = await orders.order(PLACE, "shop", ASKED, "ann")
    await _settled(orders)
    found = await orders.get(EVERYTHING, asked.id)
    assert (status, bool(found.problem)) == (found.status, status == FAILED)
    assert [] == _files(tmp_path)
    assert starter.fails or all(one.stopped for one in starter.made)
    assert (status == ENDED) == bool(found.test_id)
    [command] = starter.commands
    assert ["loadtest", "run", "http://127.0.0.1:9/x"] == command[:3]
    assert ["--connect-to", "127.0.0.1"] == command[-2:]  # the address that the gate returned


@_run
async def test_a_test_that_runs_is_stopped_and_its_generator_ends(state: State, tmp_path: Path) -> None:
    starter = Starter(None)
    orders = await _orders(state, tmp_path, starter)
    asked = await orders.order(PLACE, "shop", ASKED, "ann")
    await orders.turn()
    await starter.begun.wait()
    await orders.stop(EVERYTHING, asked.id)
    await _settled(orders)
    assert STOPPED == (await orders.get(EVERYTHING, asked.id)).status
    assert starter.made[0].stopped
    with pytest.raises(Conflict):
        await orders.stop(EVERYTHING, asked.id)


@_run
async def test_a_server_that_stops_ends_its_generator_and_begins_the_test_again(state: State, tmp_path: Path) -> None:
    starter = Starter(None)
    orders = await _orders(state, tmp_path, starter)
    await orders.order(PLACE, "shop", ASKED, "ann")
    await orders.turn()
    await starter.begun.wait()
    await orders.close()
    assert starter.made[0].stopped
    assert [] == _files(tmp_path)
    starter.begun.clear()
    await orders.turn()
    await starter.begun.wait()
    await orders.close()


@_run
async def test_only_registered_endpoints_are_tested(state: State, tmp_path: Path) -> None:
    orders = await _orders(state, tmp_path, Starter())
    with pytest.raises(NotFound):
        await orders.order(PLACE, "http://10.0.0.1/", ASKED, "ann")
    with pytest.raises(InvalidInput, match="no variant"):
        await orders.order(PLACE, "shop", Asked(50.0, variant="B"), "ann")
    assert [] == await orders.listed(EVERYTHING)
