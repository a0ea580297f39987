"""Do nothing: the size stays what it is. What every other strategy must beat."""

import numpy as np
from msgspec import Struct

from trimtab.advice.rightsizing.use import DailyUse, Floats


class Nothing(Struct, frozen=True):
    """The size of today, on all days. `size` in the unit of the use."""

    size: float = 100.0
    name: str = "nothing"
    title: str = "Do nothing"

    def sizes(self, use: DailyUse) -> Floats:
        """The size, whatever the use."""
        return np.full((len(use), use.days + 1), self.size)
