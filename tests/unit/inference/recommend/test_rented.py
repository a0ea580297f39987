"""Rented endpoints: whatever fails, nothing is left behind, and no more is spent than may be."""

import asyncio
import contextlib
from decimal import Decimal
from pathlib import Path

import pytest

from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.inference.recommend.rented import Budget, Journal, Renter

PRICE = Decimal("3.6")  # a tenth of a cent a second


class Cloud:
    """Endpoints that exist. `fails` says which call fails; `stuck` is how many deletions do."""

    def __init__(self, fails: str = "", stuck: int = 0, status: str = "InService") -> None:
        self.live: set[str] = set()
        self.fails, self.stuck, self.reached = fails, stuck, status
        self.clock = 0.0

    def now(self) -> float:
        return self.clock

    def create(self, name: str, model: str, instance_type: str) -> None:
        self.clock += 10
        if self.fails == "before create":
            raise Unavailable("no answer")
        self.live.add(name)
        if self.fails == "after create":  # it was made, and the answer was lost
            raise Unavailable("no answer")

    def status(self, name: str) -> str:
        self.clock += 10
        if self.fails == "status" and self.live:
            self.fails = ""
            raise Unavailable("no answer")
        return self.reached if name in self.live else ""

    def delete(self, name: str) -> None:
        if self.stuck:
            self.stuck -= 1
            raise Unavailable("no answer")
        self.live.discard(name)


def _renter(cloud: Cloud, path: Path, cap: str = "1") -> Renter:
    budget = Budget(Decimal(cap))
    return Renter(cloud, Journal(path / "rented.json"), budget, 60.0, lambda: cloud.now(), look_s=0.0, retry_s=0.0)


async def _use(renter: Renter, failure: BaseException | None = None) -> None:
    async with renter.rented("model", "ml.m5.large", PRICE, 10.0):
        if failure is not None:
            raise failure


@pytest.mark.parametrize("fails", ["", "before create", "after create", "status"])
@pytest.mark.parametrize("status", ["InService", "Failed", "Creating"])
@pytest.mark.parametrize("stuck", [0, 2])
def test_nothing_is_left_behind_whatever_fails(fails: str, status: str, stuck: int, tmp_path: Path) -> None:
    cloud = Cloud(fails, stuck, status)
    renter = _renter(cloud, tmp_path)
    with contextlib.suppress(Unavailable):
        asyncio.run(_use(renter))
    assert not cloud.live
    assert [] == renter.journal.names()
    assert renter.budget.spent > 0


@pytest.mark.parametrize("failure", [ValueError("a fault"), KeyboardInterrupt(), InvalidInput("no")])
def test_a_test_that_fails_leaves_nothing(failure: BaseException, tmp_path: Path) -> None:
    cloud = Cloud()
    with pytest.raises(type(failure)):
        asyncio.run(_use(_renter(cloud, tmp_path), failure))
    assert not cloud.live


def test_a_test_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    cloud = Cloud()

    async def run() -> None:
        async def test() -> None:
            async with _renter(cloud, tmp_path).rented("model", "ml.m5.large", PRICE, 10.0):
                begun.set()
                await asyncio.sleep(3600)

        begun = asyncio.Event()
        task = asyncio.create_task(test())
        await begun.wait()
        assert cloud.live
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert not cloud.live


def test_what_cannot_be_deleted_is_remembered_and_deleted_by_the_next_process(tmp_path: Path) -> None:
    cloud = Cloud(stuck=100)
    with pytest.raises(Unavailable, match="costs money"):
        asyncio.run(_use(_renter(cloud, tmp_path)))
    assert 1 == len(cloud.live)
    cloud.stuck = 0
    later = _renter(cloud, tmp_path)
    assert sorted(later.journal.names()) == asyncio.run(later.clean())
    assert not cloud.live
    assert [] == later.journal.names()


def test_the_cap_ends_a_test_and_refuses_the_next(tmp_path: Path) -> None:
    cloud = Cloud()
    renter = _renter(cloud, tmp_path, "0.02")  # 20 s, of which coming into service takes all

    with pytest.raises(TrimtabError, match="cap"):
        asyncio.run(_use_long(renter))
    assert not cloud.live
    with pytest.raises(InvalidInput, match="cannot rent"):
        asyncio.run(_use(renter))
    assert not cloud.live


async def _use_long(renter: Renter) -> None:
    async with renter.rented("model", "ml.m5.large", PRICE, 10.0):
        await asyncio.sleep(3600)


def test_a_journal_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "rented.json").write_text("{")
    with pytest.raises(Unavailable, match="names rented endpoints"):
        _renter(Cloud(), tmp_path).journal.names()
