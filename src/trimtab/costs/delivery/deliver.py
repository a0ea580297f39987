"""Delivers exports: whenever the bill of a month changed, its files are written anew, and that is an execution."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.errors import TrimtabError
from trimtab.base.records import replace
from trimtab.costs.delivery.layout import Layout
from trimtab.costs.delivery.model import Definition, Execution, Status
from trimtab.costs.delivery.store import ExportStore
from trimtab.costs.delivery.wanted import Wanted, spread, wanted
from trimtab.costs.delivery.writing import BillWriter
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.model import Held

logger = logging.getLogger(__name__)

Write = Callable[[str, str, bytes], None]
"""Writes an object of a bucket: bucket, key, content. Blocks; raises TrimtabError."""
_AGAIN_MS = 15 * 60_000
"""How long after a delivery that failed the same one is tried again."""


class Deliverer:
    """Looks which exports are due, and writes them one after another."""

    def __init__(self, store: ExportStore, ledger: ImportLedger, writer: BillWriter, write: Write) -> None:
        self._store = store
        self._ledger = ledger
        self._writer = writer
        self._write = write

    async def turn(self, now_ms: int) -> None:
        """Write what changed since it was delivered."""
        definitions = await self._store.listed()
        if not definitions:
            return
        marks = marks_of(await asyncio.to_thread(self._ledger.held))
        for one in definitions:
            due = [int(month) for month, mark in marks.items() if one.delivered.get(month) != mark]
            if due and not await self._failed_just_now(one, now_ms):
                await self.deliver(one, sorted(due), marks)

    async def deliver(self, one: Definition, months: Sequence[int], marks: dict[str, str]) -> Execution:
        """Write months of an export; the execution, which says what went wrong if something did."""
        run = await self._store.begin(one, months)
        try:
            asked = wanted(one.kind, one.form)
        except TrimtabError as problem:  # a table that an older version had
            done = replace(run, status=Status.QUERY_FAILED, problem=str(problem))
            await self._store.end(one, done, None)
            return done
        done = await asyncio.to_thread(self._all, one, run, asked)
        if done.status is Status.DELIVERED:
            delivered = {**one.delivered, **{str(month): marks.get(str(month), "") for month in months}}
            await self._store.end(one, done, {month: mark for month, mark in delivered.items() if month in marks})
        else:
            logger.warning("cannot deliver export %s: %s", one.name, done.problem)
            await self._store.end(one, done, None)
        return done

    async def _failed_just_now(self, one: Definition, now_ms: int) -> bool:
        ran = await self._store.executions(one.arn)
        if not ran or ran[0].status is Status.DELIVERED:
            return False
        return max(ran[0].created_ms, one.updated_ms) + _AGAIN_MS > now_ms and ran[0].created_ms >= one.updated_ms

    def _all(self, one: Definition, run: Execution, asked: Wanted) -> Execution:
        keys: list[str] = []
        stage = Status.QUERY_FAILED
        scope = EVERYTHING if one.accounts is None else Scope(accounts=frozenset(one.accounts))
        try:
            for month in run.months:
                stage = Status.QUERY_FAILED
                layout = Layout(one, asked.destination, run, month)
                mine: list[str] = []
                now = spread(asked, self._writer.keys(month)) if asked.spread else asked
                files = self._writer.files(scope, month, now.statement, now.destination.files, now.names)
                for content in files:
                    stage = Status.DELIVERY_FAILED
                    mine.append(layout.key(len(mine) + 1))
                    self._write(asked.destination.bucket, mine[-1], content)
                    stage = Status.QUERY_FAILED
                stage = Status.DELIVERY_FAILED
                for key, content in layout.manifests(mine, _columns(now)).items():  # last: it names what is whole
                    self._write(asked.destination.bucket, key, content)
                keys += mine
        except TrimtabError as problem:
            return replace(run, status=stage, problem=str(problem), files=tuple(keys))
        return replace(run, status=Status.DELIVERED, files=tuple(keys))


def _columns(asked: Wanted) -> list[dict[str, str]]:
    outputs = asked.statement.outputs
    names = asked.names or [one.name for one in outputs]
    return [{"name": name, "type": one.type.value} for name, one in zip(names, outputs, strict=True)]


def marks_of(held: Sequence[Held]) -> dict[str, str]:
    """For each billing month what is held of it: the imports that it consists of."""
    found: dict[str, list[int]] = {}
    for one in held:
        found.setdefault(str(one.month), []).append(one.import_id)
    return {month: ",".join(map(str, sorted(ids))) for month, ids in sorted(found.items())}
