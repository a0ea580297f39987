"""Operations on log transformers: what comes into a group is parsed and reshaped."""

import json
from typing import Any

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, group_of, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.documents import DocumentKind
from trimtab.logs.transform.at_ingest import STANDARD
from trimtab.logs.transform.places import NotTransformedError
from trimtab.logs.transform.transformer import ERROR, read_transformer


@operations.add("PutTransformer", needs=Role.WRITE)
async def put_transformer(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Transform what comes into a group from now on."""
    group = await group_of(rooms, context, None, request["logGroupIdentifier"])
    if group.class_ != STANDARD:
        raise AwsError("InvalidOperationException", f"Log groups of the class {group.class_} have no transformers.")
    config = request["transformerConfig"]
    read_transformer(config)
    await rooms.room.documents.put(DocumentKind.TRANSFORMER, group, json.dumps(config))
    return {}


@operations.add("GetTransformer")
async def get_transformer(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The transformer of a group itself, not its account's."""
    group = await group_of(rooms, context, None, request["logGroupIdentifier"])
    found = (await rooms.room.documents.every(DocumentKind.TRANSFORMER)).groups.get(group.id)
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified log group has no transformer.")
    return {
        "logGroupIdentifier": request["logGroupIdentifier"],
        "creationTime": found.created_ms,
        "lastModifiedTime": found.updated_ms,
        "transformerConfig": typed.decode(found.text),
    }


@operations.add("DeleteTransformer", needs=Role.WRITE)
async def delete_transformer(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Transform nothing more of a group; what was transformed stays so."""
    group = await group_of(rooms, context, None, request["logGroupIdentifier"])
    await rooms.room.documents.delete(DocumentKind.TRANSFORMER, group)
    return {}


@operations.add("TestTransformer")
async def test_transformer(_rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """What a transformer makes of some lines; nothing is kept."""
    transformer = read_transformer(request["transformerConfig"])
    meta = {"@accountId": context.account, "@regionName": context.region}
    told: list[dict[str, Any]] = []
    for number, line in enumerate(request["logEventMessages"], 1):
        try:
            made: dict[str, Any] = transformer.apply(line, meta)
        except NotTransformedError as problem:
            made = {ERROR: str(problem)}
        text = json.dumps(made, ensure_ascii=False)
        told.append({"eventNumber": number, "eventMessage": line, "transformedEventMessage": text})
    return {"transformedLogs": told}
