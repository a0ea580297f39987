"""What a held GPU does at a moment: one of these. Held hours are their sum."""

from enum import IntEnum


class Phase(IntEnum):
    """What a GPU that a run holds does: `PRODUCTIVE`, or time lost up to `IDLE`."""

    PRODUCTIVE = 0
    WARMING_UP = 1
    """From the start, or a restart, until it first works: loading, compiling, joining the others."""
    CHECKPOINTING = 2
    RECOMPUTED = 3
    """It works on steps that were done before a failure."""
    STRAGGLER = 4
    """It waits for a rank that is slower."""
    STARVED = 5
    """It waits for its input."""
    COMMUNICATION = 6
    """It moves data between GPUs and computes little."""
    HUNG = 7
    """Its kernels run, and no rank of the run moves any data."""
    IDLE = 8
    """No kernel runs."""
    UNKNOWN = 9
    """Too few signals tell."""

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS = {
    Phase.PRODUCTIVE: "productive",
    Phase.WARMING_UP: "warming up",
    Phase.CHECKPOINTING: "checkpointing",
    Phase.RECOMPUTED: "recomputed after a failure",
    Phase.STRAGGLER: "waiting for a straggler",
    Phase.STARVED: "starved of input",
    Phase.COMMUNICATION: "communication-bound",
    Phase.HUNG: "hung",
    Phase.IDLE: "idle",
    Phase.UNKNOWN: "unknown",
}
