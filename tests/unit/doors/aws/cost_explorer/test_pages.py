"""Tokens of Cost Explorer's pages know their request, their caller and the bill."""

import asyncio
from typing import Any, cast

import pytest

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.errors import QueryAborted
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms
from trimtab.doors.aws.cost_explorer.service import build
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext

ITEMS = list(range(5))


class Held:
    """A bill that can be imported anew."""

    generation = 1

    async def __call__(self) -> int:
        return self.generation


def read(held: Held, request: dict[str, Any], account: str = "111111111111") -> Any:
    rooms = CostExplorerRooms(cast(Any, None), cast(Any, None), cast(Any, None), held, ManualClock(), cast(Any, None))
    return asyncio.run(read_page(rooms, request, CallContext(LOCAL_OPERATOR, account, "us-east-1", EVERYTHING, "id")))


def test_pages_follow_each_other_to_the_end() -> None:
    held, seen, more = Held(), [], {}
    while True:
        shown, more = read(held, {"Metrics": ["UnblendedCost"], **more}).cut(ITEMS, 2)
        seen.append(list(shown))
        if not more:
            break
    assert seen == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Metrics": ["BlendedCost"]}, "RequestChangedException"),
        ({"NextPageToken": "bm8"}, "InvalidNextTokenException"),
        ({"NextPageToken": "!"}, "InvalidNextTokenException"),
    ],
)
def test_tokens_that_do_not_fit_are_refused(change: dict[str, Any], code: str) -> None:
    held, request = Held(), {"Metrics": ["UnblendedCost"]}
    _, more = read(held, request).cut(ITEMS, 2)
    with pytest.raises(AwsError) as told:
        read(held, {**request, **more, **change})
    assert told.value.code == code


def test_a_token_is_of_one_account_and_one_bill() -> None:
    held, request = Held(), {"Metrics": ["UnblendedCost"]}
    _, more = read(held, request).cut(ITEMS, 2, "NextToken")
    with pytest.raises(AwsError) as told:
        read(held, {**request, **more}, "222222222222")
    assert told.value.code == "RequestChangedException"
    held.generation = 2
    with pytest.raises(AwsError) as told:
        read(held, {**request, **more})
    assert told.value.code == "BillExpirationException"


def test_a_question_that_is_too_large_is_aws_limit() -> None:
    class Slow:
        async def costs(self, scope: Any, query: Any) -> Any:
            raise QueryAborted("cannot answer within 30 s")

    rooms = CostExplorerRooms(
        cast(Any, Slow()), cast(Any, None), cast(Any, None), Held(), ManualClock(), cast(Any, None)
    )
    service = build(rooms)
    asked = {
        "TimePeriod": {"Start": "2026-08-01", "End": "2026-09-01"},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
    }
    context = CallContext(LOCAL_OPERATOR, "111111111111", "us-east-1", EVERYTHING, "id")
    with pytest.raises(AwsError) as told:
        asyncio.run(service.operations["GetCostAndUsage"].call(asked, context))
    assert (told.value.code, str(told.value)) == (
        "LimitExceededException",
        "cannot answer within 30 s; ask for fewer days or groups",
    )
