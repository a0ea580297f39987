"""How an ingestion reads a data set."""

from collections.abc import Awaitable, Callable

from trimtab.access.principal import Principal

Refresh = Callable[[Principal, str], Awaitable[tuple[int, int]]]
"""Read a dataset by its name for a caller, into its extract where it has one: (rows, bytes) that were read."""
