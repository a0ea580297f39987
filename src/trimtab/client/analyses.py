"""Analyses: visuals over datasets as specs, what they show, and alarms of their thresholds."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from trimtab.client import analyses_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/analyses"


class Analyses:
    """The typed calls, over a `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def listed(self) -> list[wire.AnalysisHead]:
        """Every analysis that the caller finds, the starters included."""
        return self._client.call("GET", _PATH, wire.AnalysisList).analyses

    def get(self, name: str) -> wire.Analysis:
        """An analysis with its spec. Raises NotFound."""
        return self._client.call("GET", _of(name), wire.Analysis)

    def put(self, name: str, spec: Any, *, was: int | None = None, shared: bool | None = None) -> wire.Analysis:
        """Store a spec, a document or its text. Raises Conflict where `was` is not its version."""
        return self._client.call("PUT", _of(name), wire.Analysis, body=wire.PutAnalysis(spec, was, shared))

    def copy(self, name: str, to: str) -> wire.Analysis:
        """Duplicate an analysis under another name."""
        return self._client.call("POST", f"{_of(name)}/copy", wire.Analysis, body=wire.CopyAnalysis(to))

    def delete(self, name: str) -> str:
        """Delete an analysis with its versions and alarms."""
        return self._client.call("DELETE", _of(name), wire.AnalysisRemoved).name

    def versions(self, name: str) -> list[wire.AnalysisVersion]:
        """The versions before the present one, newest first."""
        return self._client.call("GET", f"{_of(name)}/versions", wire.AnalysisVersions).versions

    def show(self, asked: wire.ShowVisual) -> wire.VisualAnswer:
        """Answer a visual."""
        return self._client.call("POST", f"{_PATH}-visuals", wire.VisualAnswer, body=asked)

    def shown(self, name: str, visual: str, *, range_: str = "") -> wire.VisualAnswer:
        """Answer a visual of an analysis."""
        query = [("range", range_)] if range_ else []
        return self._client.call("GET", f"{_of(name)}/visuals/{quote(visual, safe='')}", wire.VisualAnswer, query=query)

    def picture(self, name: str, visual: str, format_: str, more: Sequence[tuple[str, str]] = ()) -> Iterator[bytes]:
        """A visual as PNG, SVG or CSV, in pieces."""
        return self._client.stream(f"{_of(name)}/visuals/{quote(visual, safe='')}/file", [("format", format_), *more])

    def alarms(self, name: str) -> list[wire.VisualAlarm]:
        """The visuals of an analysis that are published for alarms."""
        return self._client.call("GET", f"{_of(name)}/alarms", wire.VisualAlarms).alarms

    def arm(self, name: str, visual: str, asked: wire.ArmVisual) -> wire.VisualAlarm:
        """Make an alarm of a threshold."""
        path = f"{_of(name)}/visuals/{quote(visual, safe='')}/alarm"
        return self._client.call("POST", path, wire.VisualAlarm, body=asked)

    def disarm(self, name: str, alarm: str) -> str:
        """Remove an alarm of a visual."""
        return self._client.call("DELETE", f"{_of(name)}/alarms/{quote(alarm, safe='')}", wire.AnalysisRemoved).name


def _of(name: str) -> str:
    return f"{_PATH}/{quote(name, safe='')}"
