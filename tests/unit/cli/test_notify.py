"""`trimtab notify`: channels made with secrets from files, listed without; tests and the log."""

import asyncio
import json
from pathlib import Path

from tests.unit.cli.conftest import Cli
from tests.unit.doors.rest.conftest import Api

from gates import open_gate
from trimtab.base.clock import SystemClock
from trimtab.notify.sender import Means, Sender
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State

NOWHERE = "http://127.0.0.1:9/hook?key=SECRET"


def test_a_channel_is_made_listed_and_removed(live: Cli) -> None:
    made = live("notify", "add", "hook", "webhook", NOWHERE, "--topic", "ops", "--event", "alarm.*")
    assert "whsec_" in made.out
    assert "not shown again" in made.err
    listed = live("notify", "list")
    assert "ops, alarm.*" in listed.out
    assert "not used yet" in listed.out
    assert "whsec_" not in listed.out
    assert "SECRET" not in listed.out
    assert live("notify", "remove", "hook").out == "removed hook\n"
    assert live("notify", "remove", "hook").code == 1


def test_secrets_come_from_files_and_a_channel_that_gets_nothing_says_so(live: Cli, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123456789abcdef\n")
    made = live("notify", "add", "pager", "pagerduty", "--routing-key-file", str(key))
    assert made.code == 0
    assert "0123456789abcdef" not in made.out + made.err
    assert "gets nothing but tests" in made.err
    assert json.loads(live("notify", "list", "--json").out)[0]["endpoint"] == "https://events.pagerduty.com/v2/enqueue"


def test_a_test_that_has_not_arrived_fails_with_the_reason(live: Cli, api: Api, tmp_path: Path) -> None:
    live("notify", "add", "hook", "webhook", NOWHERE)
    early = live("notify", "test", "hook", "--wait", "0")
    assert (early.code, "the jobs process has not sent it yet" in early.err) == (1, True)
    state = State.open("", tmp_path)
    sender = Sender(state, SystemClock(), Means(HttpTransport(open_gate())))
    asyncio.run(sender.turn())
    sender.close()
    state.close()
    log = live("notify", "deliveries", "--channel", "hook")
    (one,) = [line for line in log.out.splitlines() if "Connection refused" in line]
    (one,) = json.loads(live("notify", "deliveries", "--json").out)["deliveries"]
    shown = live("notify", "delivery", one["id"])
    assert "retry" in shown.out
    assert live("notify", "retry", one["id"]).code == 0
    assert live("notify", "delivery", "none").code == 1


def test_a_wrong_channel_is_wrong_use(live: Cli) -> None:
    outcome = live("notify", "add", "x", "webhook", "http://169.254.169.254/")
    assert outcome.code == 2
    assert "metadata service" in outcome.err
