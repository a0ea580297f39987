"""Users, groups and memberships: readers and teams of trimtab."""

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.quicksight.rooms import (
    QuickSightRooms,
    by_name,
    form_of,
    found,
    operations,
    paged,
    place_of,
    tags_of,
)
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.quicksight.model import GROUP, USER, Place, Resource, arn_of
from trimtab.reports.quicksight.people import NAMESPACE, group_document, user_document


@operations.add("RegisterUser", needs=Role.WRITE, status=201, conflict="ResourceExistsException")
async def register_user(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Register a user: the reader of that name. It gets no key by it."""
    place = _within(request, context)
    made = Resource(place, USER, _user_name(request), parent=request["Namespace"], form=form_of(request, "Namespace"))
    made = await rooms.room.store.create(made, tags_of(request))
    invited = {"UserInvitationUrl": f"{rooms.room.public_url.rstrip('/')}/login"}
    told = user_document(made, await rooms.people.key_of(made))
    return {"User": told, **(invited if request["IdentityType"] == "QUICKSIGHT" else {})}


@operations.add("DescribeUser")
async def describe_user(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One user."""
    one = await found(rooms, _within(request, context), USER, request["UserName"], request["Namespace"])
    return {"User": user_document(one, await rooms.people.key_of(one))}


@operations.add("ListUsers")
async def list_users(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Users, by name."""
    listed = await rooms.room.store.listed(_within(request, context), USER, request["Namespace"])
    page, more = paged(listed, request, by_name)
    keys = await rooms.people.keys.list()
    return {"UserList": [user_document(one, await rooms.people.key_of(one, keys)) for one in page], **more}


@operations.add("DeleteUser", needs=Role.ADMIN)
async def delete_user(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Delete a user, who is in no group then; the key of that name stays."""
    one = await found(rooms, _within(request, context), USER, request["UserName"], request["Namespace"])
    await rooms.people.leave(context.principal, one)
    await rooms.room.store.delete(one)
    return {}


@operations.add("CreateGroup", needs=Role.WRITE, status=201, conflict="ResourceExistsException")
async def create_group(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Make a group: the team of that name."""
    place = _within(request, context)
    about = {"Description": request.get("Description") or ""}
    made = Resource(place, GROUP, request["GroupName"], parent=request["Namespace"], form=about)
    return {"Group": group_document(await rooms.room.store.create(made))}


@operations.add("CreateGroupMembership", needs=Role.ADMIN)
async def create_group_membership(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Put a user into a group: the reader of that name is in the team, and sees the rows that the team may."""
    place, namespace = _within(request, context), request["Namespace"]
    group = await found(rooms, place, GROUP, request["GroupName"], namespace)
    user = await found(rooms, place, USER, request["MemberName"], namespace)
    await rooms.people.join(context.principal, group, user)
    return {"GroupMember": {"Arn": arn_of(place, USER, user.name, namespace), "MemberName": user.name}}


@operations.add("ListGroups")
async def list_groups(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Groups, by name."""
    listed = await rooms.room.store.listed(_within(request, context), GROUP, request["Namespace"])
    page, more = paged(listed, request, by_name)
    return {"GroupList": [group_document(one) for one in page], **more}


def _within(request: Request, context: CallContext) -> Place:
    """The place of a request in the one namespace that there is."""
    if request["Namespace"] != NAMESPACE:
        raise AwsError(
            "ResourceNotFoundException",
            f"There is no namespace {request['Namespace']!r}; trimtab has {NAMESPACE!r}",
            members={"ResourceType": "NAMESPACE"},
        )
    return place_of(request, context)


def _user_name(request: Request) -> str:
    """The name that a user is called by: as asked, else that of IAM, as QuickSight makes it."""
    if request.get("UserName"):
        return str(request["UserName"])
    if request["IdentityType"] == "QUICKSIGHT":
        return str(request["Email"])
    if not request.get("IamArn"):
        raise InvalidInput("IamArn is required for identity type IAM.")
    name = str(request["IamArn"]).rpartition("/")[2]
    return f"{name}/{request['SessionName']}" if request.get("SessionName") else name
