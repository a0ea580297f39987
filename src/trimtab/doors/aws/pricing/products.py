"""Services, their attributes, and products with their prices."""

import msgspec

from trimtab.doors.aws.pricing.rooms import FORMAT, PricingRooms, check_format, check_service, operations, page
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.catalog.price_book import Filter


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
