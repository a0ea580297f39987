"""Sixty questions over the whole demo through the official client: at least 57 right, each by two calls at most."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from live_server import LiveServer
from trimtab.assistants.answer import MOST_TOKENS, tokens_of
from trimtab.base.clock import SystemClock
from trimtab.client.api import Client as Rest
from trimtab.client.wire import CreateKey
from trimtab.demo import notes, world
from trimtab.demo.company import TRAINING
from trimtab.demo.play import Play
from trimtab.demo.retraining import COMMANDS, write_commands
from trimtab.demo.world import World
from wire.mcp.questions import QUESTIONS
from wire.mcp.told import Question, Told

pytestmark = [pytest.mark.wire, pytest.mark.slow]
mcp = pytest.importorskip("mcp", reason="the official client of the protocol is not installed: `make test` does")
LEAST = 57 / 60
"""The share of questions that must be right."""


@pytest.fixture
def company(tmp_path: Path) -> Iterator[tuple[str, World]]:
    """The demo, loaded, while it goes on."""
    write_commands(tmp_path / "server")
    live = LiveServer(tmp_path / "server", TRIMTAB_TRIGGER_COMMANDS=str(tmp_path / "server" / COMMANDS)).start()
    directory, clock, stop, loaded = tmp_path / "demo", SystemClock(), threading.Event(), threading.Event()
    now_ms = clock.now_ms()
    notes.claim(directory)
    with ThreadPoolExecutor(1) as pool:
        playing = pool.submit(Play(live.url, directory, clock, stop).run, lambda *_: None, lambda _: loaded.set())
        while not loaded.wait(0.2) and not playing.done():
            pass
        kept = notes.recall(directory, now_ms)
        assert kept is not None
        yield live.url, world.create(kept.seed, kept.anchor_ms)
        stop.set()
        playing.result()
    live.stop()


@pytest.mark.timeout(1500)
def test_people_get_the_right_answers(company: tuple[str, World]) -> None:
    url, world_ = company
    assert len(QUESTIONS) >= 60
    assert max(len(one.calls) for one in QUESTIONS) <= 2
    wrong = asyncio.run(_wrong(url, world_))
    assert 1 - len(wrong) / len(QUESTIONS) >= LEAST, "\n".join(wrong)
    _reader_of_one_account_sees_its_own(url)


async def _wrong(url: str, world_: World) -> list[str]:
    wrong = []
    async with mcp.Client(f"{url}/mcp") as client:
        for question in QUESTIONS:
            texts = [await _text(client, tool, filled(given, world_)) for tool, given in question.calls]
            assert max(map(tokens_of, texts)) <= MOST_TOKENS
            if not _is_right(question, texts, world_):
                wrong.append(f"{question.asks} {texts}"[:2000])
    return wrong


async def _text(client: Any, tool: str, arguments: dict[str, Any]) -> str:
    return str((await client.call_tool(tool, arguments)).content[0].text)


def _is_right(question: Question, texts: list[str], world_: World) -> bool:
    try:
        return question.right(Told(texts), world_)
    except (KeyError, TypeError, AttributeError):  # what should be there is not
        return False


def filled(arguments: dict[str, Any], world_: World) -> dict[str, Any]:
    """Arguments with the ids of the runs that tell a story."""
    stories = world_.stories
    runs = {"{hung}": stories.hung, "{straggling}": stories.straggling, "{starved}": stories.starved,
            "{runaway}": world_.runaway}  # fmt: skip
    return {
        name: str(runs[value].id) if isinstance(value, str) and value in runs else value
        for name, value in arguments.items()
    }


def _reader_of_one_account_sees_its_own(url: str) -> None:
    """A key of the training account: nothing of serving is told."""
    with Rest(url) as rest:
        key = rest.create_key(CreateKey(name="assistant", kind="token", role="read", account=TRAINING.id))
    with Rest(url, key.secret) as mine:
        call = {"name": "runs", "arguments": {"state": "running"}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
        told = json.loads(mine.post_json("/mcp", body))
    text = told["result"]["content"][0]["text"]
    assert TRAINING.cluster in text
    assert "serving-prod" not in text
