"""Forms: the command and the request beside them say the same, and the command itself reads it so."""

import shlex
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput
from trimtab.cli.main import root
from trimtab.client.budgets import Budgets
from trimtab.client.cost_anomalies import CostAnomalies
from trimtab.client.notify import Notify
from trimtab.web.app import WebState
from trimtab.web.making.forms import BUDGET, CHANNEL, FORMS, MONITOR, SUBSCRIPTION

FILLED: dict[str, dict[str, str]] = {
    "budget": {
        "name": "ml train", "limit": "5000", "unit": "EUR", "tags": "team=ml, env=prod", "service": "SageMaker",
        "actual": "80, 100", "forecasted": "100", "email": "a@example.com,b@example.com",
    },
    "monitor": {"name": "teams", "by": "tag", "key": "team"},
    "subscription": {"name": "money", "when": "weekly", "absolute": "100", "percentage": "40", "topic": "arn:x"},
    "channel": {"name": "ops", "kind": "webhook", "endpoint": "https://example.com/h", "topics": "ops,dev",
                "events": "alarm.*"},
}  # fmt: skip


class Told(Exception):
    """What a command sent: nothing of it goes anywhere."""


@pytest.mark.parametrize("form", FORMS, ids=lambda form: str(form.id))
def test_the_command_sends_what_the_form_sends(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def note(self: object, body: Any) -> Any:
        sent.append(body)
        raise Told

    for calls, name in (
        (Budgets, "put"),
        (CostAnomalies, "add_monitor"),
        (CostAnomalies, "subscribe"),
        (Notify, "add"),
    ):
        monkeypatch.setattr(calls, name, note)
    values = form.shown(FILLED[form.id])
    words = shlex.split(form.command_line(values))
    assert words[0] == "trimtab"
    done = CliRunner().invoke(root, words[1:])
    assert isinstance(done.exception, Told), done.output
    assert [form.body(values)] == sent


@pytest.mark.parametrize(
    ("form", "values", "said"),
    [
        (BUDGET, {"limit": "5"}, "cannot make it without a name"),
        (BUDGET, {"name": "a", "limit": "much"}, "cannot make it: "),
        (BUDGET, {"name": "a", "limit": "5", "actual": "80"}, "cannot tell nobody"),
        (BUDGET, {"name": "a", "limit": "5", "tags": "team"}, "expected KEY=VALUE"),
        (MONITOR, {"name": "a", "by": "tag"}, "a tag or a cost category has a key"),
        (MONITOR, {"name": "a", "by": "service", "key": "x"}, "a tag or a cost category has a key"),
        (SUBSCRIPTION, {"name": "a"}, "cannot tell nobody"),
        (CHANNEL, {"name": "a"}, "without a URL or addresses"),
        (CHANNEL, {"name": "a", "endpoint": "x", "kind": "pigeon"}, "cannot make it: "),
    ],
)
def test_what_is_missing_is_said(form: Any, values: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said.replace("(", r"\(")):
        form.body(form.shown(values))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: str(form.id))
def test_a_form_is_a_page_of_its_values_with_what_does_the_same(form: Any, pages: AsgiClient) -> None:
    page = pages.get(f"/make/{form.id}", params=FILLED[form.id]).text
    for value in FILLED[form.id].values():
        assert value.replace("&", "&amp;") in page
    assert "trimtab " in page
    assert f"{form.method} {form.path}" in page
    assert "Not complete yet" not in page
    assert "Not complete yet" in pages.get(f"/make/{form.id}").text
    assert 'aria-current="page"' in page, "it stands in the navigation"


def test_forms_are_for_who_may_write(fleet: WebState, open_pages: Callable[..., AsgiClient]) -> None:
    reader = open_pages(fleet, Principal("viewer", None, Role.READ, EVERYTHING))
    assert {403} == {reader.get(f"/make/{form.id}").status_code for form in FORMS}
    assert "/make/channel" not in reader.get("/notifications").text
    assert '"/make/channel"' in open_pages(fleet).get("/notifications").text


def test_channels_are_offered_by_name_where_somebody_is_told(pages: AsgiClient) -> None:
    for path in ("/make/budget", "/make/subscription", "/alarms/new"):
        page = pages.get(path).text
        assert '<option value="arn:aws:sns:us-east-1:123456789012:ops-slack">ops-slack, slack</option>' in page
        assert '<option value="arn:aws:sns:us-east-1:123456789012:ops">topic ops</option>' in page
        assert 'list="whom"' in page or 'list="offered-whom"' in page


def test_what_the_api_refuses_is_said_beside_the_form(pages: AsgiClient) -> None:
    answer = pages.post("/make/channel", data=FILLED["channel"])
    assert (400, True) == (answer.status_code, "there is no API behind it" in answer.text)
    assert 'value="https://example.com/h"' in answer.text
