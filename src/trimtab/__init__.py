"""trimtab: see what each team's GPUs did and cost, what was wasted, and what to change."""

import sys

__version__ = "0.3.0"

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # httpx then leaves out its command line,
# which loads rich and pygments: half a second of every start. None is the documented way to forbid an import.
