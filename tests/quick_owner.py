"""The engine owner of unit tests: it interprets also those expressions that it sees often."""

import sys

from trimtab.store.telemetry import owner
from trimtab.store.telemetry.owner_http import Connection, Handles

OFF = ("compile_expressions", "compile_aggregate_expressions", "compile_sort_description")
_open = Handles._open


def _open_quick(self: Handles) -> tuple[dict[str, str], Connection]:
    settings, handle = _open(self)
    for name in OFF:
        handle.query(f"SET {name} = 0")
    return settings, handle


if __name__ == "__main__":
    Handles._open = _open_quick  # type: ignore[method-assign]
    sys.exit(owner.main())
