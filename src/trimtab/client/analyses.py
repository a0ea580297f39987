"""Analyses: visuals over datasets as specs, what they show, and alarms of their thresholds."""

from collections.abc import Iterator, Sequence
from typing import Any

from trimtab.client import analyses_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/analyses"


class Analyses(Calls):
    """The typed calls, over a `Client`."""

    def listed(self) -> list[wire.AnalysisHead]:
        """Every analysis that the caller finds, the starters included."""
        return self._call("GET", _PATH, wire.AnalysisList).analyses

    def get(self, name: str) -> wire.Analysis:
        """An analysis with its spec. Raises NotFound."""
        return self._call("GET", path_of(_PATH, name), wire.Analysis)

    def put(self, name: str, spec: Any, *, was: int | None = None, shared: bool | None = None) -> wire.Analysis:
        """Store a spec, a document or its text. Raises Conflict where `was` is not its version."""
        return self._call("PUT", path_of(_PATH, name), wire.Analysis, body=wire.PutAnalysis(spec, was, shared))

    def copy(self, name: str, to: str) -> wire.Analysis:
        """Duplicate an analysis under another name."""
        return self._call("POST", path_of(_PATH, name, "copy"), wire.Analysis, body=wire.CopyAnalysis(to))

    def delete(self, name: str) -> str:
        """Delete an analysis with its versions and alarms."""
        return self._call("DELETE", path_of(_PATH, name), wire.AnalysisRemoved).name

    def versions(self, name: str) -> list[wire.AnalysisVersion]:
        """The versions before the present one, newest first."""
        return self._call("GET", path_of(_PATH, name, "versions"), wire.AnalysisVersions).versions

    def show(self, asked: wire.ShowVisual) -> wire.VisualAnswer:
        """Answer a visual."""
        return self._call("POST", f"{_PATH}-visuals", wire.VisualAnswer, body=asked)

    def shown(self, name: str, visual: str, *, range_: str = "") -> wire.VisualAnswer:
        """Answer a visual of an analysis."""
        return self._call("GET", path_of(_PATH, name, "visuals", visual), wire.VisualAnswer, range=range_)

    def picture(self, name: str, visual: str, format_: str, more: Sequence[tuple[str, str]] = ()) -> Iterator[bytes]:
        """A visual as PNG, SVG or CSV, in pieces."""
        return self._client.stream(path_of(_PATH, name, "visuals", visual, "file"), [("format", format_), *more])

    def alarms(self, name: str) -> list[wire.VisualAlarm]:
        """The visuals of an analysis that are published for alarms."""
        return self._call("GET", path_of(_PATH, name, "alarms"), wire.VisualAlarms).alarms

    def arm(self, name: str, visual: str, asked: wire.ArmVisual) -> wire.VisualAlarm:
        """Make an alarm of a threshold."""
        return self._call("POST", path_of(_PATH, name, "visuals", visual, "alarm"), wire.VisualAlarm, body=asked)

    def disarm(self, name: str, alarm: str) -> str:
        """Remove an alarm of a visual."""
        return self._call("DELETE", path_of(_PATH, name, "alarms", alarm), wire.AnalysisRemoved).name
