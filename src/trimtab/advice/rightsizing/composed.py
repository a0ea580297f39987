"""The room over the others: where its use, prices, bill and findings come from."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.check import Want
from trimtab.advice.facts import Facts
from trimtab.advice.finding import Finding, Judgement
from trimtab.advice.gather.facts_reader import FactsReader
from trimtab.advice.rightsizing.containers import containers
from trimtab.advice.rightsizing.nodes import Nodes
from trimtab.advice.rightsizing.room import Means, RightsizingRoom
from trimtab.advice.store import FindingStore
from trimtab.base.clock import Clock
from trimtab.costs.room import CostsRoom
from trimtab.inventory.room import InventoryRoom
from trimtab.logs.exports.places import files_of
from trimtab.logs.serverless.model import FunctionUse
from trimtab.logs.serverless.read import ServerlessReader, Wanted
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry


class Around(Struct, frozen=True):
    """The rooms that right-sizing asks: `money` for bills, machines and owners. `exports` is the folder below which
    exports go to folders of their buckets."""

    inventory: InventoryRoom
    reader: MetricReader
    registry: SeriesRegistry
    costs: CostsRoom
    serverless: ServerlessReader
    findings: FindingStore
    money: FactsReader
    exports: Path


def rightsizing_of(state: State, telemetry: Telemetry, clock: Clock, around: Around) -> RightsizingRoom:
    """The room."""

    async def functions(scope: Scope, start_ms: int, end_ms: int) -> list[FunctionUse]:
        return await around.serverless.functions(scope, Wanted(start_ms, end_ms), parts=1)

    async def facts() -> Facts:
        return await around.money.read((), EVERYTHING, frozenset({Want.BILL}))

    async def publish(judged: Sequence[Judgement], took_ms: int) -> object:
        return await around.findings.publish(judged, took_ms=took_ms, what="right-sizing")

    async def open_findings(scope: Scope) -> list[Finding]:
        return [one.finding for one in await around.findings.listed(scope)]

    def write(bucket: str, key: str, content: bytes) -> None:
        files_of(bucket, "", around.exports).write(key, content)

    asked = partial(containers, around.reader, around.registry, clock)
    known = telemetry, around.registry, around.reader, around.inventory
    nodes = Nodes(around.money.hours, around.inventory, around.registry) if around.money.hours is not None else None
    means = Means(*known, functions, asked, facts, publish, write, nodes, open_findings)
    return RightsizingRoom.of(state, clock, means)
