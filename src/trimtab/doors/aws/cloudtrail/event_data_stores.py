"""Event data stores: made, changed, listed, deleted, restored."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.audit.lake.stores import ENABLED, PENDING, Store
from trimtab.audit.selectors.model import DEFAULT_ADVANCED, check_advanced
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, offset_of, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 1000
_MEMBERS = (
    "AdvancedEventSelectors",
    "MultiRegionEnabled",
    "OrganizationEnabled",
    "RetentionPeriod",
    "TerminationProtectionEnabled",
    "KmsKeyId",
    "BillingMode",
)
_DEFAULTS = {
    "AdvancedEventSelectors": list(DEFAULT_ADVANCED),
    "MultiRegionEnabled": True,
    "OrganizationEnabled": False,
    "RetentionPeriod": 366,
    "TerminationProtectionEnabled": True,
    "BillingMode": "EXTENDABLE_RETENTION_PRICING",
}


@operations.add("CreateEventDataStore", needs=Role.WRITE)
async def create_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Make a store over the records that its selectors name, those of the past included."""
    body = {**_DEFAULTS, **_members(request)}
    taking = request.get("StartIngestion") is not False
    tags = request.get("TagsList") or []
    try:
        store = await rooms.audit.stores.create(context.account, context.region, request["Name"], body, taking=taking)
    except Conflict as problem:
        raise AwsError("EventDataStoreAlreadyExistsException", str(problem)) from None
    except LimitExceeded as problem:
        raise AwsError("EventDataStoreMaxLimitExceededException", str(problem)) from None
    await rooms.audit.tags.add(store.arn, {one["Key"]: one.get("Value", "") for one in tags})
    return {**described(store), "TagsList": tags}


@operations.add("GetEventDataStore")
async def get_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """A store by its ARN or its id."""
    return described(await store_of(rooms, context, request["EventDataStore"]))


@operations.add("ListEventDataStores")
async def list_event_data_stores(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """The stores of the account in the region."""
    found = await rooms.audit.stores.of(context.account, context.region)
    first, limit = offset_of(request.get("NextToken"), "stores"), request.get("MaxResults") or _PAGE
    more = {"NextToken": encode_token(["stores", first + limit])} if first + limit < len(found) else {}
    return {"EventDataStores": [_listed(one) for one in found[first : first + limit]], **more}


@operations.add("UpdateEventDataStore", needs=Role.WRITE)
async def update_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Change what is given of a store."""
    store = await _usable(rooms, context, request["EventDataStore"])
    return described(await rooms.audit.stores.put(store, _members(request), name=request.get("Name") or ""))


@operations.add("DeleteEventDataStore", needs=Role.WRITE)
async def delete_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Delete a store: it can be restored for seven days. Its records stay where they are."""
    store = await _usable(rooms, context, request["EventDataStore"])
    if store.body.get("TerminationProtectionEnabled"):
        raise AwsError(
            "EventDataStoreTerminationProtectedException",
            "The event data store cannot be deleted because termination protection is enabled for it",
        )
    await rooms.audit.stores.put(store, {}, status=PENDING)
    return {}


@operations.add("RestoreEventDataStore", needs=Role.WRITE)
async def restore_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Bring a store back that waits to be deleted."""
    store = await store_of(rooms, context, request["EventDataStore"])
    if store.status != PENDING:
        raise AwsError("InvalidEventDataStoreStatusException", f"The event data store is {store.status}")
    return described(await rooms.audit.stores.put(store, {}, status=ENABLED))


async def store_of(rooms: CloudTrailRooms, context: CallContext, name: str) -> Store:
    """The store that a request names. Raises AwsError."""
    if name.startswith("arn:") and ":eventdatastore/" not in name:
        raise AwsError("EventDataStoreARNInvalidException", f"The ARN is not one of an event data store: {name}")
    try:
        return await rooms.audit.stores.get(context.account, context.region, name)
    except NotFound as problem:
        raise AwsError("EventDataStoreNotFoundException", str(problem)) from None


async def _usable(rooms: CloudTrailRooms, context: CallContext, name: str) -> Store:
    store = await store_of(rooms, context, name)
    if store.status == PENDING:
        raise AwsError("InactiveEventDataStoreException", "The event data store is pending deletion")
    return store


def described(store: Store) -> dict[str, Any]:
    """A store as the operations answer it."""
    return {
        "EventDataStoreArn": store.arn,
        "Name": store.name,
        "Status": store.status,
        **{name: store.body[name] for name in _MEMBERS if store.body.get(name) is not None},
        "CreatedTimestamp": store.created_ms,
        "UpdatedTimestamp": store.changed_ms,
    }


def _listed(store: Store) -> dict[str, Any]:
    """A store as ListEventDataStores answers it: its model knows no key and no billing mode."""
    return {name: value for name, value in described(store).items() if name not in ("KmsKeyId", "BillingMode")}


def _members(request: Request) -> dict[str, Any]:
    """The members of a store's body that a request has, checked. Raises AwsError."""
    if request.get("AdvancedEventSelectors"):
        try:
            check_advanced(request["AdvancedEventSelectors"])
        except InvalidInput as problem:
            raise AwsError("InvalidEventSelectorsException", str(problem)) from None
    return {name: request[name] for name in _MEMBERS if request.get(name) is not None}
