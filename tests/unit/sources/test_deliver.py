import cramjam
import httpx
import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.sources.deliver import Deliver


class Server:
    """Answers with `answers` in order, then 204."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.clock = ManualClock()
        self.waits: list[float] = []
        client = httpx.Client(base_url="http://t", transport=httpx.MockTransport(self._answer))
        self.deliver = Deliver(client, self.clock, self._wait, "connect")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else httpx.Response(204)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)


def test_a_request_is_posted_as_remote_write_under_a_key_of_its_bytes() -> None:
    server = Server()
    for body in (b"one", b"two", b"one"):
        server.deliver.write(body)
    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert keys[0] == keys[2] != keys[1]
    assert keys[0].startswith("connect/")
    first = server.requests[0]
    assert first.url.path == "/api/v1/write"
    assert first.headers["content-encoding"] == "snappy"
    assert bytes(cramjam.snappy.decompress_raw(first.content)) == b"one"


def test_a_server_that_is_away_or_full_is_waited_for_under_the_same_key() -> None:
    away, full = httpx.ConnectError("refused"), httpx.Response(429, headers={"Retry-After": "7"})
    server = Server(away, full, httpx.Response(503))
    server.deliver.write(b"x")
    assert server.waits == [0.5, 7.0, 2.0]
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1


def test_it_gives_up_after_ten_minutes() -> None:
    server = Server(*[httpx.Response(503)] * 1000)
    with pytest.raises(Unavailable, match="start it again to go on from here"):
        server.deliver.write(b"x")
    assert 600 <= sum(server.waits) <= 660


def test_samples_that_are_refused_are_told_and_the_rest_goes_on() -> None:
    server = Server(httpx.Response(400, text="cannot store 1 samples of this request, the others are stored: old"))
    server.deliver.write(b"x")
    assert "the others are stored" in server.deliver.refused


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(400, text="not a WriteRequest"), "refuses the request"),
        (httpx.Response(401), "trimtab keys create"),
    ],
)
def test_what_cannot_get_better_ends_it(answer: httpx.Response, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Server(answer).deliver.write(b"x")
