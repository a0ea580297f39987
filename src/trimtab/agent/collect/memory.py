"""Memory and swap: bytes by state, and shares of the whole."""

from typing import Any

import psutil

from trimtab.agent.reading import Reading


def readings() -> list[Reading]:
    """Memory and paging space of the machine now."""
    return [*of_memory(psutil.virtual_memory()), *of_paging(psutil.swap_memory())]


def of_memory(memory: Any) -> list[Reading]:
    """Readings of psutil's virtual memory tuple.

    `used` is what is neither free, cached nor buffers, so the states add up to the limit (psutil's own `used`
    is total - available, which overlaps with cached). macOS and Windows know only used and free.
    """
    total, free = memory.total, memory.free
    states = {"free": free}
    for state in ("cached", "buffers"):
        if hasattr(memory, state):
            states[state] = getattr(memory, state)
    states = {"used": max(0, total - sum(states.values())), **states}
    found = [Reading("system.memory.limit", "By", total)]
    for state, bytes_ in states.items():
        attributes = (("system.memory.state", state),)
        found.append(Reading("system.memory.usage", "By", bytes_, attributes))
        if total:
            found.append(Reading("system.memory.utilization", "1", bytes_ / total, attributes))
    if "cached" in states:
        found.append(Reading("system.linux.memory.available", "By", memory.available))
    return found


def of_paging(swap: Any) -> list[Reading]:
    """Used and free paging space; nothing on a machine without any."""
    if not swap.total:
        return []
    return [
        Reading("system.paging.usage", "By", getattr(swap, state), (("system.paging.state", state),))
        for state in ("used", "free")
    ]
