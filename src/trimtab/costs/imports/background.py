"""Imports that run beside the server's other work, in a thread that does not hold up its end.

A server that stops in the middle of one leaves it to the next start, as a crash does (`Importer.recover`).
"""

import asyncio
import logging
import threading
from concurrent.futures import Future
from functools import partial

from trimtab.base.errors import TrimtabError
from trimtab.base.uploads import Uploads
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.imports.places import UPLOAD

logger = logging.getLogger(__name__)


class BackgroundImports:
    """Starts imports and answers at once."""

    def __init__(self, importer: Importer, uploads: Uploads) -> None:
        self._importer = importer
        self._uploads = uploads

    async def start(self, request: ImportRequest) -> int:
        """Begin an import; returns its id. What comes of it is in the ledger.

        Raises Conflict where one is running, InvalidInput for an unknown format.
        """
        begun: Future[int] = Future()
        threading.Thread(target=partial(self._run, request, begun), name="import", daemon=True).start()
        return await asyncio.wrap_future(begun)

    def _run(self, request: ImportRequest, begun: "Future[int]") -> None:
        try:
            self._importer.run(request, begun.set_result)
        except TrimtabError as problem:
            if not begun.done():
                begun.set_exception(problem)
            else:
                logger.warning("%s", problem)
        except Exception as problem:
            logger.exception("an import ended by a bug; the next start cleans up after it")
            if not begun.done():
                begun.set_exception(problem)
            raise
        finally:
            if request.location.startswith(UPLOAD):
                self._uploads.drop(request.location.removeprefix(UPLOAD))
