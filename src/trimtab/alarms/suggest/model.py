"""What is suggested for an alarm, and by what it is judged. Nothing here changes."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.alarms.replay.model import CannotReplay, Replay


class CannotSuggest(CannotReplay):
    """cannot suggest anything for <alarm>: <why>."""


class Incident(Struct, frozen=True):
    """Something that an alarm should tell of, `[start_ms, end_ms)`; `marked` by a person, else found in the metric."""

    start_ms: int
    end_ms: int
    marked: bool = False


class Candidate(Struct, frozen=True):
    """A way to judge: `m` of `n` periods of `period_s` beyond `threshold` (None: the edges of the band)."""

    period_s: int
    threshold: float | None
    n: int
    m: int

    @property
    def least_ms(self) -> int:
        """The time that it takes at least from the first breaching period on."""
        return self.m * self.period_s * 1000


class Score(Struct, frozen=True):
    """How a candidate did over the range.

    `noise` counts the alarms that no incident explains (`false`) and those that came within half an hour after the one
    before (`flaps`), each once. The delay is from an incident's begin to its first alarm: the median of those that were
    detected, None where none was.
    """

    fired: int
    false: int
    flaps: int
    noise: int
    detected: int
    missed: int
    delay_ms: int | None
    worst_delay_ms: int | None
    firing_ms: int


class Proposal(Struct, frozen=True):
    """A candidate with its score, the form that puts it, its replay, and in words what it changes."""

    candidate: Candidate
    score: Score
    form: Mapping[str, Any]
    replay: Replay
    title: str
    reason: str
    recommended: bool = False


class Suggestions(Struct, frozen=True):
    """What is suggested for an alarm over a range; the first proposal is the quiet one.

    `definition` says in a sentence what counted as an incident; `verdict` what the suggestion comes to.
    """

    start_ms: int
    end_ms: int
    incidents: tuple[Incident, ...]
    definition: str
    now: Proposal
    proposals: tuple[Proposal, ...]
    verdict: str
    considered: int
    notes: tuple[str, ...] = ()
