"""Operations on users, groups, permissions, tags, and links that embed."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.base.records import replace
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.quicksight.rooms import (
    QuickSightRooms,
    by_name,
    form_of,
    found,
    operations,
    paged,
    place_of,
)
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags, tags_of
from trimtab.reports.quicksight.model import (
    ANALYSIS,
    DASHBOARD,
    DATA_SET,
    DATA_SOURCE,
    GROUP,
    USER,
    Place,
    Resource,
    arn_of,
    name_in,
)
from trimtab.reports.quicksight.people import NAMESPACE, group_document, user_document
from trimtab.reports.quicksight.unions import member


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


_MOST = 64
"""Principals of a resource; AWS's limit."""
Permissions = Iterable[Mapping[str, Any]]


@operations.add("DescribeDashboardPermissions")
async def describe_dashboard_permissions(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Who may do what with a dashboard."""
    return _document(await found(rooms, place_of(request, context), DASHBOARD, request["DashboardId"]))


@operations.add("UpdateDashboardPermissions", needs=Role.WRITE)
async def update_dashboard_permissions(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Grant and revoke actions."""
    one = await found(rooms, place_of(request, context), DASHBOARD, request["DashboardId"])
    grant, revoke = request.get("GrantPermissions"), request.get("RevokePermissions")
    link, unlink = request.get("GrantLinkPermissions"), request.get("RevokeLinkPermissions")

    def update(kept: Resource) -> Resource:
        own = _changed(kept.state["permissions"], grant, revoke)
        links = _changed(kept.state.get("links") or (), link, unlink)
        if len(own) > _MOST or len(links) > _MOST:
            raise LimitExceeded(f"cannot grant: a dashboard has at most {_MOST} principals")
        return replace(kept, state={**kept.state, "permissions": own, "links": links})

    return _document(await rooms.room.store.change(one, update))


def _changed(known: Permissions, grant: Permissions | None, revoke: Permissions | None) -> list[dict[str, Any]]:
    found = {one["Principal"]: list(one["Actions"]) for one in known}
    for one in grant or ():
        have = found.setdefault(one["Principal"], [])
        have += [action for action in one["Actions"] if action not in have]
    for one in revoke or ():
        found[one["Principal"]] = [a for a in found.get(one["Principal"], ()) if a not in one["Actions"]]
    return [{"Principal": principal, "Actions": actions} for principal, actions in found.items() if actions]


def _document(one: Resource) -> dict[str, Any]:
    links = one.state.get("links")
    shared = {"LinkSharingConfiguration": {"Permissions": links}} if links else {}
    names = {"DashboardId": one.name, "DashboardArn": one.arn}
    return {**names, "Permissions": one.state["permissions"], **shared}


@operations.add("GenerateEmbedUrlForRegisteredUser")
async def generate_embed_url_for_registered_user(
    rooms: QuickSightRooms, request: Request, context: CallContext
) -> Answer:  # fmt: skip
    """The page for a registered user."""
    place = place_of(request, context)
    await _user(rooms, place, request["UserArn"])
    return {"EmbedUrl": await _url(rooms, place, request)}


@operations.add("GenerateEmbedUrlForAnonymousUser")
async def generate_embed_url_for_anonymous_user(
    rooms: QuickSightRooms, request: Request, context: CallContext
) -> Answer:  # fmt: skip
    """The page for anybody, where nobody has to sign in."""
    place = place_of(request, context)
    _allow_anybody(rooms)
    _check_namespace(request["Namespace"])
    if request.get("SessionTags"):
        raise AwsError("InvalidParameterValueException", "SessionTags have no meaning in trimtab: use groups")
    url = await _url(rooms, place, request, request["AuthorizedResourceArns"])
    return {"EmbedUrl": url, "AnonymousUserArn": arn_of(place, USER, "anonymous", NAMESPACE)}


@operations.add("GetDashboardEmbedUrl")
async def get_dashboard_embed_url(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The page of a dashboard, for a user or for anybody."""
    place = place_of(request, context)
    one = await found(rooms, place, DASHBOARD, request["DashboardId"])
    if request["IdentityType"] == "ANONYMOUS":
        _allow_anybody(rooms)
        _check_namespace(request.get("Namespace") or NAMESPACE)
    elif request["IdentityType"] == "QUICKSIGHT":
        await _user(rooms, place, request.get("UserArn") or "")
    return {"EmbedUrl": rooms.room.page(one)}


async def _url(rooms: QuickSightRooms, place: Place, request: Request, allowed: list[str] | None = None) -> str:
    given = request["ExperienceConfiguration"]
    kind, body = member(given)
    if kind == "QuickSightConsole":
        return f"{rooms.room.public_url.rstrip('/')}/analyses"
    if kind == "DashboardVisual":
        chosen = body["InitialDashboardVisualId"]
        one = await _dashboard(rooms, place, chosen["DashboardId"], allowed)
        return f"{rooms.room.page(one)}?{urlencode({'visual': chosen['VisualId']})}"
    if kind == "Dashboard":
        return rooms.room.page(await _dashboard(rooms, place, body["InitialDashboardId"], allowed))
    raise AwsError("InvalidParameterValueException", f"{kind or 'This experience'} has no meaning in trimtab")


async def _dashboard(rooms: QuickSightRooms, place: Place, name: str, allowed: list[str] | None) -> Resource:
    one = await found(rooms, place, DASHBOARD, name)
    if allowed is not None and one.arn not in allowed:
        raise AwsError("InvalidParameterValueException", f"{one.arn} is not among the AuthorizedResourceArns")
    return one


async def _user(rooms: QuickSightRooms, place: Place, arn: str) -> None:
    name = name_in(arn, place, USER) or ""
    namespace, _, user = name.partition("/")
    await found(rooms, place, USER, user, namespace, code="QuickSightUserNotFoundException")


def _allow_anybody(rooms: QuickSightRooms) -> None:
    if rooms.room.auth_required:
        raise AwsError(
            "UnsupportedPricingPlanException", "This server asks everybody to sign in: embed for registered users"
        )


def _check_namespace(name: str) -> None:
    if name != NAMESPACE:
        raise AwsError(
            "ResourceNotFoundException", f"There is no namespace {name!r}", members={"ResourceType": "NAMESPACE"}
        )


_ARN = re.compile(r"arn:aws[\w-]*:quicksight:(?P<region>[\w-]+):(?P<account>\d{12}):(?P<kind>\w+)/(?P<path>.+)")
_TAGGED = (DATA_SOURCE, DATA_SET, ANALYSIS, DASHBOARD, USER)
_MOST_TAGS = 50


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    arn = await _need(rooms, request, context)
    if len({**await rooms.room.store.tags_of(arn), **tags_of(request)}) > _MOST_TAGS:
        raise LimitExceeded(f"A resource has {_MOST_TAGS} tags at most.")
    await rooms.room.store.tag(arn, tags_of(request))
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.room.store.tag(await _need(rooms, request, context), {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a resource."""
    tags = await rooms.room.store.tags_of(await _need(rooms, request, context))
    return {"Tags": listed_tags(tags)}


async def _need(rooms: QuickSightRooms, request: Request, context: CallContext) -> str:
    """The ARN of a request, of a resource that the caller sees."""
    arn = str(request["ResourceArn"])
    match = _ARN.fullmatch(arn)
    if match is None or match["kind"] not in _TAGGED:
        raise InvalidInput(f"cannot tag {arn[:200]!r}: expected the ARN of one of {', '.join(_TAGGED)}")
    accounts = context.principal.scope.accounts
    if accounts is not None and match["account"] not in accounts:
        raise AwsError("AccessDeniedException", f"{context.principal.name} may not use account {match['account']}")
    parent, name = (
        match["path"].split("/", 1) if match["kind"] == USER and "/" in match["path"] else ("", match["path"])
    )
    one = await found(rooms, Place(match["account"], match["region"]), match["kind"], name, parent)
    return one.arn
