"""Operations on deliveries of vended logs, their sources and their destinations."""

import secrets
import string
from typing import Any

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.errors import NotFound
from trimtab.base.partitions import service_of
from trimtab.base.records import replace
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, operations, vended_page
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.constraints import coral
from trimtab.logs.vended import SAID, Vended, VendedKind

LOG_TYPES = {
    "events": ("ERROR_LOGS", "INFO_LOGS", "TRACE_LOGS"),
    "cloudfront": ("ACCESS_LOGS", "CONNECTION_LOGS"),
    "bedrock": ("APPLICATION_LOGS",),
    "codewhisperer": ("EVENT_LOGS",),
    "mediapackage": ("EGRESS_ACCESS_LOGS", "INGRESS_ACCESS_LOGS"),
    "mediatailor": ("AD_DECISION_SERVER_LOGS", "MANIFEST_SERVICE_LOGS", "TRANSCODE_LOGS"),
    "sso": ("ERROR_LOGS",),
    "qdeveloper": ("EVENT_LOGS",),
    "ses": ("APPLICATION_LOGS", "TRAFFIC_POLICY_DEBUG_LOGS"),
    "workmail": (
        "ACCESS_CONTROL_LOGS",
        "AUTHENTICATION_LOGS",
        "WORKMAIL_AVAILABILITY_PROVIDER_LOGS",
        "WORKMAIL_MAILBOX_ACCESS_LOGS",
        "WORKMAIL_PERSONAL_ACCESS_TOKEN_LOGS",
    ),
}
"""Types of logs by the service of a source. Source: API reference, PutDeliverySource."""
_TYPES = {"s3": "S3", "logs": "CWL", "firehose": "FH", "xray": "XRAY"}
"""Types of destinations by the service of their resource."""


