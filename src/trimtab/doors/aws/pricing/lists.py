"""Price lists, and where their files are."""

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pricing.rooms import PricingRooms, check_service, operations, page
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.catalog.price_lists import PriceList

FORMATS = ("csv", "json")
PATH = "/rest/v1/price-lists/files"
"""Where files of lists are; `doors.rest.price_list_files` serves them."""


@operations.add("ListPriceLists", bound=True)
async def list_price_lists(rooms: PricingRooms, request: Request, context: CallContext) -> Answer:
    """The list of each region that held at a date."""
    await check_service(rooms, request["ServiceCode"])
    at_ms, wanted = request["EffectiveDate"], request.get("RegionCode")
    held: dict[str, PriceList] = {}
    for one in await rooms.book.every_list():  # the newest first
        fits = one.service == request["ServiceCode"] and one.currency == request["CurrencyCode"]
        if fits and one.published_ms <= at_ms and wanted in (None, one.region):
            held.setdefault(one.region, one)
    shown, more = page(sorted(held.values(), key=lambda one: one.region), request)
    lists = [
        {
            "PriceListArn": one.arn,
            "RegionCode": one.region,
            "CurrencyCode": one.currency,
            "FileFormats": list(FORMATS),
        }
        for one in shown
    ]
    return {"PriceLists": lists, **more}


@operations.add("GetPriceListFileUrl", bound=True)
async def get_price_list_file_url(rooms: PricingRooms, request: Request, context: CallContext) -> Answer:
    """Where the file of a list is, as CSV or JSON."""
    arn, kind = request["PriceListArn"], request["FileFormat"].lower()
    if kind not in FORMATS:
        raise AwsError("InvalidParameterException", f"FileFormat must be csv or json, got {request['FileFormat']}.")
    for one in await rooms.book.every_list():
        if one.arn == arn:
            place = f"{one.service}/{one.currency}/{one.version}/{one.region}/index.{kind}"
            return {"Url": f"{rooms.public_url}{PATH}/{place}"}
    raise AwsError("ResourceNotFoundException", f"The price list {arn} does not exist.")
