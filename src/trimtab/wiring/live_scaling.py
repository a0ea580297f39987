"""The scaling engine over the other rooms: alarms, metrics and audit; the pools of this process and their proxies."""

import contextlib
from asyncio import CancelledError, Task, create_task, gather, to_thread
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.actions.registry import Actuators
from trimtab.alarms.room import AlarmRoom
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.base.errors import SetupError
from trimtab.base.ids import new_id
from trimtab.cloud.scaling import AwsScaling
from trimtab.doors import proxy
from trimtab.doors.auditing.recorder import Change, ChangeRecorder
from trimtab.doors.aws.application_autoscaling import service as application_autoscaling
from trimtab.doors.aws.autoscaling import service as autoscaling
from trimtab.doors.aws.lambda_functions import service as lambda_functions
from trimtab.doors.aws.lambda_functions.rooms import LambdaRooms
from trimtab.doors.aws.service import Service
from trimtab.doors.rest.scaling import Scaling
from trimtab.egress.gate import Gate
from trimtab.egress.request import Outgoing
from trimtab.inventory.resolver import resolve
from trimtab.jobs.periodic import Job
from trimtab.listen import bind
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SAMPLE_ROW, VALUE_ROW, Identity, Kind, MetricBatch
from trimtab.metrics.registry import SeriesRegistry
from trimtab.notify.transport.http import HttpTransport
from trimtab.scaling.engine.metering import Point
from trimtab.scaling.engine.model import ScalableTarget
from trimtab.scaling.engine.room import Means, ScalingRoom
from trimtab.scaling.engine.viewing import Viewing
from trimtab.scaling.functions.room import FunctionsBackend, FunctionsRoom
from trimtab.scaling.groups.acting import Acting, GroupsBackend
from trimtab.scaling.groups.alarmed import AlarmedPolicies
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.targets.aws import AwsBackend
from trimtab.scaling.targets.backend import Backend
from trimtab.scaling.targets.file import read_scaling_file
from trimtab.scaling.targets.kubernetes import KubernetesBackend
from trimtab.scaling.targets.pool.pool import Pool
from trimtab.scaling.targets.webhook import WebhookBackend
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.wiring.policy_alarms import PolicyAlarms

_ENGINE = Principal("scaling engine", None, Role.WRITE, EVERYTHING)
_SOURCE = "scaling.trimtab"
_TEND_S = 1.0
_FOREVER_S = 10 * 365 * 86_400.0


class Emission(Struct, frozen=True):
    """Points of the engine as series of the metrics room."""

    ingest: MetricIngest
    registry: SeriesRegistry

    async def __call__(self, points: Sequence[Point]) -> None:
        """Make these points durable. Raises Throttled, Unavailable."""
        values = [(self._series(one), one.time_ms, one.value, 1.0) for one in points if not one.gauge]
        samples = [(self._series(one), one.time_ms, one.value) for one in points if one.gauge]
        if points:
            batch = MetricBatch(values=np.array(values, VALUE_ROW), samples=np.array(samples, SAMPLE_ROW))
            await self.ingest.write(batch)

    def _series(self, one: Point) -> int:
        resource = resolve(dict(one.dimensions), one.account, one.region).path
        kind = Kind.GAUGE if one.gauge else Kind.EVENTS
        where = one.account, one.region, one.namespace, one.name, one.dimensions, one.unit
        return self.registry.add(Identity(*where, kind=kind, resource=resource))


class Pools(Struct):
    """The pools of this process while it leads: each with its proxy. They are named in the settings' file alone."""

    room: ScalingRoom
    clock: Clock
    urls: dict[str, str] = field(default_factory=dict)
    _running: list["Task[None]"] = field(default_factory=list)

    async def tend(self) -> None:
        """Begin once the lock is held; end when it is lost, since another process runs them then."""
        if self.room.lock.held and not self._running:
            await self.room.begin_pools()
            self._running = [create_task(self._run(pool)) for pool in self.room.pools.values()]
        elif self._running and not self.room.lock.held:
            await self.end()

    async def end(self) -> None:
        """Drain and end every worker."""
        for task in self._running:
            task.cancel()
        await gather(*self._running, return_exceptions=True)
        self._running.clear()
        self.urls.clear()

    async def _run(self, pool: Pool) -> None:
        try:
            listener = bind(pool.settings.listen, f"[pools.{pool.name}] listen")
        except SetupError as problem:
            pool.problem = str(problem)
            return
        with contextlib.suppress(CancelledError):
            async with proxy.serving(pool, self.clock, listener) as url:
                self.urls[pool.name] = url
                await pool.run()

    def jobs(self) -> list[Job]:
        """Keep them, and end them with the process."""
        if not self.room.pools:
            return []
        # `end` is called once at the start, when nothing runs yet, and once at the end
        return [Job("keep the pools", _TEND_S, self.tend), Job("end the pools", _FOREVER_S, self.end, at_stop=True)]


