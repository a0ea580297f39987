"""What travels over `/rest/v1/anomalies`, `/rest/v1/anomaly-mutes` and `/rest/v1/anomaly-detectors`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

SeriesText = Annotated[
    str, Meta(min_length=1, max_length=20, pattern="^[0-9]+$", description="A series id, as listed.")
]
DirectionName = Literal["above", "below", "shape"]


class Anomaly(Struct, frozen=True):
    """A stretch of time in which one series was not what its own history makes expect."""

    id: str
    series: SeriesText
    account: str
    region: str
    namespace: str
    name: str
    dimensions: dict[str, str]
    unit: str
    statistic: Annotated[str, Meta(description="What of five minutes is looked at: Average, Sum or Rate.")]
    place: Annotated[str, Meta(description="What the series belongs to, such as `host gpu-3`.")]
    start_ms: Millis
    end_ms: Annotated[Millis, Meta(description="The end of the last unusual five minutes.")]
    open: Annotated[bool, Meta(description="Whether it goes on.")]
    score: Annotated[float, Meta(description="How unusual: 1.6 begins an anomaly, 4 is the most there is.")]
    direction: DirectionName
    peak_ms: Millis
    value: Annotated[float, Meta(description="The value at the peak.")]
    low: Annotated[float | None, Meta(description="The least that was expected there.")]
    high: Annotated[float | None, Meta(description="The most that was expected there.")]
    muted: bool
    occasion: Annotated[str, Meta(description="The strongest anomaly of the same place and time: what they group by.")]
    what: Annotated[str, Meta(description="It in plain words.")]


class Watch(Struct, frozen=True):
    """How far the always-on detector is. `beyond` series are more than TRIMTAB_ANOMALY_SERIES allows."""

    watched: int
    learning: Annotated[int, Meta(description="Series whose stored history is still being learnt from.")]
    beyond: int
    until_ms: Annotated[Millis, Meta(description="Everything before has been looked at.")]
    at_ms: Millis


class AnomalyList(Struct, frozen=True):
    """Anomalies in the order that was asked for. `total` are those that match; `watch` is null before the first run."""

    anomalies: list[Anomaly]
    total: int
    slight: Annotated[int, Meta(description="Those left out because the value hardly moved.")]
    watch: Watch | None


class Changed(Struct, frozen=True):
    """A series that changed together with an anomaly."""

    series: SeriesText
    namespace: str
    name: str
    dimensions: dict[str, str]
    place: str
    score: Annotated[float, Meta(description="0 to 1: what they are ranked by.")]
    likeness: Annotated[float, Meta(description="Correlation of the departures from the usual, -1 to 1.")]
    lag_ms: Annotated[int | None, Meta(description="How much later it left its usual range; negative: earlier.")]
    anomaly: Annotated[str | None, Meta(description="Its own anomaly at the same time.")]
    points: list[float | None]


class AnomalyDetail(Struct, frozen=True):
    """One anomaly: its picture (a point every `step_ms` from `picture_ms`, what was expected), and what changed too."""

    anomaly: Anomaly
    picture_ms: Millis
    step_ms: int
    points: list[float | None]
    lows: list[float | None]
    highs: list[float | None]
    changed: list[Changed]
    compared: Annotated[int, Meta(description="Series that were compared with it.")]
    what_else: Annotated[str, Meta(description="What changed with it, in plain words.")]


class MuteSeries(Struct, frozen=True, forbid_unknown_fields=True):
    """Do not show the anomalies of a series, for some time or for good."""

    series: SeriesText
    hours: Annotated[Annotated[float, Meta(gt=0, le=8760)] | None, Meta(description="For so long; null: for good.")] = (
        None
    )


class Mute(Struct, frozen=True):
    """A muted series; `until_ms` is null for good."""

    series: SeriesText
    name: str
    place: str
    until_ms: Millis | None
    muted_by: str
    created_ms: Millis


class MuteList(Struct, frozen=True):
    """The mutes that hold, the newest first."""

    mutes: list[Mute]


class PutDetector(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A detector of one statistic of one metric: its bands are drawn, and alarms may use them."""

    namespace: Annotated[str, Meta(min_length=1, max_length=255)]
    name: Annotated[str, Meta(min_length=1, max_length=255)]
    dimensions: dict[str, str] = field(default_factory=dict)
    statistic: Annotated[str, Meta(min_length=1, max_length=64)] = "Average"
    zone: Annotated[str, Meta(max_length=64, description="Time zone whose days count, such as Europe/Berlin.")] = ""
    spikes: Annotated[bool, Meta(description="Spikes that come back every day are normal.")] = False


class Detector(Struct, frozen=True):
    """A detector. `state` is PENDING_TRAINING, TRAINED_INSUFFICIENT_DATA or TRAINED; `trained_ms` null before."""

    id: str
    account: str
    region: str
    namespace: str
    name: str
    dimensions: dict[str, str]
    statistic: str
    expression: Annotated[str, Meta(description="What is watched where it is no single metric.")]
    zone: str
    spikes: bool
    state: str
    trained_ms: Millis | None
    created_ms: Millis


class DetectorList(Struct, frozen=True):
    """Every detector that was put, and how far the always-on one is."""

    detectors: list[Detector]
    watch: Watch | None
