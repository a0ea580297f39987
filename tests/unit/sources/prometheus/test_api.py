import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, SetupError, Unavailable
from trimtab.sources.prometheus.api import Api, Credentials, TooHeavy
from trimtab.sources.prometheus.read import Exported, Raw, Stepped
from trimtab.sources.prometheus.selector import parse

SELECTOR = parse("up")


class Server:
    def __init__(self, *answers: httpx.Response | Exception, credentials: Credentials | None = None) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.clock = ManualClock()
        self.waits: list[float] = []
        transport = httpx.MockTransport(self._answer)
        self.api = Api("http://p:9090/tenant/", credentials or Credentials(), self.clock, self._wait, transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def asked(self) -> dict[str, str]:
        return dict(httpx.QueryParams(self.requests[-1].content.decode()))


def matrix(*series: Any) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": list(series)}})


def failure(status: int, text: str) -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "errorType": "execution", "error": text})


def test_raw_samples_keep_their_times_and_values_and_the_edges_are_cut() -> None:
    values = [[9.999, "0"], [10, "1.5"], [10.001, "+Inf"], [19.999, "-0.25"], [20, "9"]]
    server = Server(matrix({"metric": {"__name__": "up"}, "values": values}))
    (found,) = Raw(server.api).read(SELECTOR, 10_000, 20_000)
    assert found.labels == {"__name__": "up"}
    assert found.samples == [(10_000, 1.5), (10_001, float("inf")), (19_999, -0.25)]
    assert server.asked() == {"query": '{__name__="up"}[10000ms]', "time": "19.999"}
    assert server.requests[0].url.path == "/tenant/api/v1/query"


def test_native_histograms_are_counted() -> None:
    server = Server(matrix({"metric": {"__name__": "h"}, "histograms": [[10, {}], [11, {}]]}))
    assert [(one.samples, one.histograms) for one in Raw(server.api).read(SELECTOR, 0, 20_000)] == [([], 2)]


def test_series_are_counted_by_name() -> None:
    result = [{"metric": {"__name__": "up"}, "value": [1, "3"]}]
    server = Server(httpx.Response(200, json={"status": "success", "data": {"result": result}}))
    assert Raw(server.api).count(SELECTOR, 0, 7_200_000) == {"up": 3}
    assert server.asked()["query"] == 'count by (__name__) (last_over_time({__name__="up"}[7200000ms]))'


def test_steps_lie_on_multiples_of_the_step() -> None:
    server = Server(matrix({"metric": {}, "values": [[300, "1"], [600, "2"]]}))
    (found,) = Stepped(server.api, 300_000).read(SELECTOR, 1000, 700_000)
    assert found.samples == [(300_000, 1.0), (600_000, 2.0)]
    assert server.asked() | {"query": ""} == {"query": "", "start": "300.000", "end": "699.999", "step": "300.000"}


def test_an_export_is_read_line_by_line() -> None:
    lines = [
        {"metric": {"__name__": "up"}, "values": [1, None, 2.5], "timestamps": [10, 20, 30]},
        {"metric": {"__name__": "up", "a": "b"}, "values": ["Infinity"], "timestamps": [15]},
    ]
    server = Server(httpx.Response(200, text="\n".join(map(json.dumps, lines)) + "\n"))
    first, second = Exported(server.api).read(SELECTOR, 10, 30)
    assert [ms for ms, _ in first.samples] == [10, 20]
    assert first.samples[1][1] != first.samples[1][1]
    assert second.samples == [(15, float("inf"))]


@pytest.mark.parametrize(
    "answer",
    [
        failure(422, "query processing would load too many samples into memory in query execution"),
        failure(503, "query timed out in expression evaluation"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_too_much_at_once_is_told_apart(answer: httpx.Response | Exception) -> None:
    with pytest.raises(TooHeavy):
        Server(answer).api.matrix("up[1h]", 0)


def test_a_source_that_is_away_is_asked_again() -> None:
    server = Server(httpx.ConnectError("refused"), httpx.Response(429, headers={"Retry-After": "9"}), matrix())
    assert server.api.matrix("up[1h]", 0) == []
    assert server.waits == [1.0, 9.0]
    with pytest.raises(Unavailable, match="start it again"):
        Server(*[httpx.ConnectError("refused")] * 1000).api.matrix("up[1h]", 0)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (failure(400, "parse error"), "answers HTTP 400: parse error"),
        (httpx.Response(401, text="no"), "try --username or --bearer-token-file"),
        (httpx.Response(200, text="<html>"), "is this a Prometheus"),
    ],
)
def test_what_cannot_get_better_is_told(answer: httpx.Response, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Server(answer).api.matrix("up[1h]", 0)


def test_credentials_and_headers_are_presented() -> None:
    server = Server(matrix(), credentials=Credentials(basic=("u", "p"), headers={"X-Scope-OrgID": "t"}))
    server.api.matrix("up[1h]", 0)
    assert server.requests[0].headers["authorization"] == "Basic dTpw"
    assert server.requests[0].headers["x-scope-orgid"] == "t"
    server = Server(matrix(), credentials=Credentials(bearer="secret"))
    server.api.matrix("up[1h]", 0)
    assert server.requests[0].headers["authorization"] == "Bearer secret"


def test_metadata_is_a_help_not_a_need() -> None:
    answer = {"status": "success", "data": {"served": [{"type": "counter", "help": "h", "unit": ""}], "none": []}}
    assert Server(httpx.Response(200, json=answer)).api.metadata()["served"].type == "counter"
    assert Server(failure(404, "not here")).api.metadata() == {}


@pytest.mark.parametrize("url", ["p:9090", "ftp://p", "http://"])
def test_an_address_that_is_not_one_is_refused(url: str) -> None:
    with pytest.raises(SetupError, match="expected http://host:port"):
        Api(url, Credentials(), ManualClock(), lambda _: None)


def test_a_ca_file_that_is_not_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot trust certificate file .*ca\.pem"):
        Api("https://p", Credentials(ca_file=str(tmp_path / "ca.pem")), ManualClock(), lambda _: None)
