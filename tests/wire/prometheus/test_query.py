"""PromQL over HTTP: every answer of Debian's Prometheus to the same samples, sent to both by the same requests."""

import json
import math
import random
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from live_server import LiveServer
from patience import until
from trimtab.demo import remote_write
from trimtab.demo.block import Block

pytestmark = pytest.mark.wire

PROMETHEUS = shutil.which("prometheus")
STEP_S, SAMPLES, WAIT_S = 15, 240, 60
OFFSET_S = 7  # between samples and steps: 2.x counts a sample on the left edge of a range, 3.x and trimtab do not
EDGES = ("0.1", "0.5", "1", "+Inf")

QUERIES = """
up_gauge
up_gauge{job="api"}
up_gauge{job!~"a.*|",instance=~"i[0-2]"}
{__name__=~"up_.*",job="db"}
up_gauge offset 5m
up_gauge @ end()
up_gauge{job="none"}
-up_gauge + 1
up_gauge > 50
up_gauge > bool 50
2 ^ 3 ^ 2 - up_gauge % 7
sum(up_gauge)
sum by (job) (up_gauge)
sum without (instance) (up_gauge)
avg by (job) (rate(asked_total[5m]))
count(up_gauge > 40)
min by (instance) (up_gauge) / on (instance) max by (instance) (up_gauge)
stddev(up_gauge)
stdvar by (job) (up_gauge)
topk(3, up_gauge)
bottomk by (job) (1, up_gauge)
quantile(0.9, up_gauge)
quantile by (job) (0.25, up_gauge)
count_values("value", round(up_gauge, 25))
group by (job) (up_gauge)
rate(asked_total[1m])
rate(asked_total[5m] offset 10m)
increase(asked_total[10m])
irate(asked_total[2m])
resets(asked_total[30m])
changes(steps[30m])
delta(up_gauge[5m])
idelta(up_gauge[5m])
deriv(up_gauge[10m])
predict_linear(up_gauge[10m], 3600)
avg_over_time(up_gauge[5m])
min_over_time(up_gauge[5m])
max_over_time(up_gauge[5m])
sum_over_time(up_gauge[5m])
count_over_time(gappy[5m])
stddev_over_time(up_gauge[5m])
stdvar_over_time(up_gauge[5m])
last_over_time(gappy[10m])
present_over_time(gappy[1m])
absent_over_time(gappy[1m])
absent(gappy)
absent(nothing{job="x"})
quantile_over_time(0.5, up_gauge[5m])
histogram_quantile(0.9, rate(seconds_bucket[5m]))
histogram_quantile(0.5, sum by (le, job) (rate(seconds_bucket[5m])))
histogram_quantile(0.99, sum by (le) (seconds_bucket))
sum by (job) (rate(asked_total{code="500"}[5m])) / sum by (job) (rate(asked_total[5m]))
asked_total / on (job, instance) group_left up_gauge
up_gauge * on (job, instance) group_right () asked_total
up_gauge and on (job) (gappy > 0)
up_gauge or gappy
up_gauge unless on (instance) (up_gauge > 50)
label_replace(up_gauge, "short", "$1", "instance", "i(.*)")
label_join(up_gauge, "both", "-", "job", "instance")
abs(up_gauge - 50)
ceil(up_gauge)
floor(up_gauge)
round(up_gauge, 5)
sqrt(up_gauge)
exp(up_gauge / 100)
ln(up_gauge)
log2(up_gauge)
log10(up_gauge)
sgn(up_gauge - 50)
clamp(up_gauge, 30, 60)
clamp_min(up_gauge, 50)
clamp_max(up_gauge, 50)
sin(up_gauge)
atan(up_gauge)
deg(up_gauge)
time()
timestamp(up_gauge)
vector(1)
scalar(sum(up_gauge))
hour()
minute(vector(1700000000))
day_of_week()
day_of_month(up_gauge * 1e7)
month()
year()
days_in_month()
sort(up_gauge)
sort_desc(up_gauge)
avg_over_time(rate(asked_total[2m] offset 7s)[10m:1m])
max_over_time(sum by (job) (up_gauge offset 7s)[20m:45s])
min_over_time((up_gauge > 30)[10m:])
sum_over_time(vector(time())[5m:1m])
rate(asked_total[5m:30s])
pi() * up_gauge
1 / 0
"text"
42
""".strip().splitlines()

