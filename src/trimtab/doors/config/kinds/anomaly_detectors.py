"""Anomaly detectors: PutAnomalyDetector's form. What a detector watches is what it is; the name is for the reader."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.base.tags import format_tags
from trimtab.detectors.model import Detector
from trimtab.detectors.store import DetectorStore
from trimtab.doors.aws.cloudwatch.anomaly_detectors import described, settings_of, target_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.forms import cloudwatch_forms
from trimtab.doors.aws.wire.timestamps import from_text, text
from trimtab.doors.config.model import Form, Owner

_KEPT = ("SingleMetricAnomalyDetector", "MetricMathAnomalyDetector", "Configuration", "MetricCharacteristics")


class DetectorSection(Struct, frozen=True):
    """The detectors that somebody asked for."""

    store: DetectorStore
    section: str = "anomaly_detectors"

    async def stored(self, owner: Owner) -> Mapping[str, Form]:
        """Every detector, by the name that its target has."""
        found = await self.store.listed(owner.account, owner.region)
        return {_name(one): _normal(one) for one in found}

    def check(self, owner: Owner, name: str, form: Any) -> Form:
        """The form, checked; its name must be that of what it watches."""
        detector = _detector(owner, form)
        if name != _name(detector):
            raise InvalidInput(f"is named {name}; expected the name of what it watches: {_name(detector)}")
        return _normal(detector)

    async def put(self, owner: Owner, name: str, form: Form) -> None:
        """Store it; with other settings it is trained anew."""
        detector = _detector(owner, form)
        await self.store.put(owner.account, owner.region, detector.target, detector.settings)

    async def delete(self, owner: Owner, name: str) -> None:
        """Delete it."""
        for one in await self.store.listed(owner.account, owner.region):
            if _name(one) == name:
                await self.store.delete(owner.account, owner.region, one.id)


def _detector(owner: Owner, form: Any) -> Detector:
    if not isinstance(form, Mapping):
        raise InvalidInput(f"got {form!r}; expected the members of PutAnomalyDetector")
    read = cloudwatch_forms().read("PutAnomalyDetector", form)
    try:
        return Detector(owner.account, owner.region, target_of(read), settings_of(read))
    except AwsError as problem:
        raise InvalidInput(str(problem)) from None


def _name(detector: Detector) -> str:
    target = detector.target
    if target.queries:
        return f"math-{hash64(target.id()):016x}"
    dimensions = f"{{{format_tags(target.dimensions)}}}" if target.dimensions else ""
    return f"{target.namespace}/{target.name}{dimensions} {target.stat}"


def _normal(detector: Detector) -> dict[str, Any]:
    """The form that DescribeAnomalyDetectors tells, with times as text."""
    told = {name: value for name, value in described(detector).items() if name in _KEPT}
    configuration = told["Configuration"]
    ranges = [{name: _iso(at) for name, at in one.items()} for one in configuration.pop("ExcludedTimeRanges")]
    if ranges:
        configuration["ExcludedTimeRanges"] = ranges
    if not configuration:
        del told["Configuration"]
    return told


def _iso(at: Any) -> str:
    return text(at if isinstance(at, int) else from_text(at), "iso8601")
