"""Targets that are pipelines or commands of this server: the delivery has arrived once its run is planned."""

import asyncio
from functools import partial

from msgspec import Struct, field
from sqlalchemy import Connection

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import service_of
from trimtab.store.state.database import State
from trimtab.triggers import arns
from trimtab.triggers.arns import name_of
from trimtab.triggers.model import Delivery, Outcome, Sent
from trimtab.triggers.pipelines.commands import Commands
from trimtab.triggers.pipelines.model import IMPLICIT_COOLDOWN_S, Pipeline
from trimtab.triggers.pipelines.planning import Planned, plan
from trimtab.triggers.pipelines.store import pipeline_in


class Pipelines(Struct, frozen=True):
    """Sends to `arn:aws:trimtab:…:pipeline/<name>`, and to `…:command/<name>` and SageMaker's pipelines, which are
    pipelines without a cool-down."""

    state: State
    clock: Clock
    commands: Commands
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    def takes(self, arn: str) -> bool:
        """Whether it is the ARN of a pipeline or of a command."""
        own = service_of(arn) == "trimtab" and (":pipeline/" in arn or ":command/" in arn)
        return own or (service_of(arn) == "sagemaker" and ":pipeline/" in arn)

    async def send(self, delivery: Delivery) -> Sent:
        """Plan the run. Raises NotFound for a pipeline that is not there."""
        async with self._one:  # two causes at the same moment: the second must see the first one's run
            found = await self.state.change(partial(self._plan, delivery=delivery))
        said = "came in the cool-down of run" if found.folded else "starts run"
        return Sent(Outcome.DELIVERED, f"{said} {found.run.id}")

    def _plan(self, connection: Connection, delivery: Delivery) -> Planned:
        pipeline = self._implied(delivery)
        if pipeline is None:
            pipeline = pipeline_in(connection, arns.parse(delivery.arn).place, name_of(delivery.arn))
        return plan(connection, pipeline, delivery, self.clock.now_ms())

    def _implied(self, delivery: Delivery) -> Pipeline | None:
        name, place = name_of(delivery.arn), arns.parse(delivery.arn).place
        if service_of(delivery.arn) == "sagemaker":
            given = (delivery.form.get("SageMakerPipelineParameters") or {}).get("PipelineParameterList") or ()
            form = {"pipeline": name, "parameters": {one["Name"]: one["Value"] for one in given}}
            return Pipeline(place, f"sagemaker/{name}"[:64], "sagemaker", form, IMPLICIT_COOLDOWN_S)
        if ":command/" in delivery.arn:
            if name not in self.commands.known:
                raise InvalidInput(f"the settings name no command {name!r} (TRIMTAB_TRIGGER_COMMANDS)")
            return Pipeline(place, f"command/{name}"[:64], "command", {"command": name}, IMPLICIT_COOLDOWN_S)
        return None
