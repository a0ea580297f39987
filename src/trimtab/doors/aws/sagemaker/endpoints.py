"""Endpoint configurations and endpoints: made, changed, described, listed, deleted."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL, Served, arn_of


@operations.add("CreateEndpointConfig", needs=Role.WRITE)
async def create_endpoint_config(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make a configuration: which models serve, on what, with which weight."""
    for one in request["ProductionVariants"]:
        if one.get("ModelName"):
            await _need(rooms, MODEL, one["ModelName"], context, "Could not find model")
    made = await _made(rooms, CONFIG, request["EndpointConfigName"], request, context, "endpoint configuration")
    return {"EndpointConfigArn": made.arn}


@operations.add("DescribeEndpointConfig")
async def describe_endpoint_config(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One configuration."""
    name = request["EndpointConfigName"]
    found = await _need(rooms, CONFIG, name, context, "Could not find endpoint configuration")
    return {**found.form, "EndpointConfigArn": found.arn, "CreationTime": found.created_ms}


@operations.add("ListEndpointConfigs")
async def list_endpoint_configs(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Configurations."""
    found, more = await listed(rooms, CONFIG, request, context)
    rows = [
        {"EndpointConfigName": one.name, "EndpointConfigArn": one.arn, "CreationTime": one.created_ms} for one in found
    ]
    return {"EndpointConfigs": rows, **more}


@operations.add("DeleteEndpointConfig", needs=Role.WRITE)
async def delete_endpoint_config(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a configuration."""
    name = request["EndpointConfigName"]
    await _need(rooms, CONFIG, name, context, "Could not find endpoint configuration")
    await rooms.served.delete(place(context), CONFIG, name)
    return {}


@operations.add("CreateEndpoint", needs=Role.WRITE)
async def create_endpoint(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make an endpoint; it is in service at once, since what serves runs already."""
    name = request["EndpointConfigName"]
    await _need(rooms, CONFIG, name, context, "Could not find endpoint configuration")
    made = await _made(rooms, ENDPOINT, request["EndpointName"], request, context, "endpoint")
    return {"EndpointArn": made.arn}


@operations.add("DescribeEndpoint")
async def describe_endpoint(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One endpoint, with its variants' weights and counts."""
    found = await _endpoint(rooms, request, context)
    answer = {
        "EndpointName": found.name,
        "EndpointArn": found.arn,
        "EndpointConfigName": found.form["EndpointConfigName"],
        "EndpointStatus": found.status,
        "CreationTime": found.created_ms,
        "LastModifiedTime": found.updated_ms,
    }
    try:
        config = await rooms.served.get(place(context), CONFIG, found.form["EndpointConfigName"])
    except NotFound:  # a configuration may be deleted while its endpoint serves
        return answer
    changed = found.state.get("variants") or {}
    return {**answer, "ProductionVariants": [_variant(one, changed) for one in config.form["ProductionVariants"]]}


@operations.add("ListEndpoints")
async def list_endpoints(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Endpoints."""
    found, more = await listed(rooms, ENDPOINT, request, context)
    rows = [
        {
            "EndpointName": one.name,
            "EndpointArn": one.arn,
            "CreationTime": one.created_ms,
            "LastModifiedTime": one.updated_ms,
            "EndpointStatus": one.status,
        }
        for one in found
    ]
    return {"Endpoints": rows, **more}


@operations.add("UpdateEndpoint", needs=Role.WRITE)
async def update_endpoint(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Put another configuration in service."""
    found = await _endpoint(rooms, request, context)
    name = request["EndpointConfigName"]
    await _need(rooms, CONFIG, name, context, "Could not find endpoint configuration")
    retained = bool(request.get("RetainAllVariantProperties"))

    def update(kept: Served) -> Served:
        return replace(kept, form={**kept.form, "EndpointConfigName": name}, state=kept.state if retained else {})

    await rooms.served.edit(found, update)
    return {"EndpointArn": found.arn}


@operations.add("UpdateEndpointWeightsAndCapacities", needs=Role.WRITE)
async def update_endpoint_weights_and_capacities(
    rooms: SageMakerRooms, request: Request, context: CallContext
) -> Answer:
    """Set the weight and count of variants."""
    found = await _endpoint(rooms, request, context)
    config = await _need(rooms, CONFIG, found.form["EndpointConfigName"], context, "Could not find configuration")
    known = {one["VariantName"] for one in config.form["ProductionVariants"]}
    wanted = request["DesiredWeightsAndCapacities"]
    for one in wanted:
        if one["VariantName"] not in known:
            raise InvalidInput(f'The variant name(s) "{one["VariantName"]}" is/are not present within endpoint.')

    def update(kept: Served) -> Served:
        variants = dict(kept.state.get("variants") or {})
        for one in wanted:
            variants[one["VariantName"]] = {**variants.get(one["VariantName"], {}), **one}
        return replace(kept, state={**kept.state, "variants": variants})

    await rooms.served.edit(found, update)
    return {"EndpointArn": found.arn}


@operations.add("DeleteEndpoint", needs=Role.WRITE)
async def delete_endpoint(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete an endpoint; what serves goes on, and is no longer invoked through it."""
    await _endpoint(rooms, request, context)
    await rooms.served.delete(place(context), ENDPOINT, request["EndpointName"])
    return {}


async def _endpoint(rooms: SageMakerRooms, request: Request, context: CallContext) -> Served:
    return await _need(rooms, ENDPOINT, request["EndpointName"], context, "Could not find endpoint")


async def _need(rooms: SageMakerRooms, kind: str, name: str, context: CallContext, said: str) -> Served:
    try:
        return await rooms.served.get(place(context), kind, name)
    except NotFound:
        raise InvalidInput(f'{said} "{arn_of(*place(context), kind, name)}".') from None


async def _made(
    rooms: SageMakerRooms, kind: str, name: str, request: Request, context: CallContext, said: str
) -> Served:
    try:
        return await rooms.served.create(place(context), kind, name, form_of(request), "InService", tags_of(request))
    except Conflict:
        arn = arn_of(*place(context), kind, name)
        raise InvalidInput(f'Cannot create already existing {said} "{arn}".') from None


def _variant(one: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    now = changed.get(one["VariantName"], {})
    count = now.get("DesiredInstanceCount", one.get("InitialInstanceCount"))
    weight = now.get("DesiredWeight", one.get("InitialVariantWeight", 1.0))
    shape: dict[str, Any] = {"VariantName": one["VariantName"], "CurrentWeight": weight, "DesiredWeight": weight}
    if count is not None:
        shape |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    return shape
