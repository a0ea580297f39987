"""Pages that take longer than a moment: a frame with a skeleton comes at once, the page follows in the same answer.

The frame is what every page begins with: head and sidebar, up to `FRAME_ENDS`. The stylesheet hides the skeleton once
the page follows: no script is needed, and a browser says that the page is loaded when it is whole.
"""

import asyncio
import gzip
import re
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from trimtab.web import respond

MOMENT_S = 0.3
"""From when on somebody wonders whether anything happens (UI.md)."""
FRAME_ENDS = '<div class="page">'
"""Where templates/base.html goes over to what is the page's own."""
_ENDS = "</body>"
_TITLE = re.compile(r"<title>.*?</title>\n?", re.DOTALL)
STATUS = "trimtab-status"
"""The name of the <meta> that has the status of a page which failed behind its frame."""
_FAILED = 400
_BROKEN = (
    f'<title>500 · That did not work · trimtab</title>\n<meta name="{STATUS}" content="500">\n{FRAME_ENDS}'
    '<main id="main"><div class="notice bad-notice" role="alert"><p><b>That did not work</b> (500).'
    f" The server's log says why.</p></div></main></div>\n{_ENDS}\n</html>\n"
)
_ENDS_OF_FILES = ("/file", "/download")


def is_opened(request: Request) -> bool:
    """Whether a browser opens a page: it shows what has come while the rest follows. Not so files and live parts."""
    opened = request.headers.get("sec-fetch-mode") == "navigate" and request.headers.get("sec-fetch-dest") == "document"
    last = request.url.path.rpartition("/")[2]
    return opened and request.method == "GET" and "." not in last and not request.url.path.endswith(_ENDS_OF_FILES)


async def answer(
    request: Request, work: Coroutine[Any, Any, Response], frame: Callable[[], str], moment_s: float = MOMENT_S
) -> Response:
    """The answer of `work`; where it takes longer than a moment, what `frame` renders with that behind it."""
    page = asyncio.create_task(work)
    try:
        await asyncio.wait({page}, timeout=moment_s)
    except asyncio.CancelledError:
        page.cancel()
        raise
    if page.done():
        return page.result()
    zipped = respond.accepts_gzip(request)
    headers = respond.streamed_headers(zipped)
    parts = _parts(page, frame())
    return StreamingResponse(_zip(parts) if zipped else parts, 200, headers, "text/html; charset=utf-8")


async def _parts(page: asyncio.Task[Response], frame: str) -> AsyncIterator[bytes]:
    # The first title of a document is its title: that of the page, which follows.
    yield _TITLE.sub("", frame.partition(_ENDS)[0]).encode()
    try:
        yield _behind(await page).encode()
    except Exception:
        # Nobody is to look at a skeleton for ever. The connection then breaks, and the log has why.
        yield _BROKEN.encode()
        raise
    finally:
        page.cancel()  # the viewer left


def _behind(made: Response) -> str:
    """What follows the skeleton: the page, or where it leads."""
    if "location" in made.headers:
        return f'<meta http-equiv="refresh" content="0; url={escape(made.headers["location"])}">\n{_ENDS}\n</html>\n'
    body = bytes(made.body)
    if made.headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    head, ends, own = body.decode().partition(FRAME_ENDS)
    title = _TITLE.search(head)
    # The frame said 200 when nobody knew: a program that reads pages as a browser does has the status here.
    status = f'<meta name="{STATUS}" content="{made.status_code}">\n' if made.status_code >= _FAILED else ""
    return (title[0] if title else "") + status + ends + own


async def _zip(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    zipping = zlib.compressobj(wbits=31)
    async for part in parts:
        yield zipping.compress(part) + zipping.flush(zlib.Z_SYNC_FLUSH)
    yield zipping.flush()
