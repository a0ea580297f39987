"""Operations on what monitoring schedules look at: definitions of data quality, model quality and bias jobs.

Kinds differ in their name and in what their form says: each has the same four operations, made from `DEFINITIONS`.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.batch.monitor.schedule import defined
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import DEFINITIONS, Served


def _add(type_: str, kind: str) -> None:
    """Add the operations on definitions of a MonitoringType."""

    @operations.add(f"Create{type_}JobDefinition", needs=Role.WRITE, job=True)
    async def create(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
        """Keep what executions compare: captured data, ground truth where the kind has it, and the baseline."""
        name = request["JobDefinitionName"]
        made = await rooms.served.create(place(context), kind, name, form_of(request), "Created", tags_of(request))
        return {"JobDefinitionArn": made.arn}

    @operations.add(f"Describe{type_}JobDefinition", job=True)
    async def describe(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
        """A definition, as it was created."""
        found = await rooms.served.get(place(context), kind, request["JobDefinitionName"])
        return {**found.form, "JobDefinitionArn": found.arn, "CreationTime": found.created_ms}

    @operations.add(f"List{type_}JobDefinitions")
    async def list_(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
        """Definitions, by endpoint, time or name."""
        endpoint = request.get("EndpointName")

        def takes(one: Served) -> bool:
            return not endpoint or defined(type_, one.form).endpoint == endpoint

        found, more = await listed(rooms, kind, request, context, takes)
        return {"JobDefinitionSummaries": [_summary(type_, one) for one in found], **more}

    @operations.add(f"Delete{type_}JobDefinition", needs=Role.WRITE, job=True)
    async def delete(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
        """Delete a definition; schedules that name it fail from now on."""
        await rooms.served.delete(place(context), kind, request["JobDefinitionName"])
        return {}


def _summary(type_: str, one: Served) -> Mapping[str, Any]:
    return {
        "MonitoringJobDefinitionName": one.name,
        "MonitoringJobDefinitionArn": one.arn,
        "CreationTime": one.created_ms,
        "EndpointName": defined(type_, one.form).endpoint,
    }


for _type, _kind in DEFINITIONS.items():
    _add(_type, _kind)
