"""SageMaker endpoints that are rented for a test: under a cost cap, and never left behind.

An endpoint is written into a journal before it is asked for and taken out of it when its deletion was confirmed, so
that whatever ends this process, the next one deletes what it left. Its time is paid from its request to its deletion.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from msgspec import Struct, field

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.base.ids import new_id

PREFIX = "trimtab-loadtest-"
_DELETE_TRIES = 6
_HOUR_S = Decimal(3600)


class Renting(Protocol):
    """Who rents endpoints. Every call may raise Unavailable or InvalidInput."""

    def create(self, name: str, model: str, instance_type: str) -> None:
        """Ask for an endpoint of one instance, and for its configuration, both of that name."""
        ...

    def status(self, name: str) -> str:
        """Its status as SageMaker names it; empty where there is none."""
        ...

    def delete(self, name: str) -> None:
        """Delete the endpoint and its configuration; what is not there is deleted."""
        ...


class Journal(Struct):
    """The names of endpoints that may exist, in a file that is replaced as a whole."""

    path: Path

    def names(self) -> list[str]:
        """What may exist. Raises Unavailable for a file that cannot be read: it may name what costs money."""
        try:
            return list(map(str, json.loads(self.path.read_text(encoding="utf-8"))))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as problem:
            raise Unavailable(f"cannot read {self.path}, which names rented endpoints: {problem}") from problem

    def add(self, name: str) -> None:
        """One more."""
        self._write([*self.names(), name])

    def remove(self, name: str) -> None:
        """One less."""
        self._write([one for one in self.names() if one != name])

    def _write(self, names: list[str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(names), encoding="utf-8")
        beside.replace(self.path)


class Budget(Struct):
    """How much may be spent; `spent` grows with every endpoint that was rented."""

    cap: Decimal
    spent: Decimal = Decimal(0)

    def seconds_left(self, per_hour: Decimal) -> float:
        """How long an endpoint at a price may still be rented."""
        return float(max(self.cap - self.spent, Decimal(0)) / per_hour * _HOUR_S)

    def pay(self, per_hour: Decimal, seconds: float) -> None:
        """An endpoint was rented for so long."""
        self.spent += per_hour * Decimal(str(round(seconds, 3))) / _HOUR_S


class Rented(Struct, frozen=True):
    """An endpoint in service: its name, the seconds until it was, and how long it may be used."""

    name: str
    setup_s: float
    seconds_left: float


class Renter(Struct):
    """Rents endpoints one at a time. `now` is the monotonic clock; `look_s` and `retry_s` are pauses."""

    renting: Renting
    journal: Journal
    budget: Budget
    patience_s: float = 900.0
    now: Callable[[], float] = field(default_factory=lambda: SystemClock().monotonic)
    look_s: float = 5.0
    retry_s: float = 2.0

    async def clean(self) -> list[str]:
        """Delete what an earlier process left behind; the names of what was deleted."""
        names = self.journal.names()
        for name in names:
            await self._delete(name)
        return names

    @contextlib.asynccontextmanager
    async def rented(self, model: str, instance_type: str, per_hour: Decimal, needed_s: float) -> AsyncIterator[Rented]:
        """An endpoint of one instance; it is deleted with the block, however that ends.

        Raises InvalidInput where what is left of the budget does not last for `needed_s`, Unavailable for an endpoint
        that fails or does not come in time or before the budget is used up.
        """
        if self.budget.seconds_left(per_hour) < needed_s:
            raise InvalidInput(
                f"cannot rent {instance_type} for {needed_s:.0f} s at {per_hour} an hour: "
                f"{self.budget.cap - self.budget.spent:.4f} of the cap of {self.budget.cap:f} is left"
            )
        name = f"{PREFIX}{new_id()[:13]}"
        self.journal.add(name)
        began = self.now()
        try:
            await asyncio.to_thread(self.renting.create, name, model, instance_type)
            await self._in_service(name, began, self.budget.seconds_left(per_hour))
            setup_s = self.now() - began
            left_s = self.budget.seconds_left(per_hour) - setup_s
            async with asyncio.timeout(max(0.0, left_s)):
                yield Rented(name, setup_s, left_s)
        except TimeoutError:
            raise Unavailable(f"the cost cap of {self.budget.cap:f} was reached at {instance_type}") from None
        finally:
            try:
                # Shielded: that a test is cancelled must not leave what it rents.
                await asyncio.shield(self._delete(name))
            finally:
                self.budget.pay(per_hour, self.now() - began)

    async def _in_service(self, name: str, began: float, affordable_s: float) -> None:
        while (status := await asyncio.to_thread(self.renting.status, name)) != "InService":
            if status in ("Failed", "OutOfService", ""):
                raise Unavailable(f"endpoint {name} did not come into service: it is {status or 'gone'}")
            if self.now() - began > min(self.patience_s, affordable_s):
                raise Unavailable(f"endpoint {name} did not come into service within {self.now() - began:.0f} s")
            await asyncio.sleep(self.look_s)

    async def _delete(self, name: str) -> None:
        """Delete until it is confirmed to be gone. Raises Unavailable where it stays: it is in the journal then."""
        problem = ""
        for attempt in range(_DELETE_TRIES):
            try:
                await asyncio.to_thread(self.renting.delete, name)
                if await asyncio.to_thread(self.renting.status, name) in ("", "Deleting"):
                    self.journal.remove(name)
                    return
            except (Unavailable, InvalidInput) as failed:
                problem = str(failed)
            await asyncio.sleep(self.retry_s * 2**attempt if attempt < _DELETE_TRIES - 1 else 0)
        raise Unavailable(
            f"endpoint {name} could not be deleted and costs money: {problem or 'it is still there'}; "
            f"`trimtab loadtest clean` tries again"
        )
