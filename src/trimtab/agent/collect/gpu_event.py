"""XID errors: what the driver tells of a GPU in trouble, heard through an event set that is asked without waiting."""

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

from trimtab.agent.collect.gpu_device import Device
from trimtab.agent.collect.gpu_library import Library
from trimtab.agent.reading import Reading
from trimtab.gpu_faults import catalogue

_log = logging.getLogger(__name__)
_MOST = 1000
"""Events taken at one look: a GPU that floods the driver must not hold the agent."""


class Events:
    """Registers every GPU and counts its XIDs since `since_ms`."""

    def __init__(self, nvml: Library, since_ms: int) -> None:
        self._nvml = nvml
        self._since_ms = since_ms
        self._set: Any | None = None
        self._heard: set[str] = set()
        self.total: Counter[str] = Counter()
        self.by_kind: Counter[tuple[str, int]] = Counter()
        self.last: dict[str, int] = {}

    def register(self, devices: Iterable[Device]) -> None:
        """Listen to `devices` alone."""
        self.close()
        self._set = self._nvml.ask("", "nvmlEventSetCreate")
        self._heard.clear()
        if self._set is None:
            return
        for device in devices:
            kinds = self._nvml.ask(device.uuid, "nvmlDeviceGetSupportedEventTypes", device.handle) or 0
            wanted = kinds & (self._nvml.constant("nvmlEventTypeXidCriticalError") or 0)
            if wanted:
                self._nvml.ask(device.uuid, "nvmlDeviceRegisterEvents", device.handle, wanted, self._set)
                self._heard.add(device.uuid)

    def drain(self) -> None:
        """Take what has happened since the last look."""
        for _ in range(_MOST if self._set is not None else 0):
            event = self._nvml.ask("", "nvmlEventSetWait_v2", self._set, 0)
            if event is None:  # a timeout: there is nothing more
                return
            uuid = self._nvml.ask("", "nvmlDeviceGetUUID", event.device)
            if uuid:
                self.note(uuid, int(event.eventData))

    def note(self, uuid: str, xid: int) -> None:
        """Count one XID."""
        self.total[uuid] += 1
        self.by_kind[uuid, xid] += 1
        self.last[uuid] = xid
        known = catalogue.xids().get(xid)
        advice = catalogue.words(known.action) if known else "not in NVIDIA's catalogue"
        _log.warning("GPU %s reports XID %d (%s): %s", uuid, xid, catalogue.meaning(xid) or "no meaning known", advice)

    def readings(self, device: Device) -> list[Reading]:
        """XIDs since the agent started: all, by number, and the last one (0 while there was none)."""
        if device.uuid not in self._heard:
            return []
        about = (*device.attributes, ("hw.type", "gpu"))
        found = [
            Reading("hw.gpu.xid.last", "1", self.last.get(device.uuid, 0), device.attributes),
            self._errors((*about, ("error.type", "xid")), self.total[device.uuid]),
        ]
        for (uuid, xid), count in self.by_kind.items():
            if uuid == device.uuid:
                found.append(self._errors((*about, ("error.type", f"xid.{xid}")), count))
        return found

    def close(self) -> None:
        """Listen no more; the counts stay."""
        if self._set is not None:
            self._nvml.ask("", "nvmlEventSetFree", self._set)
            self._set = None

    def _errors(self, about: tuple[tuple[str, str], ...], count: int) -> Reading:
        return Reading("hw.errors", "{error}", count, about, self._since_ms)
