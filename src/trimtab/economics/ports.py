"""What the room asks of others: how much of something each owner used, and who held which GPU when."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from trimtab.economics.shared.model import MachineDays


class UseReader(Protocol):
    """Reads use by owner: what a split by metric is weighed with."""

    async def use(self, metric: str, by: str, start_ms: int, end_ms: int) -> Mapping[str, Decimal]:
        """How much of `metric` (`gpu-seconds`, `requests`, `tokens`, or a metric's name) each value of tag `by` used.

        Raises InvalidInput for a metric that nothing is known of.
        """
        ...


class MachineReader(Protocol):
    """Knows the machines whose GPUs are shared."""

    async def machines(self, resources: Sequence[str], start_ms: int, end_ms: int) -> Mapping[str, MachineDays]:
        """Those of `resources` (as bills name them) that are known, with the parts of each of their days."""
        ...


class NoUse:
    """Before anything is measured."""

    async def use(self, metric: str, by: str, start_ms: int, end_ms: int) -> Mapping[str, Decimal]:
        """Nothing."""
        del metric, by, start_ms, end_ms
        return {}


class NoMachines:
    """Before any machine is known."""

    async def machines(self, resources: Sequence[str], start_ms: int, end_ms: int) -> Mapping[str, MachineDays]:
        """None."""
        del resources, start_ms, end_ms
        return {}
