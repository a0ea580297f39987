"""What sends to the targets of event rules, with what they need."""

import logging
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound, TrimtabError
from trimtab.batch.containers.telling import Announce
from trimtab.batch.model_pipelines.executions import PipelineExecutions, execution_arn
from trimtab.cloud import sagemaker
from trimtab.egress.gate import Gate
from trimtab.logs.room import LogsRoom
from trimtab.notify.room import NotifyRoom
from trimtab.settings import Settings
from trimtab.stores import Stores
from trimtab.triggers.arns import Place
from trimtab.triggers.delivering import Delivering, Means
from trimtab.triggers.entries import make_event, stable_id
from trimtab.triggers.intake import Intake
from trimtab.triggers.room import TriggersRoom
from trimtab.triggers.sending import log_lines

_log = logging.getLogger(__name__)


class OwnPipelines(Struct, frozen=True):
    """The pipelines that SageMaker's API made here, as event rules start them."""

    executions: PipelineExecutions

    async def start(self, place: tuple[str, str], name: str, given: Mapping[str, Any], token: str, why: str) -> str:
        """Start one; its execution's ARN, and none where there is no such pipeline here. Raises InvalidInput."""
        try:
            return execution_arn(await self.executions.start(place, name, given, token, why))
        except NotFound:
            return ""

    async def look(self, place: tuple[str, str], arn: str) -> tuple[str, str] | None:
        """The status of an execution and why it failed; None where it is none of here."""
        found = await self.executions.look(place, arn)
        return None if found is None else (found.status, str(found.state.get("problem") or ""))


def delivering_of(
    settings: Settings,
    stores: Stores,
    clock: Clock,
    triggers: TriggersRoom,
    logs: LogsRoom,
    notify: NotifyRoom,
    actuators: Actuators,
    executions: PipelineExecutions,
) -> Delivering:
    """What sends to the targets of event rules and starts pipelines."""
    means = Means(
        stores.state,
        clock,
        settings.data_dir / "triggers",
        log_lines.writer(logs),
        notify.publishing,
        actuators,
        sagemaker.pipelines,
        sagemaker.PROBLEMS,
        Gate.of(settings, stores.state, clock),
        logs.vended.groups_for,
        settings.retention_events_days,
        OwnPipelines(executions),
    )
    return Delivering.of(triggers, means)


def announcer(intake: Intake, clock: Clock, service: str = "sagemaker") -> Announce:
    """Puts what a service of AWS's doors says of its things on the default bus of their place, as the service does."""

    async def announce(place: tuple[str, str], kind: str, arn: str, detail: Mapping[str, Any]) -> None:
        at, now_ms = Place(*place), clock.now_ms()
        id_ = stable_id(service, arn, str(now_ms))
        event = make_event(
            at, at.bus(""), source=f"aws.{service}", detail_type=kind, detail=detail, at_ms=now_ms, id_=id_,
            resources=[arn],
        )  # fmt: skip
        try:
            await intake.put([event])
        except TrimtabError as problem:  # what it tells of has happened all the same
            _log.warning("cannot put the event of %s: %s", arn, problem)

    return announce
