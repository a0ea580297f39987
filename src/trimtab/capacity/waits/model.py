"""Words of waits in a queue: what asked for GPUs when, and when it started, if it did. Times in s, of one clock."""

from msgspec import Struct


class Asked(Struct, frozen=True, kw_only=True):
    """What is known of a job when it is submitted. `ahead`: jobs that were waiting then."""

    key: str
    submit_s: float
    gpus: float = 0.0
    gpu_type: str = ""
    owner: str = ""
    queue: str = ""
    ahead: int = 0


class Wait(Struct, frozen=True):
    """A job's wait: to its start, or, where it never started, for as long as it was in the queue (censored)."""

    asked: Asked
    end_s: float
    started: bool

    @property
    def length_s(self) -> float:
        """How long it waited, or was seen to wait."""
        return max(self.end_s - self.asked.submit_s, 0.0)


class Expected(Struct, frozen=True):
    """How long a job waits in all, from its submission, if it is not withdrawn: 80 % of such waits lie in
    `[low_s, high_s]`, half are at most `median_s`. `waits` of the past were looked at, in the way that `by` names.
    """

    low_s: float
    median_s: float
    high_s: float
    waits: int
    by: str
