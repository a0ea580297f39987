"""Settings of a place: encryption, indexing, and where segments go. They are kept and told.

trimtab itself does not encrypt, searches every span whatever the indexing rule says, and keeps spans in one table.
"""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.xray.rooms import XRayRooms, invalid, operations
from trimtab.traces.preferences import Destination, Encryption, Indexing

_RULE = "Default"
"""The only indexing rule that X-Ray has."""


@operations.add("GetEncryptionConfig")
async def get_encryption_config(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The encryption setting."""
    setting, _ = await rooms.traces.preferences.get(Encryption, context.account, context.region)
    return {"EncryptionConfig": _encryption(setting)}


@operations.add("PutEncryptionConfig", needs=Role.WRITE)
async def put_encryption_config(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Put the encryption setting."""
    setting = Encryption(request["Type"], request.get("KeyId") or "")
    await rooms.traces.preferences.put(context.account, context.region, setting)
    return {"EncryptionConfig": _encryption(setting)}


@operations.add("GetIndexingRules")
async def get_indexing_rules(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The indexing rule."""
    setting, modified_ms = await rooms.traces.preferences.get(Indexing, context.account, context.region)
    return {"IndexingRules": [_indexing(setting, modified_ms)]}


@operations.add("UpdateIndexingRule", needs=Role.WRITE)
async def update_indexing_rule(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Change the indexing rule."""
    if request["Name"] != _RULE:
        raise AwsError("ResourceNotFoundException", f"There is no indexing rule {request['Name']}: expected {_RULE}")
    asked = request["Rule"].get("Probabilistic")
    if not asked:
        raise invalid("Expected a Rule of Probabilistic")
    setting = Indexing(asked["DesiredSamplingPercentage"])
    modified_ms = await rooms.traces.preferences.put(context.account, context.region, setting)
    return {"IndexingRule": _indexing(setting, modified_ms)}


@operations.add("GetTraceSegmentDestination")
async def get_trace_segment_destination(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Where segments go."""
    setting, _ = await rooms.traces.preferences.get(Destination, context.account, context.region)
    return {"Destination": setting.name, "Status": "ACTIVE"}


@operations.add("UpdateTraceSegmentDestination", needs=Role.WRITE)
async def update_trace_segment_destination(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Say where segments go."""
    name = request.get("Destination")
    if not name:
        raise invalid("Expected a Destination: XRay or CloudWatchLogs")
    key = (request.get("CloudWatchLogsConfiguration") or {}).get("SpansLogGroupKmsKeyId") or ""
    await rooms.traces.preferences.put(context.account, context.region, Destination(name, key))
    return {"Destination": name, "Status": "ACTIVE"}


def _encryption(setting: Encryption) -> dict[str, Any]:
    told = {"Type": setting.type, "Status": "ACTIVE"}
    return told | ({"KeyId": setting.key} if setting.key else {})


def _indexing(setting: Indexing, modified_ms: int) -> dict[str, Any]:
    rate = {"DesiredSamplingPercentage": setting.percentage, "ActualSamplingPercentage": 100.0}
    return {"Name": _RULE, "ModifiedAt": modified_ms, "Rule": {"Probabilistic": rate}}
