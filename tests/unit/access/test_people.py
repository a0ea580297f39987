"""Groups, service accounts and people: one grant counts at a time, disabling counts at once, nothing is widened."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from trimtab.access.grant import Grant
from trimtab.access.key import AWS, TOKEN
from trimtab.access.keys import FRESH_S
from trimtab.access.passwords import hashed, matches
from trimtab.access.people import Rights
from trimtab.access.principal import Role
from trimtab.access.room import AccessRoom
from trimtab.access.scope import RowRule
from trimtab.base.clock import ManualClock
from trimtab.base.errors import AccessDenied, Conflict, InvalidInput, NotFound, Unauthenticated
from trimtab.store.state.database import State
from trimtab.store.state.tables import access_keys

PASSWORD = "correct horse battery"
SEARCH = Grant(Role.READ, None, (RowRule("team", frozenset({"search"})),))
VISION = Grant(Role.WRITE, "123456789012", (RowRule("team", frozenset({"vision"})),))
LEAD = Grant(Role.ADMIN, None, SEARCH.rows)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State.open("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def room(state: State, clock: ManualClock) -> AccessRoom:
    return AccessRoom.of(state, clock)


@pytest.fixture
def other(state: State, clock: ManualClock) -> AccessRoom:
    """The room of another process."""
    return AccessRoom.of(state, clock)


def later(clock: ManualClock) -> int:
    return clock.now_ms() // 1000 + 3600


def signed_in(room: AccessRoom, clock: ManualClock, name: str, password: str = PASSWORD) -> str:
    session = asyncio.run(room.people.sign_in(name, password, later(clock)))
    assert session is not None
    return session


def test_keys_of_a_service_account_have_what_it_has_in_every_process(
    room: AccessRoom, other: AccessRoom, clock: ManualClock
) -> None:
    asyncio.run(room.services.put("ci", SEARCH))
    token = asyncio.run(room.keys.create(TOKEN, "t", SEARCH, None, "ci"))
    aws = asyncio.run(room.keys.create(AWS, "a", SEARCH, None, "ci"))
    principal = other.keys.principal_of_token(token.secret)
    assert principal is not None
    assert (principal.role, principal.scope.rows) == (Role.READ, SEARCH.rows)
    asyncio.run(room.services.put("ci", VISION))
    clock.advance(FRESH_S)
    for one in (room, other):
        found = one.keys.secret_of(aws.id)
        assert found is not None
        assert (found.account, found.principal.role) == ("123456789012", Role.WRITE)
    asyncio.run(room.services.set_disabled("ci", disabled=True))
    assert room.keys.principal_of_token(token.secret) is None
    clock.advance(FRESH_S)
    assert other.keys.principal_of_token(token.secret) is None
    assert other.keys.secret_of(aws.id) is None
    assert {one.state for one in asyncio.run(room.keys.list())} == {"disabled"}
    asyncio.run(room.services.set_disabled("ci", disabled=False))
    assert room.keys.principal_of_token(token.secret) is not None
    asyncio.run(room.services.remove("ci"))
    asyncio.run(room.services.put("ci", Grant(Role.ADMIN)))
    assert room.keys.principal_of_token(token.secret) is None
    assert {one.state for one in asyncio.run(room.keys.list())} == {"revoked"}


def test_a_rotated_key_of_a_service_account_stays_one_of_it(room: AccessRoom) -> None:
    asyncio.run(room.services.put("ci", SEARCH))
    old = asyncio.run(room.keys.create(TOKEN, "t", SEARCH, None, "ci"))
    new = asyncio.run(room.keys.rotate(old.id, 0))
    asyncio.run(room.services.set_disabled("ci", disabled=True))
    assert room.keys.principal_of_token(new.secret) is None


def test_somebody_of_several_groups_acts_as_one_and_never_as_their_union(room: AccessRoom, clock: ManualClock) -> None:
    asyncio.run(room.groups.put("vision", VISION))
    asyncio.run(room.groups.put("search", SEARCH))
    asyncio.run(room.people.create("ann", PASSWORD, None, ["vision", "search"]))
    session = signed_in(room, clock, "Ann")
    for group, grant in (("", SEARCH), ("vision", VISION), ("search", SEARCH)):
        if group:
            asyncio.run(room.people.act_as(principal_id(room, session), group))
        principal = room.keys.principal_of_session(session)
        assert principal is not None
        assert (principal.group, principal.groups) == (group or "search", ("search", "vision"))
        assert Grant.of(principal) == grant
    with pytest.raises(InvalidInput, match="your groups are 'search', 'vision'"):
        asyncio.run(room.people.act_as(principal_id(room, session), ""))
    asyncio.run(room.groups.remove("search"))
    principal = room.keys.principal_of_session(session)
    assert principal is not None
    assert Grant.of(principal) == VISION
    asyncio.run(room.groups.put("search", Grant(Role.ADMIN)))
    assert room.keys.principal_of_session(session) == principal  # a group of the same name is another group
    asyncio.run(room.groups.remove("vision"))
    assert room.keys.principal_of_session(session) is None
    assert asyncio.run(room.people.sign_in("ann", PASSWORD, later(clock))) is None


def principal_id(room: AccessRoom, session: str) -> str:
    principal = room.keys.principal_of_session(session)
    assert principal is not None
    return principal.id


def test_a_user_with_a_grant_of_their_own_and_groups_chooses_among_them(room: AccessRoom, clock: ManualClock) -> None:
    asyncio.run(room.groups.put("search", SEARCH))
    asyncio.run(room.people.create("ann", PASSWORD, Grant(Role.ADMIN), ["search"]))
    session = signed_in(room, clock, "ann")
    principal = room.keys.principal_of_session(session)
    assert principal is not None
    assert (principal.role, principal.groups) == (Role.READ, ("search", ""))
    acting = asyncio.run(room.people.act_as(principal.id, ""))
    assert (acting.role, acting.group) == (Role.ADMIN, "")


def test_a_wrong_password_a_wrong_name_and_a_disabled_user_open_nothing(
    room: AccessRoom, other: AccessRoom, clock: ManualClock, state: State
) -> None:
    asyncio.run(room.people.create("ann", PASSWORD, Grant(Role.READ), []))
    for name, password in (("ann", PASSWORD + "!"), ("ann", ""), ("bob", PASSWORD), ("", "")):
        assert asyncio.run(room.people.sign_in(name, password, later(clock))) is None
    session = signed_in(other, clock, "ann")
    assert other.keys.principal_of_session(session) is not None
    asyncio.run(room.people.set_disabled("ann", disabled=True))
    clock.advance(FRESH_S)
    assert other.keys.principal_of_session(session) is None
    assert asyncio.run(other.people.sign_in("ann", PASSWORD, later(clock))) is None
    asyncio.run(room.people.set_disabled("ann", disabled=False))
    assert room.keys.principal_of_session(session) is None
    assert room.keys.principal_of_session(signed_in(room, clock, "ann")) is not None
    kept = state.read_sync(lambda connection: connection.execute(select(access_keys.c.password)).scalar_one())
    assert PASSWORD not in kept


def test_an_unknown_user_costs_the_same_hash(room: AccessRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(room.people.create("ann", PASSWORD, Grant(Role.READ), []))
    costs: list[tuple[int, int, int]] = []
    real = __import__("hashlib").scrypt

    def counted(password: bytes, *, n: int, r: int, p: int, **rest: object) -> bytes:
        costs.append((n, r, p))
        return bytes(real(password, n=n, r=r, p=p, **rest))

    monkeypatch.setattr("trimtab.access.passwords.hashlib.scrypt", counted)
    for name in ("ann", "nobody"):
        assert asyncio.run(room.people.sign_in(name, "a wrong password", 1)) is None
    assert costs == [(1 << 15, 8, 1)] * 2


def test_a_password_is_long_and_without_the_name() -> None:
    kept = hashed(PASSWORD)
    assert kept != hashed(PASSWORD)
    assert matches(PASSWORD, kept)
    assert not matches(PASSWORD.upper(), kept)
    assert not matches("", None)
    for wrong in ("short", "x" * 257):
        with pytest.raises(InvalidInput, match="expected 12 to 256"):
            hashed(wrong)


def test_no_password_is_that_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.access.passwords._derived", lambda *_: bytes(32))
    assert not matches("the one that would fit", None)


def test_ones_own_password_is_changed_with_the_old_one_and_ends_sessions(room: AccessRoom, clock: ManualClock) -> None:
    with pytest.raises(InvalidInput, match="has the name in it"):
        asyncio.run(room.people.create("ann", "my name is Ann.", Grant(Role.READ), []))
    asyncio.run(room.people.create("ann", PASSWORD, Grant(Role.READ), []))
    session = signed_in(room, clock, "ann")
    id_ = principal_id(room, session)
    with pytest.raises(Unauthenticated, match="the old one is another"):
        asyncio.run(room.people.change_password(id_, "not the old one", "another long one"))
    asyncio.run(room.people.change_password(id_, PASSWORD, "another long one"))
    assert room.keys.principal_of_session(session) is None
    assert asyncio.run(room.people.sign_in("ann", PASSWORD, later(clock))) is None
    signed_in(room, clock, "ann", "another long one")
    token = asyncio.run(room.keys.create_token("t", Role.READ))
    with pytest.raises(Conflict, match="did not sign in with one"):
        asyncio.run(room.people.change_password(token.id, "", "another long one"))


def test_a_provider_s_groups_are_those_of_the_same_name(room: AccessRoom, clock: ManualClock) -> None:
    asyncio.run(room.groups.put("search", SEARCH))

    def opened(rights: Rights) -> tuple[Role, tuple[str, ...]]:
        session = asyncio.run(room.people.open_identity("https://id", "1", "tom", rights, later(clock)))
        principal = room.keys.principal_of_session(session)
        assert principal is not None
        return principal.role, principal.groups

    assert opened(Rights(None, ["search", "canteen"], Role.ADMIN)) == (Role.READ, ("search",))
    assert opened(Rights(Role.ADMIN, ["search"])) == (Role.READ, ("search", ""))
    assert opened(Rights(None, ["canteen"], Role.FINANCE)) == (Role.FINANCE, ())
    with pytest.raises(AccessDenied, match="none of your groups"):
        opened(Rights(None, ["canteen"]))


def test_an_admin_of_a_team_widens_nobody_and_takes_over_nobody(room: AccessRoom) -> None:
    asyncio.run(room.groups.put("vision", VISION))
    asyncio.run(room.groups.put("search", SEARCH))
    asyncio.run(room.services.put("whole", Grant(Role.READ)))
    asyncio.run(room.people.create("root", PASSWORD, Grant(Role.ADMIN), []))
    asyncio.run(room.people.create("both", PASSWORD, None, ["search", "vision"]))
    own = asyncio.run(room.people.create("own", PASSWORD, None, ["search"], LEAD))
    asyncio.run(room.groups.put("gone", Grant(Role.ADMIN)))
    asyncio.run(room.people.create("left", PASSWORD, None, ["gone"]))  # may do nothing now, and what later nobody knows
    asyncio.run(room.groups.remove("gone"))
    assert [one.name for one in asyncio.run(room.people.listed(LEAD))] == [own.name]
    assert [one.name for one in asyncio.run(room.groups.listed(LEAD))] == ["search"]
    assert asyncio.run(room.services.listed(LEAD)) == []
    people, groups = room.people, room.groups
    denied = [
        people.create("x", PASSWORD, Grant(Role.READ), [], LEAD),
        groups.put("vision", SEARCH, LEAD),
    ]
    for call in denied:
        with pytest.raises(AccessDenied):
            asyncio.run(call)
    unseen = [
        people.create("x", PASSWORD, None, ["vision"], LEAD),
        people.change("own", None, ["search", "vision"], LEAD),
        groups.remove("vision", LEAD),
        room.services.set_disabled("whole", LEAD, disabled=True),
        room.services.get("whole", LEAD),
        *(call for name in ("root", "both", "left") for call in (
            people.set_password(name, "a password of mine", LEAD), people.set_disabled(name, LEAD, disabled=True),
            people.remove(name, LEAD), people.change(name, None, ["search"], LEAD))),
    ]  # fmt: skip
    for call in unseen:
        with pytest.raises(NotFound):
            asyncio.run(call)


def test_a_user_needs_a_name_of_their_own_and_something_to_do(room: AccessRoom) -> None:
    with pytest.raises(InvalidInput, match="who may do nothing"):
        asyncio.run(room.people.create("ann", PASSWORD, None, []))
    asyncio.run(room.people.create("ann", PASSWORD, Grant(Role.READ), []))
    with pytest.raises(Conflict, match="one of that name"):
        asyncio.run(room.people.create("ANN", PASSWORD, Grant(Role.READ), []))
    with pytest.raises(Conflict, match="enabled already"):
        asyncio.run(room.people.set_disabled("ann", disabled=False))
