"""`Triggers`: event rules and pipelines as typed Python calls, over a `Client`."""

from trimtab.client import connections_wire, pipelines_wire
from trimtab.client import triggers_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_RULES, _LOG, _SOURCES = "/rest/v1/event-rules", "/rest/v1/event-deliveries", "/rest/v1/event-sources"

_CONNECTIONS = "/rest/v1/event-connections"


class Triggers(Calls):
    """The calls about event rules. Errors are those of `Client`."""

    def rules(self) -> list[wire.EventRule]:
        """Every rule, by name."""
        return self._call("GET", _RULES, wire.EventRuleList).rules

    def put_rule(self, rule: wire.PutRule) -> wire.EventRule:
        """Make or replace a rule with its targets (role write)."""
        return self._call("POST", _RULES, wire.EventRule, body=rule)

    def remove_rule(self, name: str, bus: str = "default") -> wire.Done:
        """Remove a rule with its targets (role write)."""
        return self._call("DELETE", path_of(_RULES, bus, name), wire.Done)

    def test_pattern(self, pattern: str, event: str) -> wire.PatternTested:
        """Whether a pattern (JSON) matches an event (JSON)."""
        return self._call("POST", f"{_RULES}/test-pattern", wire.PatternTested, body=wire.TestPattern(pattern, event))

    def preview(self, schedule: str, zone: str = "UTC", times: int = 10) -> list[int]:
        """The next times (ms) of a schedule."""
        return self._call(
            "POST", f"{_RULES}/preview-schedule", wire.SchedulePreview, body=wire.PreviewSchedule(schedule, zone, times)
        ).times_ms

    def put_events(self, events: list[wire.PutEvent], key: str | None = None) -> wire.EventsTaken:
        """Put events (role write). With a `key` the same call may be made again and changes nothing."""
        headers = {"Idempotency-Key": key} if key else None
        return self._client.call(
            "POST", "/rest/v1/events", wire.EventsTaken, body=wire.PutEvents(events), headers=headers
        )

    def deliveries(
        self, *, rule: str | None = None, state: str | None = None, limit: int = 100, before: int | None = None
    ) -> wire.EventDeliveryPage:
        """One page of the delivery log, the newest first; `rule` is an ARN."""
        return self._call("GET", _LOG, wire.EventDeliveryPage, rule=rule, state=state, limit=limit, before=before)

    def delivery(self, id_: str) -> wire.EventDeliveryDetail:
        """One delivery with its attempts."""
        return self._call("GET", path_of(_LOG, id_), wire.EventDeliveryDetail)

    def retry(self, id_: str) -> wire.EventDelivery:
        """Send a delivery again now (role write)."""
        return self._call("POST", path_of(_LOG, id_, "retry"), wire.EventDelivery)

    def archives(self) -> wire.ArchiveList:
        """Archives and replays."""
        return self._call("GET", "/rest/v1/event-archives", wire.ArchiveList)

    def create_archive(self, archive: wire.PutArchive) -> wire.EventArchive:
        """Keep the events of a bus (role write)."""
        return self._call("POST", "/rest/v1/event-archives", wire.EventArchive, body=archive)

    def remove_archive(self, name: str) -> wire.Done:
        """Remove an archive with its events (role write)."""
        return self._call("DELETE", path_of("/rest/v1/event-archives", name), wire.Done)

    def replay(self, replay: wire.StartReplay) -> wire.EventReplay:
        """Send archived events through the rules once more (role write)."""
        return self._call("POST", "/rest/v1/event-replays", wire.EventReplay, body=replay)

    def sources(self) -> wire.SourceList:
        """Watched places and metrics."""
        return self._call("GET", _SOURCES, wire.SourceList)

    def watch(self, place: wire.PutWatch) -> wire.Watch:
        """Watch a folder of the server (role admin) or an S3 prefix (role write)."""
        return self._call("POST", f"{_SOURCES}/places", wire.Watch, body=place)

    def unwatch(self, name: str) -> wire.Done:
        """Watch a place no more (role write)."""
        return self._call("DELETE", path_of(_SOURCES, "places", name), wire.Done)

    def watch_drift(self, drift: wire.PutDrift) -> wire.DriftWatch:
        """Watch a metric for drift (role write)."""
        return self._call("POST", f"{_SOURCES}/drifts", wire.DriftWatch, body=drift)

    def unwatch_drift(self, name: str) -> wire.Done:
        """Watch a metric no more (role write)."""
        return self._call("DELETE", path_of(_SOURCES, "drifts", name), wire.Done)

    def connections(self) -> list[connections_wire.Connection]:
        """Every connection, without secrets."""
        return self._call("GET", _CONNECTIONS, connections_wire.ConnectionList).connections

    def put_connection(self, wanted: connections_wire.PutConnection) -> connections_wire.Connection:
        """Make or replace a connection, and an API destination with it (role write)."""
        return self._call("POST", _CONNECTIONS, connections_wire.Connection, body=wanted)

    def remove_connection(self, name: str) -> wire.Done:
        """Remove a connection and the API destination of its name (role write)."""
        return self._call("DELETE", path_of(_CONNECTIONS, name), wire.Done)

    def pipelines(self) -> pipelines_wire.PipelineList:
        """Every pipeline, and the commands of the settings."""
        return self._call("GET", "/rest/v1/pipelines", pipelines_wire.PipelineList)

    def put_pipeline(self, pipeline: pipelines_wire.PutPipeline) -> pipelines_wire.Pipeline:
        """Make or replace a pipeline (role write)."""
        return self._call("POST", "/rest/v1/pipelines", pipelines_wire.Pipeline, body=pipeline)

    def remove_pipeline(self, name: str) -> wire.Done:
        """Remove a pipeline (role write)."""
        return self._call("DELETE", path_of("/rest/v1/pipelines", name), wire.Done)

    def start(self, name: str, start: pipelines_wire.StartPipeline) -> pipelines_wire.Started:
        """Start a pipeline by hand, within its cool-down (role write)."""
        return self._call("POST", path_of("/rest/v1/pipelines", name, "start"), pipelines_wire.Started, body=start)

    def runs(
        self, *, pipeline: str | None = None, limit: int = 100, before: int | None = None
    ) -> pipelines_wire.PipelineRunPage:
        """The timeline, the newest first."""
        return self._call(
            "GET",
            "/rest/v1/pipeline-runs",
            pipelines_wire.PipelineRunPage,
            pipeline=pipeline,
            limit=limit,
            before=before,
        )

    def run(self, id_: str) -> pipelines_wire.PipelineRun:
        """One run with its causes and what it printed."""
        return self._call("GET", path_of("/rest/v1/pipeline-runs", id_), pipelines_wire.PipelineRun)
