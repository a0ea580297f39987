"""Lists in pages, as most services of AWS have them: a token that says where the next page begins."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.service import Request

T = TypeVar("T")


class Pages(Struct, frozen=True):
    """How a service's lists come in pages. `most` are in one where a request does not say; `refuse` makes the error for
    a token that no answer gave. `begin`, `next` and `size` are the members of requests and answers."""

    most: int
    refuse: Callable[[], Exception]
    begin: str = "NextToken"
    next: str = "NextToken"
    size: str = "MaxResults"

    def __call__(
        self, rows: Sequence[T], request: Request, most: int | None = None, *, member: str = ""
    ) -> tuple[list[T], dict[str, str]]:
        """The part of a list that a request asks for, and the member that names the next: `member`, if given.

        Tokens are of four characters and more, as some models have it. Raises what `refuse` makes.
        """
        start = self._start(request.get(self.begin))
        end = start + (request.get(self.size) or most or self.most)
        return list(rows[start:end]), {member or self.next: encode_token([end])} if len(rows) > end else {}

    def _start(self, token: str | None) -> int:
        if not token:
            return 0
        try:
            match decode_token(token):
                case [int(start)] if start > 0:
                    return start
        except InvalidInput:
            pass
        raise self.refuse()


def last_name(token: str | None, invalid: Exception) -> str:
    """The last name of the page before, as its token holds it; "" without one. Raises `invalid` for another token."""
    if not token:
        return ""
    with suppress(InvalidInput):
        name = decode_token(token)
        if isinstance(name, str):
            return name
    raise invalid
