"""`Anomalies`: what the always-on detector found, mutes and detectors as typed Python calls, over a `Client`."""

from collections.abc import Mapping, Sequence

from trimtab.client import anomalies_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of


class Anomalies(Calls):
    """The calls about anomalies and detectors. Errors are those of `Client`."""

    def find(
        self,
        *,
        start: str = "-24h",
        end: str = "now",
        namespace: str | None = None,
        name: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        series: Sequence[str] = (),
        muted: bool = False,
        slight: bool = False,
        order: str = "score",
        limit: int = 100,
    ) -> wire.AnomalyList:
        """The anomalies that touch a range, the most unusual (`order="time"`: the newest) first."""
        asked = {"start": start, "end": end, "namespace": namespace, "name": name, "order": order, "limit": limit}
        query = [(key, str(value)) for key, value in asked.items() if value is not None]
        query += [("dimension", f"{key}={value}") for key, value in (dimensions or {}).items()]
        query += [("series", one) for one in series]
        query += [(key, "true") for key, asked_for in (("muted", muted), ("slight", slight)) if asked_for]
        return self._client.call("GET", "/rest/v1/anomalies", wire.AnomalyList, query=query)

    def get(self, id_: str) -> wire.AnomalyDetail:
        """One anomaly with its picture and what changed together with it."""
        return self._call("GET", path_of("/rest/v1/anomalies", id_), wire.AnomalyDetail)

    def mutes(self) -> list[wire.Mute]:
        """The series that are muted now."""
        return self._call("GET", "/rest/v1/anomaly-mutes", wire.MuteList).mutes

    def mute(self, series: str, hours: float | None = None) -> wire.Mute:
        """Do not show the anomalies of a series, for some hours or for good (role write)."""
        return self._call("POST", "/rest/v1/anomaly-mutes", wire.Mute, body=wire.MuteSeries(series, hours))

    def unmute(self, series: str) -> list[wire.Mute]:
        """Show them again (role write); the mutes that are left."""
        return self._call("DELETE", path_of("/rest/v1/anomaly-mutes", series), wire.MuteList).mutes

    def detectors(self) -> wire.DetectorList:
        """The detectors that were put, and how far the always-on one is."""
        return self._call("GET", "/rest/v1/anomaly-detectors", wire.DetectorList)

    def put_detector(self, detector: wire.PutDetector) -> wire.Detector:
        """Add a detector, or change how it learns (role write)."""
        return self._call("PUT", "/rest/v1/anomaly-detectors", wire.Detector, body=detector)

    def delete_detector(self, id_: str) -> list[wire.Detector]:
        """Forget a detector (role write); those that are left."""
        return self._call("DELETE", path_of("/rest/v1/anomaly-detectors", id_), wire.DetectorList).detectors
