"""Pages that take longer than a moment: what comes at once, what follows, and who gets it whole."""

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

import trimtab.web
from asgi_client import AsgiClient
from trimtab.web import respond, skeleton

OPENED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
PAGE = (
    '<html><head><title>Runs</title></head><body><nav></nav><div class="page"><main>Two runs</main></div></body></html>'
)
FRAME = '<html><head><title> </title></head><body><nav></nav><div class="coming">Soon</div></body></html>'
Handler = Callable[[Request], Awaitable[Response]]


def site(made: Handler, moment_s: float = 0.0) -> TestClient:
    """Pages that are worked out by `made`; with no patience all take longer than a moment."""

    async def page(request: Request) -> Response:
        return await skeleton.answer(request, made(request), lambda: FRAME, moment_s)  # type: ignore[arg-type]

    return TestClient(Starlette(routes=[Route("/runs", page)]))


async def a_while() -> None:
    """Longer than a look at what is done."""
    for _ in range(20):
        await asyncio.sleep(0)


async def runs(request: Request) -> Response:
    await a_while()
    return respond.html(request, PAGE)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_page_follows_its_skeleton(encoding: str) -> None:
    found = site(runs).get("/runs", headers={"Accept-Encoding": encoding})
    assert (200, "no-store") == (found.status_code, found.headers["cache-control"])
    assert (encoding == "gzip") == (found.headers.get("content-encoding") == "gzip")
    text = found.text
    assert text.index("Soon") < text.index("<title>Runs</title>") < text.index("Two runs")
    assert (
        1 == text.count("<title>") == text.count("<nav>") == text.count('<div class="page">') == text.count("</html>")
    )


def test_a_page_that_was_zipped_already_follows_as_text() -> None:
    async def long(request: Request) -> Response:
        await a_while()
        return respond.html(request, PAGE.replace("Two runs", "Two runs " * 100))

    found = site(long).get("/runs", headers={"Accept-Encoding": "gzip"})
    assert 100 == found.text.count("Two runs")


def test_a_page_in_time_is_the_page_alone() -> None:
    found = site(runs, 10.0).get("/runs")
    assert PAGE == found.text


def test_a_page_that_leads_elsewhere_does_so_behind_its_skeleton() -> None:
    async def away(request: Request) -> Response:
        await a_while()
        return RedirectResponse('/other?a=1&b="2', 303)

    text = site(away).get("/runs").text
    assert '<meta http-equiv="refresh" content="0; url=/other?a=1&amp;b=%222">' in text