class LiveScaling(Struct, frozen=True):
    """The room, the pools, the groups and the functions."""

    room: ScalingRoom
    pools: Pools
    groups: GroupsRoom
    functions: LambdaRooms

    @property
    def viewing(self) -> Viewing:
        """How targets stand, for doors and pages."""
        return Viewing(self.room, self.pools.urls)

    @property
    def rest(self) -> Scaling:
        """What the REST API needs."""
        return Scaling(self.viewing, self.room.means.account, self.room.means.region)

    def services(self) -> list[Service]:
        """The AWS services over scaling."""
        return [
            application_autoscaling.build(self.room),
            autoscaling.build(self.groups),
            lambda_functions.build(self.functions),
        ]

    def jobs(self) -> list[Job]:
        """What they do by themselves."""
        alarmed = AlarmedPolicies(self.groups, self.room.readings.alarms, self.room.clock, self.room.lock)
        return [*self.room.jobs(), *self.pools.jobs(), *self.groups.jobs(), *alarmed.jobs()]


class Wiring(Struct, frozen=True):
    """The rooms that scaling stands on."""

    evaluator: Evaluator
    alarms: AlarmRoom
    audit: AuditRoom
    actuators: Actuators
    ingest: MetricIngest
    registry: SeriesRegistry
    gate: Gate


def live_scaling(settings: Settings, state: State, clock: Clock, around: Wiring) -> LiveScaling:
    """The engine with what TRIMTAB_SCALING_FILE names. Raises SetupError for a file that cannot be used."""
    file = read_scaling_file(settings.scaling_file)
    groups = GroupsRoom.of(state, clock)
    hooks = around.gate.naming(one.url for one in file.webhooks.values())
    backends: list[Backend] = [
        KubernetesBackend(file.kubernetes, around.gate.naming(one.server for one in file.kubernetes.values())),
        WebhookBackend(file.webhooks, HttpTransport(hooks), clock),
    ]
    if file.aws is not None:
        backends.append(AwsBackend(file.aws, AwsScaling))
    functions = FunctionsRoom.of(state, clock)
    backends += [GroupsBackend(groups), FunctionsBackend(functions)]  # last: those of a real account come first
    recorder = ChangeRecorder(around.audit.ingest, clock, settings.account_id, settings.region)

    async def audited(target: ScalableTarget, changes: Mapping[str, object], problem: str) -> None:
        await recorder.record(
            Change(
                _ENGINE, _SOURCE, "Scale", new_id(), account=target.key.account, region=target.key.region,
                parameters={"target": target.arn, "resource": target.key.label, **changes},
                error_code="Failed" if problem else "", error_message=problem,
                resources=[{"ARN": target.arn, "type": "AWS::ApplicationAutoScaling::ScalableTarget"}],
            )
        )  # fmt: skip

    means = Means(
        around.evaluator, PolicyAlarms(around.alarms.store), around.actuators,
        Emission(around.ingest, around.registry), audited, file.pools, backends, settings.account_id, settings.region,
    )  # fmt: skip
    room = ScalingRoom.of(state, clock, means)
    groups.engine = Acting(room, room.backends)

    http = HttpTransport(around.gate)

    async def ask(url: str, payload: bytes) -> tuple[int, bytes]:
        outgoing = Outgoing(url, {"Content-Type": "application/json"}, payload)
        answer = await to_thread(http.ask, outgoing)
        return answer.status, answer.body

    return LiveScaling(room, Pools(room, clock), groups, LambdaRooms(functions, ask, around.gate.admit))
