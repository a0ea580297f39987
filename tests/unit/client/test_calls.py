"""What classes of typed calls have: paths and parameters from Python's values, and what goes with every call."""

import httpx
import msgspec
import pytest

from trimtab.client.api import Client
from trimtab.client.calls import Calls
from trimtab.client.parameters import Parameter, parameters, path_of


@pytest.mark.parametrize(
    ("value", "texts"),
    [(None, []), ("", []), ("a", ["a"]), (0, ["0"]), (2.5, ["2.5"]), (True, ["true"]), (False, ["false"]),
     (["a", "", "b"], ["a", "b"]), ((), [])],
)  # fmt: skip
def test_a_value_is_written_as_parameters_and_nothing_as_none(value: Parameter, texts: list[str]) -> None:
    assert [("of", text) for text in texts] == parameters(of=value)


def test_a_name_cannot_leave_its_path() -> None:
    assert "/rest/v1/budgets/a%2F..%2Fb%3Fc/actions" == path_of("/rest/v1/budgets", "a/../b?c", "actions")


class Answer(msgspec.Struct):
    name: str


class Things(Calls):
    def get(self, name: str, most: int) -> Answer:
        return self._call("GET", path_of("/things", name), Answer, most=most)


def test_what_goes_with_every_call_is_sent_with_its_own_parameters() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"name": f"{request.method} {request.url.raw_path.decode()}"})

    client = Client("http://127.0.0.1:4750/", transport=httpx.MockTransport(handler))
    assert "GET /things/a?account=1&most=3" == Things(client, account="1", region=None).get("a", 3).name
