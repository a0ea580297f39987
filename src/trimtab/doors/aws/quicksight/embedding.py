"""URLs to embed: the dashboard's own page. Whoever opens it signs in, unless this server asks nobody to."""

from urllib.parse import urlencode

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms, found, operations, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.quicksight.model import DASHBOARD, USER, Place, Resource, arn_of, name_in
from trimtab.reports.quicksight.people import NAMESPACE
from trimtab.reports.quicksight.unions import member


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
