"""Invocations that are captured: what was sent and answered, as lines of files in a bucket, by endpoint and hour.

Source: SageMaker developer guide, "Capture data from real-time endpoint": the layout and the records are the service's.
Lines wait in memory for a moment, so that many invocations make one file; a crash loses those that wait.
"""

import asyncio
import base64
import json
import logging
import random
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from trimtab.base.clock import Clock, iso, to_datetime
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import new_id
from trimtab.cloud.buckets import Buckets

_MOST_WAITING = 10_000  # lines; what comes beyond while a bucket is away is not captured
_CSV, _JSON = ("text/csv",), ("application/json",)
_BOTH = ({"CaptureMode": "Input"}, {"CaptureMode": "Output"})
_log = logging.getLogger(__name__)


class Side(Struct, frozen=True):
    """What was sent, or answered."""

    body: bytes
    content_type: str


class Capture(Struct):
    """Keeps lines until `flush` writes them. `draw` samples where a configuration captures a part."""

    buckets: Buckets
    clock: Clock
    _draw: random.Random = field(default_factory=random.Random)
    _waiting: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def take(
        self, config: Mapping[str, Any], place: tuple[str, str], sides: tuple[Side, Side], inference_id: str = ""
    ) -> None:
        """Capture an invocation of (endpoint, variant), as its configuration says."""
        asked = config.get("DataCaptureConfig") or {}
        if not asked.get("EnableCapture") or self._draw.random() * 100 >= asked.get("InitialSamplingPercentage", 100):
            return
        if sum(map(len, self._waiting.values())) >= _MOST_WAITING:
            return
        now_ms = self.clock.now_ms()
        modes = {one["CaptureMode"] for one in asked.get("CaptureOptions") or _BOTH}
        data = {}
        for name, mode, side in zip(("endpointInput", "endpointOutput"), ("Input", "Output"), sides, strict=True):
            if mode in modes or "InputAndOutput" in modes:
                data[name] = _written(side, mode.upper(), asked.get("CaptureContentTypeHeader") or {})
        about = {"eventId": new_id(), "inferenceTime": iso(now_ms)}
        if inference_id:
            about["inferenceId"] = inference_id
        line = json.dumps({"captureData": data, "eventMetadata": about, "eventVersion": "0"})
        folder = f"{asked['DestinationS3Uri'].rstrip('/')}/{'/'.join(place)}/{to_datetime(now_ms):%Y/%m/%d/%H}"
        self._waiting[folder].append(line)

    async def flush(self) -> None:
        """Write what waits; what cannot be written now waits on."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        for folder, lines in waiting.items():
            try:
                await asyncio.to_thread(self._write, folder, lines)
            except TrimtabError as problem:
                _log.warning("cannot write captured invocations to %s: %s", folder, problem)
                self._waiting[folder][:0] = lines

    def _write(self, folder: str, lines: list[str]) -> None:
        name = f"{to_datetime(self.clock.now_ms()):%M-%S-%f}"[:-3] + f"-{new_id()}.jsonl"
        with tempfile.TemporaryDirectory() as made:
            (Path(made) / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            self.buckets.write(Path(made), folder)


def _written(side: Side, mode: str, kinds: Mapping[str, Any]) -> dict[str, str]:
    """A side as records have it: text where its content type is text, else Base64."""
    plain = side.content_type.partition(";")[0].strip().lower()
    encoding = "BASE64"
    if plain in (*_CSV, *kinds.get("CsvContentTypes", ())):
        encoding = "CSV"
    elif plain in (*_JSON, *kinds.get("JsonContentTypes", ())):
        encoding = "JSON"
    try:
        text = side.body.decode() if encoding != "BASE64" else base64.b64encode(side.body).decode()
    except UnicodeDecodeError:
        encoding, text = "BASE64", base64.b64encode(side.body).decode()
    return {"observedContentType": side.content_type, "mode": mode, "data": text, "encoding": encoding}
