"""Scores a way to judge by its times in ALARM and the incidents that there were. Pure."""

from collections.abc import Sequence

import numpy as np

from trimtab.alarms.evaluate import Codes, Integers, Verdict
from trimtab.alarms.suggest.model import Candidate, Incident, Score

FLAP_MS = 30 * 60_000
"""An alarm that comes back sooner is the same one to whoever is called: a flap."""


def alarms_of(times: Integers, codes: Codes, delay_ms: int, end_ms: int) -> tuple[Integers, Integers]:
    """When each time in ALARM begins and ends (ms), from successive verdicts. One at the very first does not count."""
    told = np.flatnonzero(codes != Verdict.KEEP)
    firing = codes[told] == Verdict.ALARM
    turns = np.flatnonzero(firing[1:] != firing[:-1]) + 1
    at = times[told[turns]] + delay_ms
    begins = at[firing[turns]]
    ends = at[~firing[turns]]
    if len(firing) and firing[0]:
        ends = ends[1:]
    return begins, np.append(ends, np.full(len(begins) - len(ends), end_ms, dtype=np.int64))


def score(candidate: Candidate, begins: Integers, ends: Integers, incidents: Sequence[Incident]) -> Score:
    """How times in ALARM fit incidents. An alarm is explained while an incident lasts, and N periods longer."""
    tail_ms = candidate.n * candidate.period_s * 1000
    explained = np.zeros(len(begins), dtype=np.bool_)
    delays: list[int] = []
    for one in incidents:
        mine = (begins < one.end_ms + tail_ms) & (ends > one.start_ms)
        explained |= mine
        soon = mine & (begins < one.end_ms)
        if soon.any():
            delays.append(max(int(begins[soon].min()) - one.start_ms, 0))
    flaps = np.zeros(len(begins), dtype=np.bool_)
    flaps[1:] = begins[1:] - ends[:-1] < FLAP_MS
    return Score(
        fired=len(begins),
        false=int((~explained).sum()),
        flaps=int(flaps.sum()),
        noise=int((flaps | ~explained).sum()),
        detected=len(delays),
        missed=len(incidents) - len(delays),
        delay_ms=int(np.median(delays)) if delays else None,
        worst_delay_ms=max(delays, default=None),
        firing_ms=int((ends - begins).sum()),
    )
