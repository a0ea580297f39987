"""The registry that the operations of the Price List API join, and what they share."""

from typing import TypeVar

from msgspec import Struct

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import Operations, Request, coral_as
from trimtab.inventory.catalog.price_book import PriceBook

T = TypeVar("T")
FORMAT = "aws_v1"
_INVALID = "InvalidParameterException"


class PricingRooms(Struct, frozen=True):
    """What the operations ask. `public_url` is where files of lists are fetched from."""

    book: PriceBook
    public_url: str


worded = coral_as(_INVALID)


operations: Operations[PricingRooms] = Operations("pricing", worded, invalid_code=_INVALID)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


page = Pages(100, lambda: AwsError("InvalidNextTokenException", "The specified NextToken is invalid."))


def check_format(request: Request) -> None:
    """Refuse a format that there is not. Raises AwsError."""
    if request.get("FormatVersion", FORMAT) != FORMAT:
        raise AwsError(_INVALID, f"FormatVersion must be {FORMAT}, got {request['FormatVersion']}.")


async def check_service(rooms: PricingRooms, code: str) -> None:
    """Refuse a service that has no prices here. Raises AwsError."""
    known = await rooms.book.services()
    if code not in known:
        raise AwsError(
            "NotFoundException",
            f"The service code {code} has no prices here; known are {', '.join(known)}. "
            f"`trimtab catalog update --service {code}` takes them in.",
        )
