"""Where a query's samples come from: a port. The engine's is in `stored.py`, one in memory in `memory.py`."""

from dataclasses import dataclass, field
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.metrics.promql.allowance import Allowance
from trimtab.metrics.promql.language.syntax import Matcher
from trimtab.metrics.promql.values import Integers, Samples


@dataclass(frozen=True, slots=True)
class Read:
    """One selector's samples: those of series that match, in (start, end] (ms).

    Where `steps` are given, only the newest sample at or before each of them is looked at, if it is younger than the
    look-back: a source may leave out the others.
    """

    matchers: tuple[Matcher, ...]
    start_ms: int
    end_ms: int
    steps: Integers | None = field(default=None, compare=False)
    lookback_ms: int = 0


class Source(Protocol):
    """Answers reads."""

    async def read(self, scope: Scope, reads: list[Read], allowance: Allowance) -> list[Samples]:
        """The samples of each read, series ordered by their labels. Series without a sample may be left out.

        What is read is taken of `allowance`. Raises TooManySamples.
        """
        ...