HEADERS = {**remote_write.HEADERS, "User-Agent": "peer/1"}  # not Prometheus' own: other tests look for that source

WRONG = (
    "sum(",
    "up_gauge[5m]",
    "rate(up_gauge)",
    "nonsense(up_gauge)",
    'up_gauge{job="a"',
    "{}",
    "up_gauge + on (job) asked_total",
    'label_replace(up_gauge, "instance", "", "instance", ".*")',
)


@pytest.fixture(scope="module")
def end_s() -> int:
    return int(time.time()) // STEP_S * STEP_S - 120


@pytest.fixture(scope="module")
def bodies(end_s: int) -> list[bytes]:
    """Gauges, counters that reset, one with a gap, and a histogram, of 6 instances over an hour."""
    dice = np.random.default_rng(7)
    times = np.arange(end_s - (SAMPLES - 1) * STEP_S, end_s + 1, STEP_S, dtype=np.int64) * 1000
    labels: list[dict[str, str]] = []
    rows: list[np.ndarray[Any, Any]] = []
    for job, instance in ((job, f"i{number}") for job in ("api", "db") for number in range(3)):
        base = {"job": job, "instance": instance}
        labels.append({"__name__": "up_gauge", **base})
        rows.append(np.clip(50 + np.cumsum(dice.normal(0, 2, SAMPLES)), 1, 99).round(3))
        labels.append({"__name__": "steps", **base})
        rows.append(np.floor(np.arange(SAMPLES) / dice.integers(3, 20)))
        for code in ("200", "500"):
            count = np.cumsum(dice.poisson(20 if code == "200" else 1, SAMPLES)).astype(float)
            reset = int(dice.integers(50, 200))
            count[reset:] -= count[reset]
            labels.append({"__name__": "asked_total", "code": code, **base})
            rows.append(count)
        spread = np.cumsum(dice.poisson(4, (len(EDGES), SAMPLES)).cumsum(axis=0), axis=1).astype(float)
        for edge, values in zip(EDGES, spread, strict=True):
            labels.append({"__name__": "seconds_bucket", "le": edge, **base})
            rows.append(values)
    blocks = [Block("", [remote_write.series_head(one) for one in labels], times, np.array(rows))]
    half = SAMPLES // 2
    gap = {"__name__": "gappy", "job": "api", "instance": "i0"}
    for part in (slice(0, half - 40), slice(half, SAMPLES)):
        values = np.arange(SAMPLES, dtype=float)[None, part]
        blocks.append(Block("", [remote_write.series_head(gap)], times[part], values))
    return [body for body, _ in remote_write.bodies(blocks)]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]) -> Iterator[httpx.Client]:
    if PROMETHEUS is None:
        pytest.skip("no prometheus on the path: apt-get install prometheus")
    directory = tmp_path_factory.mktemp("peer")
    (directory / "prometheus.yml").write_text("{}")
    process = subprocess.Popen(
        [
            PROMETHEUS,
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            "--web.listen-address=127.0.0.1:0",
            "--web.enable-remote-write-receiver",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    address = ""
    for line in process.stderr:
        if found := re.search(r"Listening on.*address=(\S+)", line):
            address = found[1]
        if "ready to receive web requests" in line:
            break
    with httpx.Client(base_url=f"http://{address}", timeout=WAIT_S) as client:
        for body in bodies:
            client.post(remote_write.PATH, content=body, headers=HEADERS).raise_for_status()
        yield client
    process.terminate()
    process.stderr.close()
    process.wait(WAIT_S)


@pytest.fixture(scope="module")
def trimtab(server: LiveServer, bodies: list[bytes]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=WAIT_S) as client:
        for body in bodies:
            client.post(remote_write.PATH, content=body, headers=HEADERS).raise_for_status()
        query = {"query": "count(up_gauge)", "time": str(time.time() - 130)}

        def counted() -> bool:
            found = client.get("/api/v1/query", params=query).json()["data"]["result"]
            return bool(found) and found[0]["value"][1] == "6"

        until(counted, "six series are not stored")
        yield client


def ask(client: httpx.Client, path: str, **params: str) -> Any:
    return client.post(path, data=params).json()


def value_of(text: str) -> float:
    return float(text.replace("Inf", "inf"))


def alike(one: str, other: str) -> bool:
    left, right = value_of(one), value_of(other)
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(left) and math.isnan(right))


def compare(mine: Any, theirs: Any, *, ordered: bool) -> None:
    """The same type, series and times; values within 1e-9."""
    assert mine["status"] == theirs["status"] == "success", (mine, theirs)
    mine, theirs = mine["data"], theirs["data"]
    assert mine["resultType"] == theirs["resultType"]
    if mine["resultType"] in ("scalar", "string"):
        assert mine["result"][0] == theirs["result"][0]
        same = mine["result"][1] == theirs["result"][1]
        assert same or alike(mine["result"][1], theirs["result"][1])
        return
    found, expected = ([*_points(one["result"])] for one in (mine, theirs))
    if not ordered:
        found.sort()
        expected.sort()
    assert [name for name, _ in found] == [name for name, _ in expected]
    for (name, own), (_, other) in zip(found, expected, strict=True):
        assert [at for at, _ in own] == [at for at, _ in other], name
        for (at, left), (_, right) in zip(own, other, strict=True):
            assert alike(left, right), (name, at, left, right)


def _points(result: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for row in result:
        yield json.dumps(row["metric"], sort_keys=True), row.get("values") or [row["value"]]


@pytest.mark.parametrize("query", QUERIES)
def test_an_instant_query_answers_as_prometheus(
    trimtab: httpx.Client, prometheus: httpx.Client, end_s: int, query: str
) -> None:
    for back_s in random.Random(query).sample(range(0, 3000, STEP_S), 3):
        at = str(end_s - back_s + OFFSET_S)
        answers = [ask(client, "/api/v1/query", query=query, time=at) for client in (trimtab, prometheus)]
        compare(*answers, ordered=query.startswith("sort"))


@pytest.mark.parametrize("query", [query for query in QUERIES if query != '"text"'])
def test_a_range_query_answers_as_prometheus(
    trimtab: httpx.Client, prometheus: httpx.Client, end_s: int, query: str
) -> None:
    asked = {"start": f"{end_s - 3000 + OFFSET_S}", "end": f"{end_s + OFFSET_S + 400}", "step": "45"}
    answers = [ask(client, "/api/v1/query_range", query=query, **asked) for client in (trimtab, prometheus)]
    compare(*answers, ordered=False)


@pytest.mark.parametrize("query", WRONG)
def test_what_prometheus_refuses_is_refused_alike(
    trimtab: httpx.Client, prometheus: httpx.Client, end_s: int, query: str
) -> None:
    asked = {"query": query, "start": str(end_s - 600 + OFFSET_S), "end": str(end_s), "step": "60"}
    mine, theirs = (client.post("/api/v1/query_range", data=asked) for client in (trimtab, prometheus))
    assert mine.status_code == theirs.status_code
    assert mine.json()["errorType"] == theirs.json()["errorType"]


def test_a_query_has_the_time_that_it_asks_for(trimtab: httpx.Client) -> None:
    answer = trimtab.post("/api/v1/query", data={"query": "count(up_gauge)", "timeout": "1ms"})
    assert (answer.status_code, answer.json()["errorType"]) == (503, "timeout")
    assert answer.json()["error"] == "query timed out in expression evaluation"


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/api/v1/series", {"match[]": ['{__name__=~"up_gauge|gappy"}', 'asked_total{code="500"}']}),
        ("/api/v1/labels", {"match[]": ["up_gauge", "seconds_bucket"]}),
        ("/api/v1/label/job/values", {"match[]": ["up_gauge"]}),
        ("/api/v1/label/le/values", {"match[]": ["seconds_bucket"]}),
        ("/api/v1/label/__name__/values", {"match[]": ['{job="api",instance="i0"}']}),
        ("/api/v1/label/nothing/values", {"match[]": ["up_gauge"]}),
        ("/api/v1/format_query", {"query": 'sum by(job)(rate(asked_total{code="500"}[5m]))'}),
    ],
)
def test_what_there_is_is_listed_as_prometheus_lists_it(
    trimtab: httpx.Client, prometheus: httpx.Client, end_s: int, path: str, params: dict[str, Any]
) -> None:
    span = {} if "query" in params else {"start": str(end_s - 3600), "end": str(end_s)}
    mine, theirs = (client.get(path, params=params | span).json() for client in (trimtab, prometheus))
    assert mine["status"] == theirs["status"] == "success"
    assert _sorted(mine["data"]) == _sorted(theirs["data"])


def _sorted(data: Any) -> Any:
    return sorted(data, key=json.dumps) if isinstance(data, list) else data
