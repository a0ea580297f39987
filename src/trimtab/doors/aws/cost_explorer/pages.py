"""Pages: opaque tokens that know their request and the state of the bill that they were made for."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Request

T = TypeVar("T")
_TOKENS = ("NextPageToken", "NextToken")


class Pages:
    """The pages of one request: where this one starts, and the token of the next."""

    def __init__(self, mark: int, generation: int, start: int) -> None:
        self._mark = mark
        self._generation = generation
        self.start = start

    def cut(self, items: Sequence[T], size: int, member: str = "NextPageToken") -> tuple[Sequence[T], dict[str, str]]:
        """This page's `size` items, and the member of the answer that leads to the next."""
        after = self.start + size
        more = {member: encode_token([self._mark, self._generation, after])} if after < len(items) else {}
        return items[self.start : after], more


async def read_page(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Pages:
    """Where `request` continues.

    Raises AwsError: InvalidNextTokenException for a token that is none of ours, RequestChangedException where the
    parameters differ from those that it was made for, BillExpirationException where the bill was imported anew since.
    """
    asked = {name: value for name, value in request.items() if name not in _TOKENS}
    mark = hash64(repr((sorted(_plain(asked).items()), context.account, str(bill_scope(context))))) >> 16
    generation = await rooms.generation()
    token = next((request[name] for name in _TOKENS if request.get(name)), None)
    if token is None:
        return Pages(mark, generation, 0)
    known, state, start = _decoded(token)
    if known != mark:
        raise AwsError(
            "RequestChangedException",
            "Your request parameters changed between pages. Try again with the old parameters or without a "
            "pagination token.",
        )
    if state != generation:
        raise AwsError(
            "BillExpirationException",
            "The requested report expired: the bill was imported anew. Try again without a pagination token.",
        )
    return Pages(mark, generation, start)


def _decoded(token: str) -> tuple[int, int, int]:
    try:
        known, state, start = decode_token(token)
        return int(known), int(state), max(int(start), 0)
    except (InvalidInput, TypeError, ValueError):
        raise AwsError(
            "InvalidNextTokenException", "The pagination token is invalid. Try again without a pagination token."
        ) from None


def _plain(value: Mapping[str, Any]) -> dict[str, str]:
    return {name: repr(one) for name, one in value.items()}
