"""Operations on products and on files of price lists."""

import msgspec

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pricing.rooms import FORMAT, PricingRooms, check_format, check_service, operations, page
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.catalog.price_book import Filter
from trimtab.inventory.catalog.price_lists import PriceList


@operations.add("DescribeServices", bound=True)
async def describe_services(rooms: PricingRooms, request: Request, context: CallContext) -> Answer:
    """The services that have prices, with the names of their products' attributes."""
    check_format(request)
    codes = await rooms.book.services()
    if code := request.get("ServiceCode"):
        await check_service(rooms, code)
        codes = [code]
    shown, more = page(codes, request)
    services = [{"ServiceCode": code, "AttributeNames": sorted(await rooms.book.attributes(code))} for code in shown]
    return {"Services": services, "FormatVersion": FORMAT, **more}


@operations.add("GetAttributeValues", bound=True)
async def get_attribute_values(rooms: PricingRooms, request: Request, context: CallContext) -> Answer:
    """The values that an attribute has in a service's products, sorted."""
    await check_service(rooms, request["ServiceCode"])
    found = await rooms.book.attributes(request["ServiceCode"])
    values = sorted(found.get(request["AttributeName"], ()))
    shown, more = page(values, request)
    return {"AttributeValues": [{"Value": value} for value in shown], **more}


@operations.add("GetProducts", bound=True)
async def get_products(rooms: PricingRooms, request: Request, context: CallContext) -> Answer:
    """Products that fit every filter, as JSON documents with the terms that hold now."""
    check_format(request)
    await check_service(rooms, request["ServiceCode"])
    filters = [Filter(one["Type"], one["Field"], one["Value"]) for one in request.get("Filters") or ()]
    found = await rooms.book.find(request["ServiceCode"], filters)
    shown, more = page(found, request)
    documents = await rooms.book.documents(shown)
    return {"PriceList": [msgspec.json.encode(one).decode() for one in documents], "FormatVersion": FORMAT, **more}


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
