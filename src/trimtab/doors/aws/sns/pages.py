"""SNS's lists come in pages of 100, with an opaque token."""

from collections.abc import Sequence
from typing import Any, TypeVar

from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError

PAGE = 100
T = TypeVar("T")


def page_of(items: Sequence[T], arns: Sequence[str], token: str | None) -> tuple[Sequence[T], dict[str, Any]]:
    """The items after `token` (sorted as `arns`), and the members of the answer that name the next page."""
    start = 0
    if token:
        try:
            after = str(decode_token(token))
        except InvalidInput:
            raise AwsError("InvalidParameter", "Invalid parameter: NextToken") from None
        start = sum(arn <= after for arn in arns)
    page = items[start : start + PAGE]
    more = start + PAGE < len(items)
    return page, {"NextToken": encode_token(arns[start + PAGE - 1])} if more else {}