@pytest.fixture
def slow_pages(pages: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> AsgiClient:
    """Pages that all take longer than a moment, as a browser opens them."""
    monkeypatch.setattr(skeleton, "answer", partial(skeleton.answer, moment_s=0.0))
    return pages


def test_a_page_that_fails_behind_its_skeleton_says_so(slow_pages: AsgiClient) -> None:
    answer = slow_pages.get("/hosts/nobody", headers=OPENED)
    text = answer.text
    assert 200 == answer.status_code, "which was sent before anybody knew"
    assert text.index("being worked out") < text.index("<title>404 · Nothing here · trimtab</title>")
    assert 1 == text.count("<title>")
    assert '<meta name="trimtab-status" content="404">' in text
    assert 'role="alert"' in text[text.index('<div class="page">') :]
    assert '<meta name="trimtab-status"' not in slow_pages.get("/hosts", headers=OPENED).text


@pytest.mark.parametrize(("path", "status"), [("/hosts/nobody", 404), ("/hosts?range=soon", 400)])
def test_a_page_that_fails_in_time_has_its_status(path: str, status: int, pages: AsgiClient) -> None:
    answer = pages.get(path, headers=OPENED)
    assert status == answer.status_code
    assert f"<title>{status} · " in answer.text


@pytest.mark.parametrize(
    ("path", "status"), [("/hosts/nobody.json", 404), ("/hosts.json?range=soon", 400), ("/hosts.csv?range=soon", 400)]
)
def test_files_keep_their_status_however_long_they_take(path: str, status: int, slow_pages: AsgiClient) -> None:
    answer = slow_pages.get(path, headers=OPENED)
    assert (status, "application/json") == (answer.status_code, answer.headers["content-type"])
    assert answer.json()["error"]


def test_a_fault_of_the_program_leaves_nobody_before_a_skeleton() -> None:
    async def fails(request: Request) -> Response:
        await a_while()
        raise ZeroDivisionError

    async def parts() -> list[str]:
        request = Request({"type": "http", "method": "GET", "path": "/runs", "headers": []})
        found = await skeleton.answer(request, fails(request), lambda: FRAME, 0.0)  # type: ignore[arg-type]
        came: list[str] = []
        with pytest.raises(ZeroDivisionError):
            async for part in found.body_iterator:  # type: ignore[attr-defined]
                came += [bytes(part).decode()]
        return came

    frame, rest = asyncio.run(parts())
    assert "Soon" in frame
    assert "<title>500 · That did not work · trimtab</title>" in rest
    assert '<meta name="trimtab-status" content="500">' in rest
    assert '<div class="page">' in rest, "which hides the skeleton"
    assert 'role="alert"' in rest
    assert rest.endswith("</html>\n")


def test_what_is_worked_out_ends_when_the_viewer_leaves() -> None:
    async def leave() -> bool:
        begun, over = asyncio.Event(), asyncio.Event()

        async def never(request: Request) -> Response:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                over.set()
            return HTMLResponse(PAGE)

        request = Request({"type": "http", "method": "GET", "path": "/runs", "headers": []})
        found = await skeleton.answer(request, never(request), lambda: FRAME, 0.0)
        parts = found.body_iterator  # type: ignore[attr-defined]
        await anext(parts)
        waiting = asyncio.ensure_future(anext(parts))
        await begun.wait()
        await a_while()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(over.wait(), 10)
        return over.is_set()

    assert asyncio.run(leave())


@pytest.mark.parametrize(
    ("method", "path", "headers", "opened"),
    [
        ("GET", "/runs", OPENED, True),
        ("POST", "/runs", OPENED, False),
        ("GET", "/runs.csv", OPENED, False),
        ("GET", "/statements/2026-10/file", OPENED, False),
        ("GET", "/runs", {}, False),
        ("GET", "/runs", OPENED | {"Sec-Fetch-Mode": "cors"}, False),
        ("GET", "/runs", OPENED | {"Sec-Fetch-Dest": "iframe"}, False),
    ],
)
def test_only_pages_that_a_browser_opens_come_in_parts(
    method: str, path: str, headers: dict[str, str], opened: bool
) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": method, "path": path, "headers": raw, "server": ("x", 80)})
    assert opened is skeleton.is_opened(request)


def test_the_frame_of_pages_ends_where_the_page_begins() -> None:
    """What the code looks for is what the template says, once; and the stylesheet hides the skeleton."""
    web = Path(trimtab.web.__file__).parent
    assert 1 == (web / "templates/base.html").read_text().count(skeleton.FRAME_ENDS)
    assert '<div class="coming"' in (web / "templates/pages/coming.html").read_text()
    styles = Path(__file__).parents[3] / "frontend/styles/shell.css"
    assert re.search(r"\.coming:has\(~ \.page\) \{\s*display: none;", styles.read_text())


def test_a_part_can_be_read_before_the_next_comes() -> None:
    async def first() -> bytes:
        gate = asyncio.Event()

        async def later(request: Request) -> Response:
            await gate.wait()
            return HTMLResponse(PAGE)

        request = Request({"type": "http", "method": "GET", "path": "/", "headers": [(b"accept-encoding", b"gzip")]})
        found = await skeleton.answer(request, later(request), lambda: FRAME, 0.0)
        parts = found.body_iterator  # type: ignore[attr-defined]
        begun = await anext(parts)
        gate.set()
        rest = b"".join([part async for part in parts])
        whole = gzip.decompress(begun + rest).decode()
        assert "Two runs" in whole
        return bytes(begun)

    assert len(asyncio.run(first())) > 40
