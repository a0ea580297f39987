"""The built front end: which file carries which asset, and serving them with content-hashed names."""

import json
import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from trimtab.base.errors import SetupError
from trimtab.web.respond import accepts_gzip, compress

STATIC = Path(__file__).parent / "static"
_YEAR_S = 31_536_000  # the longest that HTTP caches honour; the name changes with the content
_MISSING = "cannot serve the pages: {} is missing; build it with `python hatch_build.py`"
_TYPES = {".woff2": "font/woff2", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


class Assets:
    """The files of one build, read once: they are small (about 200 KB) and every page needs them."""

    def __init__(self, folder: Path = STATIC) -> None:
        manifest = folder / "manifest.json"
        if not manifest.is_file():
            raise SetupError(_MISSING.format(manifest))
        self._names: dict[str, str] = json.loads(manifest.read_text())
        self._plain = {name: (folder / name).read_bytes() for name in self._names.values()}
        packable = (name for name in self._plain if not name.endswith(".woff2"))
        self._packed = {name: compress(self._plain[name]) for name in packable}

    def url(self, logical: str) -> str:
        """The URL of asset `logical`, such as `app.js`."""
        return f"/static/{self._names[logical]}"

    async def serve(self, request: Request) -> Response:
        """`GET /static/<name>`; a name that this build does not have is 404."""
        name = request.path_params["name"]
        if name not in self._plain:
            return PlainTextResponse("no such file in this build", 404)
        headers = {"Cache-Control": f"public, max-age={_YEAR_S}, immutable", "Vary": "Accept-Encoding"}
        body = self._plain[name]
        if name in self._packed and accepts_gzip(request):
            headers["Content-Encoding"] = "gzip"
            body = self._packed[name]
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(body, headers=headers, media_type=kind)
