"""The room of detectors as its users are given it."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.detectors.book import DetectorBook
from trimtab.detectors.store import DetectorStore
from trimtab.store.state.database import State


class DetectorRoom(Struct, frozen=True):
    """Detectors as kept, and the memory of them that bands are made with."""

    store: DetectorStore
    book: DetectorBook

    @classmethod
    def of(cls, state: State, clock: Clock) -> "DetectorRoom":
        """The room over a state database."""
        store = DetectorStore(state, clock)
        return cls(store, DetectorBook(store, clock))
