"""A job of commands: its parts (one, or those of an array), their attempts, and what status they make together.

Words and rules are AWS Batch's (user guide, "Job states", "Automated job retries", "Array jobs"). Times are ms since
the epoch. Everything here is plain data and pure functions over it.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct, field

SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED = (
    "SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED",
)  # fmt: skip
ORDER = (SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED)
OVER = frozenset({SUCCEEDED, FAILED})
UNDER_WAY = frozenset({STARTING, RUNNING})
FINISHED = "Essential container in task exited"  # AWS's words for a command that ended
HOST_LOST = "Host terminated: the server that ran the attempt ended"
TIMED_OUT = "Job attempt duration exceeded timeout"
DEPENDENT_FAILED = "Dependent Job failed"


class Attempt(Struct):
    """One run of the command. `exit_code` is None where it never ended by itself."""

    started_ms: int
    stopped_ms: int | None = None
    exit_code: int | None = None
    reason: str = ""
    status_reason: str = ""


class Part(Struct):
    """A job's one run, or one index of an array."""

    status: str = SUBMITTED
    reason: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    stopped_ms: int | None = None
    cancelled: bool = False
    terminated: bool = False

    @property
    def started_ms(self) -> int | None:
        """When its last attempt began."""
        return self.attempts[-1].started_ms if self.attempts else None


class Rule(Struct):
    """One of evaluateOnExit: patterns ("" fits all) and RETRY or EXIT."""

    action: str
    status_reason: str = ""
    reason: str = ""
    exit_code: str = ""

    def fits(self, attempt: Attempt) -> bool:
        """Whether it speaks of an attempt."""
        code = "" if attempt.exit_code is None else str(attempt.exit_code)
        told = (
            (self.status_reason, attempt.status_reason),
            (self.reason, attempt.reason),
            (self.exit_code, code),
        )
        return all(not pattern or fnmatchcase(value.lower(), pattern.lower()) for pattern, value in told)


class CommandJob(Struct):
    """A job as it is kept. `size` is 0 for one that is no array; `parts` has one for each index."""

    id: str
    name: str
    queue: str
    definition: str
    command: list[str]
    environment: dict[str, str]
    created_ms: int
    directory: str = ""
    size: int = 0
    tries: int = 1
    timeout_s: int = 0
    rules: list[Rule] = field(default_factory=list)
    depends_on: list[str] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    overridden: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=lambda: [Part()])

    @property
    def status(self) -> str:
        """The whole job's: of an array PENDING while any part is not over."""
        if not self.size:
            return self.parts[0].status
        if all(one.status in OVER for one in self.parts):
            return FAILED if any(one.status == FAILED for one in self.parts) else SUCCEEDED
        return SUBMITTED if all(one.status == SUBMITTED for one in self.parts) else PENDING

    @property
    def over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status in OVER

    @property
    def started_ms(self) -> int | None:
        """When the first part began."""
        return min((one.attempts[0].started_ms for one in self.parts if one.attempts), default=None)

    @property
    def stopped_ms(self) -> int | None:
        """When the last part ended."""
        return max((one.stopped_ms or 0 for one in self.parts), default=0) or None if self.over else None

    def summary(self) -> dict[str, int]:
        """How many parts are in each status."""
        return {status: sum(one.status == status for one in self.parts) for status in ORDER}

    def ready(self, others: Mapping[str, "CommandJob | None"], now_ms: int) -> None:
        """Move parts that wait for other jobs: on, or to FAILED where one of these failed or is gone."""
        known = [others.get(id_) for id_ in self.depends_on]
        failed = any(one is None or one.status == FAILED for one in known)
        status = FAILED if failed else RUNNABLE if all(one is not None and one.over for one in known) else PENDING
        for one in self.parts:
            if one.status in (SUBMITTED, PENDING):
                one.status = status
                if failed:
                    one.reason, one.stopped_ms = DEPENDENT_FAILED, now_ms

    def begin(self, index: int, now_ms: int) -> int:
        """Begin an attempt of a part; its number, from 1."""
        part = self.parts[index]
        part.status, part.reason = STARTING, ""
        part.attempts.append(Attempt(now_ms))
        return len(part.attempts)

    def end(self, index: int, now_ms: int, exit_code: int | None, reason: str, status_reason: str) -> None:
        """End the attempt of a part: it succeeded, is tried again, or failed."""
        part = self.parts[index]
        last = part.attempts[-1]
        last.stopped_ms, last.exit_code, last.reason, last.status_reason = now_ms, exit_code, reason, status_reason
        again = exit_code != 0 and not (part.terminated or part.cancelled) and self._again(part, last)
        part.status = SUCCEEDED if exit_code == 0 and not part.terminated else RUNNABLE if again else FAILED
        if part.status in OVER:
            part.stopped_ms = now_ms
            part.reason = part.reason if part.terminated and part.reason else status_reason

    def _again(self, part: Part, last: Attempt) -> bool:
        if len(part.attempts) >= self.tries:
            return False
        return next((one.action.upper() == "RETRY" for one in self.rules if one.fits(last)), True)

    def lose(self, indexes: Sequence[int], now_ms: int) -> None:
        """What ran is gone with the server that ran it: each counts as an attempt that failed."""
        for index in indexes:
            if self.parts[index].status in UNDER_WAY:
                self.end(index, now_ms, None, "", HOST_LOST)

    def cancel(self, indexes: Sequence[int], reason: str, now_ms: int) -> None:
        """End what has not begun; what runs goes on, as CancelJob has it."""
        for index in indexes:
            part = self.parts[index]
            if part.status not in OVER | UNDER_WAY:
                part.status, part.reason, part.stopped_ms, part.cancelled = FAILED, reason, now_ms, True

    def terminate(self, indexes: Sequence[int], reason: str, now_ms: int) -> None:
        """End everything: what has not begun now, what runs when its process has ended."""
        for index in indexes:
            part = self.parts[index]
            if part.status in OVER:
                continue
            part.terminated, part.reason = True, reason
            if part.status not in UNDER_WAY:
                part.status, part.stopped_ms = FAILED, now_ms