@operations.add("PutDeliverySource", needs=Role.WRITE, dialect=coral)
async def put_delivery_source(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Name a resource as a source of logs."""
    arn, log_type = request["resourceArn"], request["logType"]
    service = service_of(arn)
    if service not in LOG_TYPES:
        raise AwsError("ResourceNotFoundException", "Cannot access provided service.")
    if log_type not in LOG_TYPES[service]:
        raise AwsError("ValidationException", "This service is not allowed for this LogSource.")
    known = await _known(rooms, context, VendedKind.SOURCE, request)
    if known is not None and arn not in known.body["resourceArns"]:
        raise AwsError(
            "ConflictException",
            "Update to existing Delivery Source with new ResourceId is not allowed. "
            "Please create a new Delivery Source instead.",
        )
    body = {"resourceArns": [arn], "service": service, "logType": log_type}
    return {"deliverySource": await _kept(rooms, context, VendedKind.SOURCE, request, body)}


@operations.add("PutDeliveryDestination", needs=Role.WRITE, dialect=coral)
async def put_delivery_destination(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Name a place that logs may go to."""
    configuration = request.get("deliveryDestinationConfiguration") or {}
    type_ = request.get("deliveryDestinationType") or _TYPES.get(
        service_of(configuration.get("destinationResourceArn", ""))
    )
    if type_ is None:
        raise AwsError("ValidationException", "The destinationResourceArn is not one of a log group, bucket or stream.")
    known = await _known(rooms, context, VendedKind.DESTINATION, request)
    if known is not None and request.get("outputFormat") not in (None, known.body.get("outputFormat")):
        raise AwsError(
            "ValidationException",
            "Update to existing Delivery Destination with new Output Format is not allowed. "
            "Please create a new Delivery Destination instead.",
        )
    body = {
        "deliveryDestinationType": type_,
        "deliveryDestinationConfiguration": configuration,
        "outputFormat": request.get("outputFormat") or (known.body.get("outputFormat") if known else None),
        "policy": known.body.get("policy") if known else None,
    }
    kept = await _kept(rooms, context, VendedKind.DESTINATION, request, body)
    return {"deliveryDestination": {name: value for name, value in kept.items() if name != "tags"}}  # as recorded


async def _known(rooms: LogRooms, context: CallContext, kind: VendedKind, request: Request) -> Vended | None:
    """What there is of a name already, to which no tags are given. Raises AwsError."""
    try:
        found = await rooms.room.vended.get((context.account, context.region), kind, request["name"])
    except NotFound:
        return None
    if request.get("tags"):
        raise AwsError("ConflictException", "Tags can only be provided when a resource is being created, not updated.")
    return found


async def _kept(
    rooms: LogRooms, context: CallContext, kind: VendedKind, request: Request, body: dict[str, Any]
) -> dict[str, Any]:
    given = {name: value for name, value in body.items() if value not in (None, {})}
    made = Vended(context.account, context.region, kind, request["name"], given)
    await rooms.room.vended.put(made, request.get("tags") or {})
    return shape(made, (await rooms.room.vended.tags_of([made.arn])).get(made.arn, {}))


@operations.add("GetDeliverySource", dialect=coral)
async def get_delivery_source(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """One source."""
    return {"deliverySource": await _shown(rooms, context, VendedKind.SOURCE, request["name"])}


@operations.add("GetDeliveryDestination", dialect=coral)
async def get_delivery_destination(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """One destination."""
    return {"deliveryDestination": await _shown(rooms, context, VendedKind.DESTINATION, request["name"])}


@operations.add("DescribeDeliverySources", dialect=coral)
async def describe_delivery_sources(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The sources, by name."""
    wanted = set(request.get("resourceArns") or ())
    found = await rooms.room.vended.listed((context.account, context.region), VendedKind.SOURCE)
    kept = [one for one in found if not wanted or wanted & set(one.body["resourceArns"])]
    return await described(rooms, kept, request, "deliverySources")


@operations.add("DescribeDeliveryDestinations", dialect=coral)
async def describe_delivery_destinations(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The destinations, by name."""
    wanted = request.get("names")
    found = await rooms.room.vended.listed((context.account, context.region), VendedKind.DESTINATION)
    kept = [one for one in found if not wanted or one.name in wanted]
    return await described(rooms, kept, request, "deliveryDestinations")


@operations.add("DeleteDeliverySource", needs=Role.WRITE, dialect=coral)
async def delete_delivery_source(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Delete a source that no delivery is of."""
    return await _gone(rooms, context, VendedKind.SOURCE, request["name"])


@operations.add("DeleteDeliveryDestination", needs=Role.WRITE, dialect=coral)
async def delete_delivery_destination(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Delete a destination that no delivery goes to."""
    return await _gone(rooms, context, VendedKind.DESTINATION, request["name"])


async def _gone(rooms: LogRooms, context: CallContext, kind: VendedKind, name: str) -> Answer:
    place = context.account, context.region
    found = await rooms.room.vended.get(place, kind, name)
    for one in await rooms.room.vended.listed(place, VendedKind.DELIVERY):
        if found.name == one.body["deliverySourceName"] and kind is VendedKind.SOURCE:
            raise AwsError("ConflictException", f"{SAID[kind]} has a Delivery associated with it: delete that first.")
        if found.arn == one.body["deliveryDestinationArn"]:
            raise AwsError("ConflictException", f"{SAID[kind]} has a Delivery associated with it: delete that first.")
    await rooms.room.vended.delete(found)
    return {}


@operations.add("PutDeliveryDestinationPolicy", needs=Role.WRITE, dialect=coral)
async def put_delivery_destination_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Say who else may deliver to a destination: kept and told, not enforced."""
    policy = request["deliveryDestinationPolicy"]
    try:
        typed.loads(policy)
    except ValueError:
        raise AwsError("ValidationException", "The policy document is not JSON") from None
    await _with_policy(rooms, context, request["deliveryDestinationName"], policy)
    return {"policy": {"deliveryDestinationPolicy": policy}}


@operations.add("GetDeliveryDestinationPolicy", dialect=coral)
async def get_delivery_destination_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The policy of a destination."""
    place = context.account, context.region
    found = await rooms.room.vended.get(place, VendedKind.DESTINATION, request["deliveryDestinationName"])
    policy = found.body.get("policy")
    return {"policy": {"deliveryDestinationPolicy": policy} if policy else {}}


@operations.add("DeleteDeliveryDestinationPolicy", needs=Role.WRITE, dialect=coral)
async def delete_delivery_destination_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Take the policy of a destination away."""
    await _with_policy(rooms, context, request["deliveryDestinationName"], None)
    return {}


async def _with_policy(rooms: LogRooms, context: CallContext, name: str, policy: str | None) -> None:
    found = await rooms.room.vended.get((context.account, context.region), VendedKind.DESTINATION, name)
    body = {key: value for key, value in {**found.body, "policy": policy}.items() if value is not None}
    await rooms.room.vended.put(replace(found, body=body), {})


async def _shown(rooms: LogRooms, context: CallContext, kind: VendedKind, name: str) -> dict[str, Any]:
    found = await rooms.room.vended.get((context.account, context.region), kind, name)
    return shape(found, (await rooms.room.vended.tags_of([found.arn])).get(found.arn, {}))


async def described(rooms: LogRooms, found: list[Vended], request: Request, member: str) -> Answer:
    """A page of a list under its member."""
    shown, more = vended_page(found, request)
    tagged = await rooms.room.vended.tags_of([one.arn for one in shown])
    return {member: [shape(one, tagged.get(one.arn, {})) for one in shown], **more}


def shape(one: Vended, tagged: dict[str, str]) -> dict[str, Any]:
    """A source, destination or delivery as AWS's structure."""
    named = {"id" if one.kind is VendedKind.DELIVERY else "name": one.name, "arn": one.arn}
    body = {key: value for key, value in one.body.items() if key != "policy"}
    return {**named, **body, **({"tags": tagged} if tagged else {})}


_ID = string.ascii_letters + string.digits
_CONFIGURED = ("recordFields", "fieldDelimiter", "s3DeliveryConfiguration")
_RESOURCES = {"events": "event-bus", "cloudfront": "distribution"}
_FIELDS = {
    ("cloudfront", "ACCESS_LOGS"): (
        "date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status",
        "cs(Referer)", "cs(User-Agent)", "cs-uri-query", "cs(Cookie)", "x-edge-result-type", "x-edge-request-id",
        "x-host-header", "cs-protocol", "cs-bytes", "time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher",
        "x-edge-response-result-type", "cs-protocol-version", "fle-status", "fle-encrypted-fields", "c-port",
        "time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start",
        "sc-range-end",
    ),
}  # fmt: skip
"""What a delivery has that names no fields. Source: CloudFront developer guide, "Standard logging (access logs)"."""
_FORMATS = {"CWL": ["json", "plain"], "FH": ["json", "plain", "raw"], "S3": ["json", "plain", "w3c", "parquet"]}


@operations.add("CreateDelivery", needs=Role.WRITE, dialect=coral)
async def create_delivery(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Have the logs of a source go to a destination: at most one of each type of destination."""
    place, vended = (context.account, context.region), rooms.room.vended
    source = await vended.get(place, VendedKind.SOURCE, request["deliverySourceName"])
    arn = request["deliveryDestinationArn"]
    destination = next((one for one in await vended.listed(place, VendedKind.DESTINATION) if one.arn == arn), None)
    if destination is None:
        raise NotFound("Requested Delivery Destination does not exist in this account.")
    type_ = destination.body["deliveryDestinationType"]
    for one in await vended.listed(place, VendedKind.DELIVERY):
        if one.body["deliverySourceName"] != source.name:
            continue
        if one.body["deliveryDestinationArn"] == arn:
            raise AwsError("ConflictException", "The specified Delivery already exists")
        if one.body["deliveryDestinationType"] == type_:
            raise AwsError(
                "ConflictException",
                "Delivery already exists for this Delivery Source with the same Delivery Destination Type.",
            )
    body = {"deliverySourceName": source.name, "deliveryDestinationArn": arn, "deliveryDestinationType": type_}
    if type_ == "S3":
        suffix = "AWSLogs/{account-id}/" + ("CloudFront/" if source.body["service"] == "cloudfront" else "")
        body["s3DeliveryConfiguration"] = {"suffixPath": suffix, "enableHiveCompatiblePath": False}
    fields = _FIELDS.get((source.body["service"], source.body["logType"]))
    body |= ({"recordFields": list(fields)} if fields else {}) | _configured(request)
    id_ = "".join(secrets.choice(_ID) for _ in range(16))
    made = Vended(*place, VendedKind.DELIVERY, id_, body)
    await vended.put(made, request.get("tags") or {})
    return {"delivery": shape(made, request.get("tags") or {})}


@operations.add("GetDelivery", dialect=coral)
async def get_delivery(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """One delivery."""
    found = await _delivery(rooms, request, context)
    return {"delivery": shape(found, (await rooms.room.vended.tags_of([found.arn])).get(found.arn, {}))}


@operations.add("DescribeDeliveries", dialect=coral)
async def describe_deliveries(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The deliveries, all or those of some sources."""
    wanted = request.get("deliverySourceNames")
    found = await rooms.room.vended.listed((context.account, context.region), VendedKind.DELIVERY)
    kept = [one for one in found if not wanted or one.body["deliverySourceName"] in wanted]
    return await described(rooms, kept, request, "deliveries")


@operations.add("UpdateDeliveryConfiguration", needs=Role.WRITE, dialect=coral)
async def update_delivery_configuration(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Change which fields are delivered, what parts them, and where in a bucket they go."""
    found = await _delivery(rooms, request, context)
    await rooms.room.vended.put(replace(found, body={**found.body, **_configured(request)}), {})
    return {}


@operations.add("DeleteDelivery", needs=Role.WRITE, dialect=coral)
async def delete_delivery(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """End a delivery; its source and its destination stay."""
    await rooms.room.vended.delete(await _delivery(rooms, request, context))
    return {}


@operations.add("DescribeConfigurationTemplates", dialect=coral)
async def describe_configuration_templates(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """What may be configured of deliveries, by service, type of logs and type of destination."""
    del rooms, context
    rows = [
        {
            "service": service,
            "logType": log_type,
            "resourceType": _RESOURCES[service],
            "deliveryDestinationType": type_,
            "allowedOutputFormats": formats,
        }
        for service in sorted(_RESOURCES)
        for log_type in LOG_TYPES[service]
        for type_, formats in _FORMATS.items()
    ]
    kept = [row for row in rows if request.get("service") in (None, row["service"])]
    for member in ("logType", "resourceType", "deliveryDestinationType"):
        wanted = request.get(f"{member}s")
        kept = [row for row in kept if not wanted or row[member] in wanted]
    return {"configurationTemplates": kept[: request.get("limit") or len(kept)]}


async def _delivery(rooms: LogRooms, request: Request, context: CallContext) -> Vended:
    return await rooms.room.vended.get((context.account, context.region), VendedKind.DELIVERY, request["id"])


def _configured(request: Request) -> dict[str, Any]:
    return {name: request[name] for name in _CONFIGURED if request.get(name) is not None}
