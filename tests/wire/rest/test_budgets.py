"""Budgets over REST, by the client that the command line uses, and the page that shows them."""

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from live_server import LiveServer
from trimtab.base.errors import TrimtabError
from trimtab.cli.budgets import budgets as command
from trimtab.client import budgets_wire as wire
from trimtab.client.api import Client
from trimtab.client.budgets import Budgets

pytestmark = pytest.mark.wire
ACCOUNT = "646464646464"


@pytest.fixture
def calls(server: LiveServer) -> Iterator[Budgets]:
    with Client(server.url) as client:
        yield Budgets(client, ACCOUNT)


def test_a_budget_is_put_again_and_deleted(calls: Budgets) -> None:
    told = [wire.BudgetNotification("80", emails=["a@example.com"])]
    made = calls.put(wire.PutBudget("rest", "100", tags={"team": ["ml"]}, notifications=told))
    assert made.definition["FilterExpression"] == {"Tags": {"Key": "team", "Values": ["ml"]}}
    assert made.notifications[0].emails == ["a@example.com"]
    again = calls.put(wire.PutBudget("rest", "200", notifications=[wire.BudgetNotification("90", emails=["b@c.de"])]))
    assert [one.threshold for one in again.notifications] == ["90"]
    assert again.definition["BudgetLimit"] == {"Amount": "200", "Unit": "USD"}
    assert "rest" in [one.name for one in calls.listed()]
    assert calls.delete("rest").removed == "rest"
    with pytest.raises(TrimtabError, match="doesn't exist"):
        calls.get("rest")


@pytest.mark.parametrize("wrong", [{"Rubbish": 1}, {"Dimensions": {"Key": "NOWHERE", "Values": ["x"]}}])
def test_a_filter_that_is_none_is_refused(calls: Budgets, wrong: dict[str, object]) -> None:
    with pytest.raises(TrimtabError) as refused:
        calls.put(wire.PutBudget("filtered", "100", filter=wrong))
    assert type(refused.value).__name__ == "InvalidInput"


def test_an_action_is_rehearsed_and_refused_without_a_crossing(calls: Budgets) -> None:
    calls.put(wire.PutBudget("acts", "100000000"))
    made = calls.add_action("acts", wire.PutAction("start_pipeline", f"{ACCOUNT}/us-east-1/absent", "100"))
    assert (made.status, made.approval) == ("STANDBY", "MANUAL")
    with pytest.raises(TrimtabError, match="absent"):
        calls.execute("acts", made.id, wire.ExecuteAction("approve", dry_run=True))
    with pytest.raises(TrimtabError, match="STANDBY"):
        calls.execute("acts", made.id, wire.ExecuteAction("approve"))
    assert calls.delete_action("acts", made.id).removed == made.id
    assert calls.actions("acts") == []


def test_a_budget_is_put_and_shown_by_the_command_line_and_on_the_page(server: LiveServer) -> None:
    def ask(*words: str) -> str:
        done = CliRunner().invoke(command, [*words, "--account", ACCOUNT, "--url", server.url])
        assert done.exit_code == 0, done.output
        return done.output

    ask("put", "cli", "--limit", "12.50", "--tag", "team=ml", "--actual", "80", "--email", "a@example.com")
    assert "greater than" in ask("show", "cli")
    assert "cli" in ask("list")
    page = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    page.request("GET", f"/budgets?budget=cli&account={ACCOUNT}", headers={"Accept": "text/html"})
    answer = page.getresponse()
    text = answer.read().decode()
    assert answer.status == 200
    assert "actual above 80 %" in text
    assert f"arn:aws:budgets::{ACCOUNT}:budget/cli" in text
    page.close()
    assert ask("delete", "cli") == "deleted cli\n"
