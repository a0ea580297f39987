"""How many made-up examples a property is tried on: all of them in `make test-all`, a part of them in `make test`."""

import os

import pytest

DEEP = os.environ.get("DEEP") == "1"


THEMES = ("light", pytest.param("dark", marks=pytest.mark.slow))
"""Of pages whose colours other pages show too: in the dark they are looked at in `make test-all`."""


def examples(number: int) -> int:
    """`number`, or a quarter of it."""
    return number if DEEP else max(number // 4, 3)
