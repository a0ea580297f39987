"""Forecasts without waiting in this process: a child is started at the first question and ended when none comes."""

import asyncio
import contextlib
import pickle
import struct
import sys
from collections.abc import Sequence

from trimtab.base.errors import Unavailable
from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory

_CHILD = "trimtab.timeseries.forecast.child"
_HEAD = struct.Struct("<Q")
_IDLE_S = 300.0
_PATIENCE_S = 120.0


class Forecaster:
    """Answers questions in a child process, one batch after another; ends it after `idle_s` seconds without any."""

    def __init__(self, idle_s: float = _IDLE_S) -> None:
        self._idle_s = idle_s
        self._child: asyncio.subprocess.Process | None = None
        self._one = asyncio.Lock()
        self._end: asyncio.Task[None] | None = None

    async def predict(self, question: Question) -> Forecast:
        """One forecast. Raises TooLittleHistory, and Unavailable where the child does not answer."""
        [found] = await self.predict_all([question])
        if isinstance(found, TooLittleHistory):
            raise found
        return found

    async def predict_all(self, questions: Sequence[Question]) -> list[Forecast | TooLittleHistory]:
        """A forecast for each question, or why there is none."""
        if not questions:
            return []
        async with self._one:
            if self._end:
                self._end.cancel()
            try:
                found = await asyncio.wait_for(self._ask(questions), _PATIENCE_S)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as problem:
                await self.close()
                raise Unavailable("cannot forecast: the forecasting process did not answer; try again") from problem
            except asyncio.CancelledError:
                await self.close()  # its answer would be taken for the next question's
                raise
            self._end = asyncio.create_task(self._end_when_idle())
        return [one if isinstance(one, Forecast) else TooLittleHistory(one) for one in found]

    async def _ask(self, questions: Sequence[Question]) -> list[Forecast | str]:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _CHILD, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
        to, back = self._child.stdin, self._child.stdout
        if to is None or back is None:
            raise Unavailable("cannot forecast: the forecasting process has no pipes")
        body = pickle.dumps(list(questions))
        to.write(_HEAD.pack(len(body)) + body)
        await to.drain()
        (size,) = _HEAD.unpack(await back.readexactly(_HEAD.size))
        answers: list[Forecast | str] = pickle.loads(await back.readexactly(size))  # noqa: S301 - our own child's
        return answers

    async def _end_when_idle(self) -> None:
        await asyncio.sleep(self._idle_s)
        self._end = None
        await self.close()

    async def close(self) -> None:
        """End the child; the next question starts another."""
        if self._end:
            self._end.cancel()
            self._end = None
        child, self._child = self._child, None
        if child:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
