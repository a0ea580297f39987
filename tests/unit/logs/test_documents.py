"""Transformers and index policies of accounts: how many there may be, also where two are put at once."""

import asyncio

import pytest

from trimtab.base.errors import LimitExceeded
from trimtab.logs.documents import MOST_OF_ACCOUNT, DocumentKind
from trimtab.logs.room import LogsRoom

PLACE = ("123456789012", "eu-west-1")


def test_an_account_has_no_more_than_it_may_however_many_are_put_at_once(room: LogsRoom) -> None:
    kind = next(iter(DocumentKind))

    async def put(names: list[str]) -> list[object]:
        asked = (room.documents.put_account(kind, PLACE, name, "{}", "") for name in names)
        return await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(put([f"p{at}" for at in range(MOST_OF_ACCOUNT - 1)]))
    last = asyncio.run(put(["one", "two", "three"]))
    assert 2 == sum(isinstance(one, LimitExceeded) for one in last)
    assert MOST_OF_ACCOUNT == len(asyncio.run(room.documents.every(kind)).accounts)
    with pytest.raises(LimitExceeded):
        asyncio.run(room.documents.put_account(kind, PLACE, "more", "{}", ""))
    asyncio.run(room.documents.put_account(kind, PLACE, "p0", '{"again": 1}', ""))
    asyncio.run(room.documents.put_account(kind, (PLACE[0], "us-east-1"), "p0", "{}", ""))
