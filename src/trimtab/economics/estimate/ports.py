"""What the live estimate asks of others: what was seen to run, what was counted, and what is new costs."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from trimtab.economics.estimate.model import Floats, Price, Running


class Meters(Protocol):
    """Meters of use."""

    async def hours(self, start_ms: int, end_ms: int) -> Mapping[str, Floats]:
        """By resource, as bills name it: the share of each hour of the range in which it was seen to run.

        What no meter watches is not in it. Raises QueryAborted, Unavailable.
        """
        ...

    async def used(self, kind: str, start_ms: int, end_ms: int) -> Mapping[str, float]:
        """What was counted of `kind` (`input-tokens`, `output-tokens`, `requests`) by model or endpoint; empty where
        nothing is."""
        ...

    async def running(self) -> Sequence[Running]:
        """The machines that there are now."""
        ...

    async def price(self, machine: Running, at_ms: int) -> Price | None:
        """Its price an hour by own rate or list; None where neither says."""
        ...


class NoMeters:
    """Before anything is measured."""

    async def hours(self, start_ms: int, end_ms: int) -> Mapping[str, Floats]:
        """None."""
        del start_ms, end_ms
        return {}

    async def used(self, kind: str, start_ms: int, end_ms: int) -> Mapping[str, float]:
        """Nothing."""
        del kind, start_ms, end_ms
        return {}

    async def running(self) -> Sequence[Running]:
        """No machine: no source is connected."""
        return ()

    async def price(self, machine: Running, at_ms: int) -> Price | None:
        """None: no price is known without a source of prices."""
        del machine, at_ms
        return None
