"""Dashboards are kept with their versions; links open one of them until they end."""

import asyncio

import pytest

from trimtab.access.scope import RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.reports.dashboards.shares import ShareStore
from trimtab.reports.dashboards.store import KEPT_VERSIONS, DashboardStore, free_name

ACCOUNT = "123456789012"
DAY_MS = 86_400_000


def put(store: DashboardStore, name: str, body: str, was: int | None = None) -> int:
    return asyncio.run(store.put(ACCOUNT, name, body, "me", was=was)).version


def test_each_change_is_a_version_and_the_same_body_is_none(store: DashboardStore) -> None:
    assert [1, 2, 2, 3] == [put(store, "a", body) for body in ("1", "2", "2", "3")]
    assert [(2, "2"), (1, "1")] == [(one.version, one.body) for one in asyncio.run(store.versions(ACCOUNT, "a"))]
    assert "3" == asyncio.run(store.version(ACCOUNT, "a", 3)).body


def test_two_who_edit_at_once_do_not_overwrite_each_other(store: DashboardStore) -> None:
    assert 1 == put(store, "a", "mine", was=0)
    with pytest.raises(Conflict, match="at version 1 and not 0"):
        put(store, "a", "theirs", was=0)


def test_only_the_last_versions_are_kept(store: DashboardStore) -> None:
    for number in range(KEPT_VERSIONS + 5):
        put(store, "a", str(number))
    kept = asyncio.run(store.versions(ACCOUNT, "a"))
    assert KEPT_VERSIONS == len(kept)
    assert KEPT_VERSIONS + 4 == kept[0].version


def test_a_deleted_one_can_be_brought_back(store: DashboardStore) -> None:
    put(store, "a", "1")
    assert ["gone"] == asyncio.run(store.delete(ACCOUNT, ["a", "gone"]))
    assert "1" == asyncio.run(store.get(ACCOUNT, "a")).body
    assert [] == asyncio.run(store.delete(ACCOUNT, ["a"]))
    with pytest.raises(NotFound):
        asyncio.run(store.get(ACCOUNT, "a"))
    assert "1" == asyncio.run(store.version(ACCOUNT, "a", 1)).body
    assert 2 == put(store, "a", "again")


def test_accounts_do_not_see_each_others(store: DashboardStore) -> None:
    put(store, "a", "1")
    assert [] == asyncio.run(store.listed("999999999999"))


VISION, SEARCH = (Scope(rows=(RowRule("team", frozenset((team,))),)) for team in ("vision", "search"))


def test_teams_do_not_see_each_others(store: DashboardStore) -> None:
    put(store, "everybody", "1")
    asyncio.run(store.put(ACCOUNT, "a", "1", "me", within=VISION))
    asyncio.run(store.put(ACCOUNT, "a", "2", "me", within=VISION))

    def seen(scope: Scope) -> list[str]:
        return [one.name for one in asyncio.run(store.listed(ACCOUNT, within=scope))]

    assert (["a"], [], ["a", "everybody"]) == (seen(VISION), seen(SEARCH), seen(Scope()))
    assert "2" == asyncio.run(store.get(ACCOUNT, "a", VISION)).body
    assert "1" == asyncio.run(store.version(ACCOUNT, "a", 1, VISION)).body
    assert [1] == [one.version for one in asyncio.run(store.versions(ACCOUNT, "a", VISION))]
    with pytest.raises(NotFound, match="Dashboard a does not exist"):
        asyncio.run(store.get(ACCOUNT, "a", SEARCH))
    for number in (1, 2):
        with pytest.raises(NotFound, match=f"Dashboard a has no version {number}"):
            asyncio.run(store.version(ACCOUNT, "a", number, SEARCH))
    assert [] == asyncio.run(store.versions(ACCOUNT, "a", SEARCH))


def test_teams_do_not_change_each_others(store: DashboardStore) -> None:
    asyncio.run(store.put(ACCOUNT, "a", "1", "me", within=VISION))
    with pytest.raises(Conflict, match="another team has one of that name"):
        asyncio.run(store.put(ACCOUNT, "a", "2", "me", within=SEARCH))
    assert ["a"] == asyncio.run(store.delete(ACCOUNT, ["a"], SEARCH))
    asyncio.run(store.put(ACCOUNT, "a", "2", "admin"))  # whom nothing binds may; it stays the team's
    assert "2" == asyncio.run(store.get(ACCOUNT, "a", VISION)).body
    assert [] == asyncio.run(store.delete(ACCOUNT, ["a"], VISION))
    asyncio.run(store.put(ACCOUNT, "a", "3", "me", within=SEARCH))
    assert [] == asyncio.run(store.versions(ACCOUNT, "a", SEARCH))  # what the other team had under the name


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 256, "a/b"])
def test_a_name_has_letters_digits_dash_and_underscore(store: DashboardStore, name: str) -> None:
    with pytest.raises(InvalidInput):
        put(store, name, "1")


def test_a_free_name_is_made_of_a_title() -> None:
    assert "My-GPUs-1" == free_name("My GPUs (1)", [])
    assert "a-2" == free_name("a", ["a"])


def test_a_link_opens_what_its_maker_saw_until_it_ends(
    store: DashboardStore, shares: ShareStore, clock: ManualClock
) -> None:
    put(store, "a", "1")
    scope = Scope(frozenset((ACCOUNT,)), None, (RowRule("team", frozenset(("x",))),))
    share, token = asyncio.run(shares.create(ACCOUNT, "a", "me", scope, DAY_MS))
    shown = asyncio.run(shares.open(token))
    assert (share.id, scope, "a") == (shown.share.id, shown.scope, shown.share.dashboard)
    clock.advance(86_400)
    for wrong in (token, token + "x", ""):
        with pytest.raises(NotFound):
            asyncio.run(shares.open(wrong))


def test_a_link_ends_when_it_is_revoked_or_its_dashboard_goes(store: DashboardStore, shares: ShareStore) -> None:
    put(store, "a", "1")
    first, token = asyncio.run(shares.create(ACCOUNT, "a", "me", Scope(), DAY_MS))
    _, other = asyncio.run(shares.create(ACCOUNT, "a", "me", Scope(), DAY_MS))
    asyncio.run(shares.revoke(ACCOUNT, "a", first.id))
    with pytest.raises(NotFound):
        asyncio.run(shares.open(token))
    asyncio.run(store.delete(ACCOUNT, ["a"]))
    with pytest.raises(NotFound):
        asyncio.run(shares.open(other))


@pytest.mark.parametrize("lasts_ms", [0, 59_999, 366 * DAY_MS])
def test_a_link_lasts_a_minute_to_a_year(shares: ShareStore, lasts_ms: int) -> None:
    with pytest.raises(InvalidInput):
        asyncio.run(shares.create(ACCOUNT, "a", "me", Scope(), lasts_ms))
