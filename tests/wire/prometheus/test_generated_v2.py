"""Generated requests of remote write 2.0 to a live server, until a Prometheus that sends it is at hand."""

import datetime as dt
from typing import Any

import cramjam
import httpx
import numpy as np
import pandas as pd
import pytest

from live_server import LiveServer
from prompb import MEDIA_V2, messages
from trimtab.client.api import Client

pytestmark = pytest.mark.wire
PROMPB = messages()
SCRAPES, SERIES, STEP_MS = 30, 400, 15_000  # large enough for the compiled scan to come into play


def request(values: np.ndarray, start_ms: int, scrapes: range) -> Any:
    symbols = ["", "__name__", "v2_requests_total", "pod", "seconds"]
    made = PROMPB.Request()
    for number in range(SERIES):
        symbols.append(f"pod-{number}")
        series = made.timeseries.add(labels_refs=[1, 2, 3, len(symbols) - 1], created_timestamp=start_ms - 1000)
        series.metadata.type = 1
        for scrape in scrapes:
            series.samples.add(value=values[scrape, number], timestamp=start_ms + scrape * STEP_MS)
    made.symbols.extend(symbols)
    return made


def post(server: LiveServer, message: Any) -> httpx.Response:
    headers = {
        "Content-Type": MEDIA_V2,
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "2.0.0",
        "User-Agent": "generated/2.0",
    }
    body = bytes(cramjam.snappy.compress_raw(message.SerializeToString()))
    return httpx.post(f"{server.url}/api/v1/write", content=body, headers=headers, timeout=60)


def test_what_was_sent_comes_back_and_counts_from_its_beginning(server: LiveServer) -> None:
    now = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    start_ms = int(now.timestamp() * 1000) - SCRAPES * STEP_MS
    values = np.random.default_rng(3).integers(1, 9, (SCRAPES, SERIES)).cumsum(axis=0).astype(float)
    for scrapes in (range(10), range(10, 20), range(10, 20), range(20, SCRAPES)):  # one is sent again
        answer = post(server, request(values, start_ms, scrapes))
        assert (204, str(len(scrapes) * SERIES)) == (
            answer.status_code,
            answer.headers["X-Prometheus-Remote-Write-Samples-Written"],
        )
    frame = pd.DataFrame(values)
    with Client(server.url) as trimtab:
        found = trimtab.metrics(namespace="Prometheus", name="v2_requests_total", limit=SERIES).series
        assert (SERIES, {"counter"}) == (len(found), {series.kind for series in found})
        for series in found[::100]:
            column = frame[int(series.dimensions["pod"].removeprefix("pod-"))]
            read = trimtab.raw(series.id, start="-1h", end="now", fresh=True).values
            assert [0.0, *column.tolist()] == read
            answer = trimtab.query(
                "Prometheus",
                "v2_requests_total",
                statistic="Sum",
                period="1h",
                start="-2h",
                dimensions={"pod": series.dimensions["pod"]},
            )
            total = sum(value for line in answer.lines for _, value in line.points if value is not None)
            assert total == column.iloc[-1]
