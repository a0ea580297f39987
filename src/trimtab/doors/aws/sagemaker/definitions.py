"""Operations on what monitoring schedules look at: definitions of data quality, model quality and bias jobs."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.batch.monitor.schedule import defined
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.served.model import DEFINITIONS, Served


@operations.add("CreateDataQualityJobDefinition", needs=Role.WRITE, job=True)
async def create_data_quality_job_definition(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Keep what executions compare: captured invocations, and the baseline's statistics and constraints."""
    return await _create(rooms, "DataQuality", request, context)


@operations.add("DescribeDataQualityJobDefinition", job=True)
async def describe_data_quality_job_definition(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One definition."""
    return await _describe(rooms, "DataQuality", request, context)


@operations.add("ListDataQualityJobDefinitions")
async def list_data_quality_job_definitions(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Definitions, by endpoint, time or name."""
    return await _list(rooms, "DataQuality", request, context)


@operations.add("DeleteDataQualityJobDefinition", needs=Role.WRITE, job=True)
async def delete_data_quality_job_definition(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a definition; schedules that name it fail from now on."""
    return await _delete(rooms, "DataQuality", request, context)


@operations.add("CreateModelQualityJobDefinition", needs=Role.WRITE, job=True)
async def create_model_quality_job_definition(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Keep what executions compare: captured answers with ground truth, and the baseline's constraints."""
    return await _create(rooms, "ModelQuality", request, context)


@operations.add("DescribeModelQualityJobDefinition", job=True)
async def describe_model_quality_job_definition(
    rooms: SageMakerRooms, request: Request, context: CallContext
) -> Answer:
    """One definition."""
    return await _describe(rooms, "ModelQuality", request, context)


@operations.add("ListModelQualityJobDefinitions")
async def list_model_quality_job_definitions(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Definitions, by endpoint, time or name."""
    return await _list(rooms, "ModelQuality", request, context)


@operations.add("DeleteModelQualityJobDefinition", needs=Role.WRITE, job=True)
async def delete_model_quality_job_definition(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a definition; schedules that name it fail from now on."""
    return await _delete(rooms, "ModelQuality", request, context)


@operations.add("CreateModelBiasJobDefinition", needs=Role.WRITE, job=True)
async def create_model_bias_job_definition(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Keep what executions compare: how captured answers and ground truth differ between groups, and the baseline."""
    return await _create(rooms, "ModelBias", request, context)


@operations.add("DescribeModelBiasJobDefinition", job=True)
async def describe_model_bias_job_definition(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One definition."""
    return await _describe(rooms, "ModelBias", request, context)


@operations.add("ListModelBiasJobDefinitions")
async def list_model_bias_job_definitions(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Definitions, by endpoint, time or name."""
    return await _list(rooms, "ModelBias", request, context)


@operations.add("DeleteModelBiasJobDefinition", needs=Role.WRITE, job=True)
async def delete_model_bias_job_definition(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a definition; schedules that name it fail from now on."""
    return await _delete(rooms, "ModelBias", request, context)


async def _create(rooms: SageMakerRooms, type_: str, request: Request, context: CallContext) -> Answer:
    made = await rooms.served.create(
        place(context), DEFINITIONS[type_], request["JobDefinitionName"], form_of(request), "Created", tags_of(request)
    )
    return {"JobDefinitionArn": made.arn}


async def _describe(rooms: SageMakerRooms, type_: str, request: Request, context: CallContext) -> Answer:
    found = await rooms.served.get(place(context), DEFINITIONS[type_], request["JobDefinitionName"])
    return {**found.form, "JobDefinitionArn": found.arn, "CreationTime": found.created_ms}


async def _list(rooms: SageMakerRooms, type_: str, request: Request, context: CallContext) -> Answer:
    endpoint = request.get("EndpointName")

    def takes(one: Served) -> bool:
        return not endpoint or defined(type_, one.form).endpoint == endpoint

    found, more = await listed(rooms, DEFINITIONS[type_], request, context, takes)
    return {"JobDefinitionSummaries": [_summary(type_, one) for one in found], **more}


async def _delete(rooms: SageMakerRooms, type_: str, request: Request, context: CallContext) -> Answer:
    await rooms.served.delete(place(context), DEFINITIONS[type_], request["JobDefinitionName"])
    return {}


def _summary(type_: str, one: Served) -> Mapping[str, Any]:
    return {
        "MonitoringJobDefinitionName": one.name,
        "MonitoringJobDefinitionArn": one.arn,
        "CreationTime": one.created_ms,
        "EndpointName": defined(type_, one.form).endpoint,
    }
