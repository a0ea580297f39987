"""How many made-up examples a property is tried on: all of them in `make test-all`, a part of them in `make test`."""

import os

DEEP = os.environ.get("DEEP") == "1"


def examples(number: int) -> int:
    """`number`, or a quarter of it."""
    return number if DEEP else max(number // 4, 3)
