"""The Ctrl-K menu finds every kind of object, and what an id is the id of."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_app, build_state
from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.web.jump import objects
from trimtab.web.jump.ids import of_commit, of_trace
from trimtab.web.jump.item import Item, best_first, matching

COMMIT = "3ebee8c0aa11bb22cc33dd44ee55ff6677889900"


@pytest.fixture(scope="module")
def client(static: Path) -> Iterator[AsgiClient]:
    """Pages that somebody looked at already, and a menu that waits for what a busy machine is slow to find."""
    opened = AsgiClient(build_app(build_state(3, ManualClock(), gpus=True), LOCAL_OPERATOR, static))
    assert {200} == {opened.get(path).status_code for path in ("/teams", "/endpoints", "/hosts")}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(objects, "_PATIENCE_S", 60.0)
        yield opened


@pytest.fixture(scope="module")
def found(client: AsgiClient):  # type: ignore[no-untyped-def]  # a callable
    def asked(text: str) -> list[tuple[str, str, str]]:
        items = client.get("/jump.json", params={"q": text}).json()["items"]
        return [(item["kind"], item["name"], item["url"]) for item in items]

    return asked


def test_without_a_word_every_page_is_there(found) -> None:  # type: ignore[no-untyped-def]  # a callable
    pages = found("")
    assert {"Page"} == {kind for kind, *_ in pages}
    assert ("Page", "Queue & runs", "/runs") in pages


@pytest.mark.parametrize(
    ("text", "kind", "url"),
    [
        ("foundation", "Team", "/teams/foundation"),
        ("103", "Run", "/runs/atlas/103"),
        ("chat-70b", "Endpoint", "/endpoints/chat-70b"),
        ("gpu-1", "Host", "/hosts/gpu-1"),
        ("web-2", "Host", "/hosts/web-2"),
        ("TRIMTAB_DATA_DIR", "Setting", "/settings#TRIMTAB_DATA_DIR"),
        ("host", "Metric", "/explore/metrics?m=trimtab/Host|system.cpu.utilization&stat=Average"),
        ("idle $", "Figure", "/figures/idle_cost"),
    ],
)
def test_it_finds(text: str, kind: str, url: str, found) -> None:  # type: ignore[no-untyped-def]  # a callable
    assert (kind, url) in [(one, where) for one, _, where in found(text)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("budgets", ("Guide", "Budgets", "/docs/guide/budgets")),
        ("slack teams", ("Guide", "Slack, Microsoft Teams", "/docs/guide/notifications#slack-microsoft-teams")),
        ("back up", ("How to", "Back up and restore", "/docs/how-to/backup")),
        ("guides", ("Page", "Guides", "/docs")),
        ("connect slurm", ("Guides", "with “connect slurm”", "/docs?q=connect+slurm")),
    ],
)
def test_it_finds_guides_by_their_words(text: str, line: tuple[str, str, str], found) -> None:  # type: ignore[no-untyped-def]  # a callable
    assert line in found(text)


def test_what_takes_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> object:
        return await objects.Asked.soon(object.__new__(objects.Asked), asyncio.Event().wait())

    monkeypatch.setattr(objects, "_PATIENCE_S", 0.01)
    assert asyncio.run(never()) is None


def test_an_alarm_is_found_by_a_part_of_its_name(found, client: AsgiClient) -> None:  # type: ignore[no-untyped-def]  # a callable
    alarms = client.get("/alarms.json").json()["alarms"]
    name = alarms[0]["name"]
    assert [one for one in found(name[:6]) if one[:2] == ("Alarm", name)]


def test_who_is_bound_to_an_account_finds_no_run_of_another(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a callable
    other = Principal("other", "999999999999", Role.READ, Scope(accounts=frozenset({"999999999999"})))
    items = open_pages(build_state(3, clock, gpus=True), other).get("/jump.json?q=103").json()["items"]
    assert [] == [one for one in items if one["kind"] in ("Run", "Team", "Host", "Alarm")]


@pytest.mark.parametrize(
    ("arn", "first"),
    [
        (
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:high latency",
            ("Alarm", "high latency", "/alarms/named/high%20latency?account=123456789012&region=us-east-1"),
        ),
        (
            "arn:aws:logs:eu-west-1:123456789012:log-group:/app/api:*",
            ("Logs", "/app/api", "/logs?group=/app/api"),
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:resize",
            ("Function", "resize", "/serverless/123456789012/us-east-1/resize"),
        ),
        (
            "arn:aws:ec2:us-east-1:123456789012:instance/i-0abc",
            ("Advice", "of i-0abc", "/advice?q=i-0abc"),
        ),
    ],
)
def test_an_arn_leads_to_what_it_names(arn: str, first: tuple[str, str, str], found) -> None:  # type: ignore[no-untyped-def]  # a callable
    answered = found(arn)
    assert first == answered[0]
    assert {"Advice", "Costs", "Audit"} <= {kind for kind, *_ in answered}


def test_half_an_arn_is_none(found) -> None:  # type: ignore[no-untyped-def]  # a callable
    assert [] == found("arn:aws:ec2")


@pytest.mark.parametrize("text", ["0af7651916cd43dd8448eb211c80319c", "1-0af76519-16cd43dd8448eb211c80319c"])
def test_the_id_of_a_trace_leads_to_the_trace(text: str) -> None:
    assert [Item("Trace", text, "by its id", "/traces/0af7651916cd43dd8448eb211c80319c")] == of_trace(text)
    assert [] == of_trace(text[:-1])


def test_a_commit_leads_to_the_runs_that_carry_it() -> None:
    def run(job: str, commit: str) -> Run:
        return Run(RunKey("1", "atlas", job), "slurm", RunState.RUNNING, 0, tags={"commit": commit})

    runs = [run("1", COMMIT), run("2", "0" * 40), run("3", COMMIT), run("4", "defaced" + "0" * 33)]
    assert ["/runs/atlas/1", "/runs/atlas/3", "/runs?q=3ebee8c"] == [one.url for one in of_commit("3ebee8c", runs)]
    assert [] == of_commit("defaced", runs), "letters alone are a word"
    assert [] == of_commit("1234567", runs), "nobody carries it"


def test_what_is_named_so_comes_before_what_has_it_within() -> None:
    items = [Item("Team", name, "", f"/{name}") for name in ("chat-vision", "revision", "vision-lab", "vision")]
    assert ["vision", "vision-lab", "chat-vision", "revision"] == [one.name for one in matching(items, "vision", 9)]
    assert 2 == len(matching(items, "vision", 2))
    twice = [*items, Item("Page", "Else", "", "/vision")]
    assert ["vision", "chat-vision"] == [one.name for one in best_first(twice, "vision")][:2]
    assert 4 == len(best_first(twice, "vision")), "a page is offered once"
