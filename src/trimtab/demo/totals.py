"""Running totals of counters, kept from slab to slab."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from trimtab.demo.noise import Floats, Marks


class Totals:
    """What each counter has counted so far, by the name of its group (a column of totals each)."""

    def __init__(self, known: dict[str, Floats] | None = None) -> None:
        self.known = known or {}

    def grow(self, group: str, rates: Floats, step_s: int, restarts: Marks | None = None) -> Floats:
        """The totals at each time, where `rates` (series, times) are per second over the step before it.

        `restarts` marks where a process began anew, and its counters with it.
        """
        before = self.known.get(group)
        if before is None:
            before = np.zeros((len(rates), 1))
        totals = np.cumsum(rates * step_s, axis=1)
        totals += before
        if restarts is not None:
            for row, column in np.argwhere(restarts):
                totals[row, column:] -= totals[row, column - 1] if column else before[row, 0]
        self.known[group] = totals[:, -1:].copy()
        return np.floor(totals)

    def save(self, path: Path) -> None:
        """Write them to a file."""
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **self.known)

    @classmethod
    def load(cls, path: Path) -> "Totals":
        """Read what `save` wrote. Raises OSError, or ValueError for another file."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                return cls({name: found[name] for name in found.files})
        except BadZipFile as problem:
            raise ValueError(f"cannot read totals from {path}: {problem}") from problem
