"""The port by which advice asks what the allocation says of owners."""

from collections.abc import Awaitable, Callable

from trimtab.inventory.owners import NO_RULES, OwnerRules

Rules = Callable[[], Awaitable[OwnerRules]]
"""Asks what the allocation in force says."""


async def no_rules() -> OwnerRules:
    """Where there is no allocation."""
    return NO_RULES
