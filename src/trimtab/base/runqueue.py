"""How long this thread has waited for a core: what others on the machine cost it, and no fault of its work.

Source: the kernel's sched-stats, `/proc/<pid>/schedstat`: time on a core, time waiting for one (ns), turns.
"""

from pathlib import Path

_PATH = Path("/proc/thread-self/schedstat")


def waited_s() -> float:
    """Seconds since the thread began; always 0 where the kernel does not tell."""
    try:
        return int(_PATH.read_bytes().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
