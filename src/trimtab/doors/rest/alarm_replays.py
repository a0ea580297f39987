"""Replays of alarms and suggestions for them, saved or not."""

import math
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.alarms.evaluate import Floats
from trimtab.alarms.replay.chart import thin
from trimtab.alarms.replay.model import Replay, Trace
from trimtab.alarms.suggest.model import Proposal, Suggestions
from trimtab.base.timerange import TimeRange
from trimtab.client import alarms_wire as wire
from trimtab.doors.rest.alarm_forms import NAME, TAG, Account, Alarming, Region
from trimtab.doors.rest.alarms import ONE
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, instant_ms, time_range

MOST_TRANSITIONS = 5000
"""Transitions and episodes that an answer lists, the newest of them; `fired` counts all."""


class ReplayQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Over which range, and how finely the chart is told."""

    start: Instant = "-30d"
    end: Instant = "now"
    points: Annotated[int, Meta(ge=10, le=50_000, description="Points of the chart at most.")] = 1000
    region: Region = None
    account: Account = None


class ReplayHandlers:
    """The handlers."""

    def __init__(self, needs: Alarming) -> None:
        self._needs = needs

    async def saved(self, call: Call[ReplayQuery, None]) -> wire.AlarmReplay:
        """A saved alarm over a range."""
        asked = call.query
        span = self._span(asked.start, asked.end)
        key = self._needs.key(call.principal, asked.region, call.path["name"], asked.account)
        found = await self._needs.rehearsals.saved(key, span.start_ms, span.end_ms, call.principal.scope.rows)
        return replay_on_wire(found, asked.points)

    async def draft(self, call: Call[Any, wire.ReplayDraft]) -> wire.AlarmReplay:
        """A draft over a range."""
        body = call.body
        span = self._span(body.start, body.end)
        key = self._needs.key(call.principal, None, body.name, body.account)
        kind, form = self._needs.read(key, body.definition, call.principal.name)
        found = await self._needs.rehearsals.draft(kind, key, form, span.start_ms, span.end_ms)
        return replay_on_wire(found, body.points)

    async def suggested(self, call: Call[ReplayQuery, None]) -> wire.AlarmSuggestions:
        """Suggestions for a saved alarm."""
        asked = call.query
        span = self._span(asked.start, asked.end)
        key = self._needs.key(call.principal, asked.region, call.path["name"], asked.account)
        found = await self._needs.rehearsals.suggest_saved(
            key, span.start_ms, span.end_ms, rows=call.principal.scope.rows
        )
        return suggestions_on_wire(key.name, found, asked.points)

    async def suggest(self, call: Call[Any, wire.SuggestDraft]) -> wire.AlarmSuggestions:
        """Suggestions for a draft, or with marked incidents."""
        body, needs = call.body, self._needs
        span, now_ms = self._span(body.start, body.end), needs.clock.now_ms()
        windows = [
            (instant_ms(one.start, now_ms, "incidents"), instant_ms(one.end, now_ms, "incidents"))
            for one in body.incidents
        ]
        key = needs.key(call.principal, None, body.name, body.account)
        if body.definition is None:
            found = await needs.rehearsals.suggest_saved(key, span.start_ms, span.end_ms, windows)
        else:
            kind, form = needs.read(key, body.definition, call.principal.name)
            found = await needs.rehearsals.suggest(kind, key, form, span.start_ms, span.end_ms, windows)
        return suggestions_on_wire(key.name, found, body.points)

    def _span(self, start: str, end: str) -> TimeRange:
        return time_range(start, end, self._needs.clock.now_ms())


def operations(needs: Alarming) -> list[Operation]:
    """The operations."""
    do = ReplayHandlers(needs)
    return [
        Operation("GET", f"{ONE}/replay", "replay alarm", "What a saved alarm would have done over a range.", do.saved,
                  wire.AlarmReplay, query=ReplayQuery, errors=(404, 504), path_parameters=NAME, tag=TAG, bound=True),
        Operation("GET", f"{ONE}/suggestions", "suggest for alarm",
                  "Thresholds, M of N and periods for a saved alarm, tried on its past.", do.suggested,
                  wire.AlarmSuggestions, query=ReplayQuery, errors=(404, 504), path_parameters=NAME, tag=TAG,
                  bound=True),
        Operation("POST", "/rest/v1/alarm-replays", "replay draft", "What an alarm that need not be saved would have "
                  "done over a range.", do.draft, wire.AlarmReplay, body=wire.ReplayDraft, errors=(504,),
                  role=Role.READ, tag=TAG),
        Operation("POST", "/rest/v1/alarm-suggestions", "suggest for draft", "Suggestions for an alarm, saved or not; "
                  "with incidents that a person marked.", do.suggest, wire.AlarmSuggestions, body=wire.SuggestDraft,
                  errors=(404, 504), role=Role.READ, tag=TAG),
    ]  # fmt: skip


def replay_on_wire(found: Replay, points: int) -> wire.AlarmReplay:
    """A replay as it is shown, with so many points of its chart."""
    return wire.AlarmReplay(
        name=found.key.name,
        start_ms=found.start_ms,
        end_ms=found.end_ms,
        step_s=found.step_s,
        evaluations=found.evaluations,
        began=found.began.value,
        ended=found.ended.value,
        fired=found.fired,
        muted=found.muted,
        firing_ms=found.firing_ms,
        longest_ms=found.longest_ms,
        median_ms=found.median_ms,
        spent_ms={state.value: spent for state, spent in found.spent_ms.items()},
        episodes=[
            wire.AlarmEpisode(one.start_ms, one.end_ms, one.begun_before, one.lasts)
            for one in found.episodes[-MOST_TRANSITIONS:]
        ],
        transitions=[
            wire.AlarmTransition(one.at_ms, one.old.value, one.new.value, one.reason, one.muted)
            for one in found.transitions[-MOST_TRANSITIONS:]
        ],
        trace=_trace(thin(found.trace, points)),
        notes=list(found.notes),
        children=None if found.children is None else {name: one.value for name, one in found.children.items()},
    )


def suggestions_on_wire(name: str, found: Suggestions, points: int) -> wire.AlarmSuggestions:
    """Suggestions as they are shown."""
    return wire.AlarmSuggestions(
        name=name,
        start_ms=found.start_ms,
        end_ms=found.end_ms,
        verdict=found.verdict,
        definition=found.definition,
        considered=found.considered,
        incidents=[wire.Incident(one.start_ms, one.end_ms, one.marked) for one in found.incidents],
        now=_proposal(found.now, points),
        proposals=[_proposal(one, points) for one in found.proposals],
        notes=list(found.notes),
    )


def _proposal(one: Proposal, points: int) -> wire.AlarmProposal:
    score = one.score
    return wire.AlarmProposal(
        title=one.title,
        reason=one.reason,
        recommended=one.recommended,
        period_s=one.candidate.period_s,
        threshold=one.candidate.threshold,
        evaluation_periods=one.candidate.n,
        datapoints_to_alarm=one.candidate.m,
        fired=score.fired,
        false=score.false,
        flaps=score.flaps,
        noise=score.noise,
        detected=score.detected,
        missed=score.missed,
        delay_ms=score.delay_ms,
        worst_delay_ms=score.worst_delay_ms,
        firing_ms=score.firing_ms,
        definition=dict(one.form),
        replay=replay_on_wire(one.replay, points),
    )


def _trace(trace: Trace) -> wire.AlarmTrace:
    values = _plain(trace.values)
    band = None
    if trace.low is not None and trace.high is not None:
        band = list(zip(_plain(trace.low), _plain(trace.high), strict=True))
    return wire.AlarmTrace(
        label=trace.label,
        unit=trace.unit,
        period_s=trace.period_s,
        operator=None if trace.operator is None else trace.operator.value,
        threshold=trace.threshold,
        points=list(zip(trace.starts.tolist(), values, strict=True)),
        band=band,
    )


def _plain(values: Floats) -> list[float | None]:
    rounded = np.asarray(values, dtype=np.float64).tolist()
    return [None if math.isnan(value) else value for value in rounded]
