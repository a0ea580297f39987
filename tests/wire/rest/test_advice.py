"""Advice over REST and the command line against a live server: refresh, decide, thresholds, CSV."""

import pytest
from click.testing import CliRunner

from live_server import LiveServer
from trimtab.base.errors import InvalidInput
from trimtab.cli.advice import advice
from trimtab.client.advice import AdviceCalls
from trimtab.client.advice_wire import Advice, Decide
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import ResourceRecord

pytestmark = pytest.mark.wire
CHECK = "trimtab-eks-extended-support"


def test_advice_is_computed_decided_on_and_exported(server: LiveServer) -> None:
    arn = "arn:aws:eks:us-east-1:123456789012:cluster/prod-of-advice"
    attributes = {"version": "1.29", "endpointPublicAccess": False, "loggingTypes": ["audit"]}
    with Client(server.url, timeout_s=120) as client:
        Inventory(client).put([ResourceRecord(arn=arn, name="prod-of-advice", attributes=attributes)], "test")
        calls = AdviceCalls(client)
        calls.refresh([CHECK])
        [one] = found(calls)
        assert ("365.00", "USD", "prod-of-advice") == (one.cash, one.currency, one.name)
        why = f"no run held it, no tag names an owner, and no rule says whose account {one.account} is"
        assert ("", why, "") == (one.owner, one.owner_reason, one.machine)
        assert f"nobody – {why}" in cli(server, "show", one.id)
        calls.decide(one.id, Decide("accepted", "next sprint"))
        assert ["accepted"] == [said.decision for said in calls.decisions(one.id)]
        assert one.id in [entry.finding for entry in calls.savings().entries]
        [taken] = [each for each in calls.savings().verbs if each.name == "change"]
        assert (taken.lines >= 1, taken.ratio) == (True, None)
        assert "taken in" in cli(server, "savings")
        calls.decide(one.id, Decide("reopened"))
        assert one.id not in [entry.finding for entry in calls.savings().entries]
        assert one.id in b"".join(client.stream("/rest/v1/advice.csv")).decode()
        assert 20 == calls.set_check(CHECK, {"standard": 20}).settings[0].value
        assert one.id in calls.refresh([CHECK]).gone
        calls.set_check(CHECK, {})
        assert one.id in calls.refresh([CHECK]).new
        assert "365.00" in cli(server, "list", "--check", CHECK)
        assert "aws eks update-cluster-version" in cli(server, "show", one.id)
        assert "suppressed until" in cli(server, "suppress", one.id, "--reason", "in March", "--until", "30d")
        assert [] == found(calls)
        assert "standard" in cli(server, "checks", CHECK)


def test_the_plan_is_told_or_what_it_needs_and_what_is_no_advice_is_named(server: LiveServer) -> None:
    told = cli(server, "plan")
    assert ("no plan yet; it needs a bill" in told) != ("found so: " in told)  # other tests of the server have bills
    with pytest.raises(InvalidInput, match="cannot leave out 'nope': expected ids of open advice"):
        cli(server, "plan", "--without", "nope")


def test_the_backtest_is_told_or_what_it_needs(server: LiveServer) -> None:
    told = cli(server, "plan", "--backtest")
    assert ("no backtest yet; it needs more than a week of bill" in told) != ("would have promised" in told)


def found(calls: AdviceCalls) -> list[Advice]:
    """What is said of this test's cluster: other tests share the server."""
    return [one for one in calls.listed(check=CHECK).advice if one.name == "prod-of-advice"]


def cli(server: LiveServer, *words: str) -> str:
    result = CliRunner().invoke(advice, [*words, "--url", server.url], catch_exceptions=False)
    assert 0 == result.exit_code, result.output
    return result.output
