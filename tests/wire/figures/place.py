"""Where figures are shown: a place has a name and a reader of one range; its first place is what others must equal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from wire.figures.reading import Site, Span, Values

Reader = Callable[[Site, Span], Values | None]


@dataclass(frozen=True, slots=True)
class Place:
    """A place where a figure is shown. `days`: over whole days alone; `part`: it leaves out some groups or currencies.

    `reason` says why it is not read over the range that is walked, where it is not.
    """

    name: str
    read: Reader
    days: bool = False
    part: bool = False
    reason: str = ""


Places = Mapping[str, Sequence[Place]]
