"""Canaries over the gate, the metrics and the models that endpoints have."""

from trimtab.alarms.tagged import AlarmTags
from trimtab.base.clock import Clock
from trimtab.canaries.model import CanaryKey, Step
from trimtab.canaries.room import CanaryRoom
from trimtab.canaries.run import Runner
from trimtab.canaries.store import CanaryStore
from trimtab.doors.aws.service import Service
from trimtab.doors.aws.synthetics.rooms import SyntheticsRooms
from trimtab.doors.aws.synthetics.service import build
from trimtab.egress.gate import Gate
from trimtab.inference.invoke import Asked, Invoker
from trimtab.jobs.lock import Lock
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State


def canaries_of(
    state: State, clock: Clock, gate: Gate, metrics: tuple[MetricIngest, SeriesRegistry], invoker: Invoker
) -> CanaryRoom:
    """The room over open stores."""

    async def ask(key: CanaryKey, step: Step) -> bytes:
        headers = {name.lower(): value for name, value in step.headers}
        asked = Asked(step.body.encode(), headers.get("content-type", "application/json"))
        place = key.account, key.region
        return (await invoker.invoke(place, step.where, asked, timeout_s=step.timeout_s)).body

    lock = Lock(state, clock, "canaries")
    return CanaryRoom(CanaryStore(state, clock), Runner(gate, clock, ask), *metrics, clock, lock)


def synthetics_of(room: CanaryRoom, tags: AlarmTags, gate: Gate) -> Service:
    """What the AWS door serves."""
    return build(SyntheticsRooms(room, tags, gate.admit))
