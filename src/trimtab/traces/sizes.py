"""How many spans a trace has: one that grows without end (a loop that forgets to close) is cut at a limit.

Counts are of this process and of the traces that were heard of last; a trace that was forgotten starts anew.
"""

from collections import OrderedDict
from collections.abc import Mapping

DEFAULT_MOST = 50_000
"""Spans a trace: what a page can still show; Tempo's limit by count was the same."""
_REMEMBERED = 200_000
"""Traces counted: some 30 MB."""


class TraceSizes:
    """Counts spans by trace."""

    def __init__(self, most: int = DEFAULT_MOST) -> None:
        self.most = most
        self._counts: OrderedDict[str, int] = OrderedDict()  # the longest silent first

    def room(self, trace_id: str) -> int:
        """How many more spans a trace may have."""
        return self.most - self._counts.get(trace_id, 0)

    def over(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Of traces with so many spans more, those that have no room for all: how many each may have."""
        return {trace: max(room, 0) for trace, size in sizes.items() if size > (room := self.room(trace))}

    def add(self, sizes: Mapping[str, int]) -> None:
        """Spans were kept."""
        counts = self._counts
        for trace, size in sizes.items():
            counts[trace] = counts.pop(trace, 0) + size
        while len(counts) > _REMEMBERED:
            counts.popitem(last=False)

    def forget(self) -> None:
        """Everything was wiped."""
        self._counts.clear()

    @property
    def reason(self) -> str:
        """Why a span is refused."""
        return f"a trace has more than {self.most} spans (TRIMTAB_MAX_SPANS_PER_TRACE)"
