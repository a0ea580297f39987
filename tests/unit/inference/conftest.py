"""Running coroutines from plain tests."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest


@pytest.fixture
def anyio_run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    return asyncio.run
