"""What travels over `/rest/v1/alarms`, `/rest/v1/alarm-…` and `/rest/v1/mute-rules`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

StateName = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
KindName = Literal["metric", "promql", "burn_rate", "log", "composite"]
AlarmName = Annotated[str, Meta(min_length=1, max_length=255)]
Definition = Annotated[
    dict[str, Any],
    Meta(
        description=(
            "As PutMetricAlarm, PutCompositeAlarm or PutLogAlarm takes it, without AlarmName; or a burn-rate alarm "
            "(Objective, Bad, Total, Windows)."
        )
    ),
]


class Alarm(Struct, frozen=True):
    """An alarm: its definition in CloudWatch's form, and what it is now.

    `muted_by` are the mute rules that silence it now; `held_by` is what holds its last action back. `children` are the
    alarms that a composite alarm's rule names.
    """

    name: str
    arn: str
    account: str
    region: str
    kind: KindName
    state: StateName
    reason: str
    since_ms: Millis
    updated_ms: Millis
    configured_ms: Millis
    description: str
    summary: Annotated[str, Meta(description="The condition in words.")]
    actions_enabled: bool
    definition: dict[str, Any]
    muted_by: list[str] = field(default_factory=list)
    held_by: str | None = None
    children: list[str] = field(default_factory=list)
    trouble: Annotated[str | None, Meta(description="Why it cannot be evaluated.")] = None


class AlarmList(Struct, frozen=True):
    """A page of alarms by name; `next` is the `after` of the next one."""

    alarms: list[Alarm]
    next: str | None = None


class PutAlarm(Struct, frozen=True, forbid_unknown_fields=True):
    """An alarm to create or replace; its state stays. Tags count for a new one only."""

    definition: Definition
    tags: Annotated[dict[str, str], Meta(max_length=50)] = field(default_factory=dict)


class SavedAlarm(Struct, frozen=True):
    """An alarm as it was put."""

    name: str
    kind: KindName
    created: bool


class DeletedAlarm(Struct, frozen=True):
    """An alarm or mute rule that is gone."""

    name: str


class SetAlarmState(Struct, frozen=True, forbid_unknown_fields=True):
    """A state to set until the next evaluation."""

    state: StateName
    reason: Annotated[str, Meta(max_length=1023)] = "Set by hand"


class AlarmEvent(Struct, frozen=True):
    """Something that happened to an alarm. `data` is CloudWatch's HistoryData."""

    at_ms: Millis
    type: str
    summary: str
    data: dict[str, Any]


class AlarmHistory(Struct, frozen=True):
    """What happened to an alarm, the newest first; history is kept for 14 days."""

    name: str
    items: list[AlarmEvent]


class AlarmTransition(Struct, frozen=True):
    """A change of state. `muted` says that a mute rule of today would have kept it silent."""

    at_ms: Millis
    old: StateName
    new: StateName
    reason: str
    muted: bool = False


class AlarmEpisode(Struct, frozen=True):
    """A time in ALARM; `begun_before` and `lasts` where the range cuts it."""

    start_ms: Millis
    end_ms: Millis
    begun_before: bool = False
    lasts: bool = False


class AlarmTrace(Struct, frozen=True):
    """What was judged, for a chart. Where points stand for stretches, each is the one nearest to breaching.

    `points` are (ms, value), null where there is none; `band` are (low, high) beside them where there is a band.
    """

    label: str
    unit: str
    period_s: int
    operator: str | None
    threshold: float | None
    points: list[tuple[int, float | None]]
    band: list[tuple[float | None, float | None]] | None = None


class AlarmReplay(Struct, frozen=True):
    """What an alarm would have done over a range.

    `fired` counts changes to ALARM, `muted` those of them that a mute rule would silence; times are milliseconds.
    """

    name: str
    start_ms: Millis
    end_ms: Millis
    step_s: int
    evaluations: int
    began: StateName
    ended: StateName
    fired: int
    muted: int
    firing_ms: int
    longest_ms: int
    median_ms: int
    spent_ms: dict[str, int]
    episodes: list[AlarmEpisode]
    transitions: list[AlarmTransition]
    trace: AlarmTrace
    notes: list[str]
    children: dict[str, StateName] | None = None


class ReplayDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """An alarm to replay that need not be saved."""

    definition: Definition
    name: AlarmName = "draft"
    account: Annotated[Annotated[str, Meta(pattern=r"^[0-9]{12}$")] | None, Meta(description="Whose metrics.")] = None
    start: Annotated[str, Meta(max_length=64)] = "-30d"
    end: Annotated[str, Meta(max_length=64)] = "now"
    points: Annotated[int, Meta(ge=10, le=50_000)] = 1000


class MarkedIncident(Struct, frozen=True, forbid_unknown_fields=True):
    """A window in which an alarm should have told."""

    start: Annotated[str, Meta(max_length=64)]
    end: Annotated[str, Meta(max_length=64)]


class SuggestDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """An alarm to make suggestions for: saved (by `name`) or not (by `definition`).

    `incidents` replace those that are found in the metric.
    """

    definition: Definition | None = None
    name: AlarmName = "draft"
    account: Annotated[Annotated[str, Meta(pattern=r"^[0-9]{12}$")] | None, Meta(description="Whose metrics.")] = None
    start: Annotated[str, Meta(max_length=64)] = "-30d"
    end: Annotated[str, Meta(max_length=64)] = "now"
    incidents: Annotated[list[MarkedIncident], Meta(max_length=200)] = field(default_factory=list)
    points: Annotated[int, Meta(ge=10, le=50_000)] = 300


class Incident(Struct, frozen=True):
    """A time in which an alarm should have told."""

    start_ms: Millis
    end_ms: Millis
    marked: bool


class AlarmProposal(Struct, frozen=True):
    """A way to judge, how it did, and the definition that puts it.

    `noise` counts alarms that no incident explains (`false`) and those within half an hour of the one before (`flaps`).
    """

    title: str
    reason: str
    recommended: bool
    period_s: int
    threshold: float | None
    evaluation_periods: int
    datapoints_to_alarm: int
    fired: int
    false: int
    flaps: int
    noise: int
    detected: int
    missed: int
    delay_ms: int | None
    worst_delay_ms: int | None
    firing_ms: int
    definition: dict[str, Any]
    replay: AlarmReplay


class AlarmSuggestions(Struct, frozen=True):
    """What is suggested for an alarm; the first proposal is the quiet one."""

    name: str
    start_ms: Millis
    end_ms: Millis
    verdict: str
    definition: str
    considered: int
    incidents: list[Incident]
    now: AlarmProposal
    proposals: list[AlarmProposal]
    notes: list[str]


class MuteRule(Struct, frozen=True):
    """When some alarms are silent, in the form of PutAlarmMuteRule."""

    name: str
    status: Literal["SCHEDULED", "ACTIVE", "EXPIRED"]
    alarms: list[str]
    schedule: str
    duration: str
    timezone: str
    description: str
    updated_ms: Millis
    definition: dict[str, Any]


class MuteRuleList(Struct, frozen=True):
    """The mute rules, by name."""

    rules: list[MuteRule]


class PutMuteRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A mute rule to create or replace."""

    definition: Annotated[
        dict[str, Any], Meta(description="As PutAlarmMuteRule takes it, without Name: Rule, MuteTargets, StartDate …")
    ]
