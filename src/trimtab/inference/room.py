"""The room as doors and pages are given it."""

from dataclasses import dataclass

from trimtab.base.clock import Clock
from trimtab.inference.store import LoadTestStore
from trimtab.store.state.database import State


@dataclass(frozen=True, slots=True)
class InferenceRoom:
    """Everything that may be asked of load tests."""

    clock: Clock
    tests: LoadTestStore

    @classmethod
    def of(cls, state: State, clock: Clock) -> "InferenceRoom":
        """The room over a state database."""
        return cls(clock, LoadTestStore(state, clock))
