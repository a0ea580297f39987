"""The registry that the operations of the Price List API join, and what they share."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Operations, Request
from trimtab.doors.aws.wire.constraints import Problem, coral
from trimtab.inventory.catalog.price_book import PriceBook

T = TypeVar("T")
FORMAT = "aws_v1"
_INVALID = "InvalidParameterException"


class PricingRooms(Struct, frozen=True):
    """What the operations ask. `public_url` is where files of lists are fetched from."""

    book: PriceBook
    public_url: str


def worded(problems: Sequence[Problem]) -> AwsError:
    """The common sentences under the code that the service gives them."""
    return AwsError(_INVALID, str(coral(problems)))


operations: Operations[PricingRooms] = Operations("pricing", worded, invalid_code=_INVALID)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def page(found: Sequence[T], request: Request, most: int = 100) -> tuple[Sequence[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError."""
    try:
        start = int(decode_token(request["NextToken"])) if request.get("NextToken") else 0
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("InvalidNextTokenException", "The specified NextToken is invalid.") from None
    end = start + (request.get("MaxResults") or most)
    return found[start:end], {"NextToken": encode_token(end)} if len(found) > end else {}


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
