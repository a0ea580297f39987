"""Keys: made once, verified from memory, revoked at once, seen across processes."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select

from trimtab.access.grant import Grant
from trimtab.access.key import AWS, DAY_MS, TOKEN, KeyInfo, NewKey, warning_of
from trimtab.access.keys import FRESH_S, MISS_FRESH_S, STALE_S, KeyStore, digest_of
from trimtab.access.principal import Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound, Unavailable
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.sealed import unseal
from trimtab.store.state.tables import access_keys

T = TypeVar("T")


class CountingState(State):
    """A state that counts its transactions and can be made to fail."""

    reads = 0
    down = False

    def read_sync(self, work: Callable[[Connection], T]) -> T:
        self._count()
        return super().read_sync(work)

    def change_sync(self, work: Callable[[Connection], T]) -> T:
        self._count()
        return super().change_sync(work)

    def _count(self) -> None:
        self.reads += 1
        if self.down:
            raise Unavailable("cannot reach the state database: down")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[CountingState]:
    opened = CountingState.open("", tmp_path)
    assert isinstance(opened, CountingState)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keys(state: CountingState, clock: ManualClock) -> KeyStore:
    return KeyStore(state, clock)


def test_a_token_has_240_random_bits_and_an_id_of_its_own(keys: KeyStore) -> None:
    made = asyncio.run(keys.create_token("ci", Role.READ))
    assert re.fullmatch(r"tok-[0-9a-f]{12}", made.id)
    assert re.fullmatch(r"tt_[\w-]{40}", made.secret)


def test_a_new_key_tells_its_teams_and_other_tags_apart() -> None:
    rows = (RowRule("team", frozenset(("vision",))), RowRule("stage", frozenset(("dev", "test"))))
    made = NewKey("tok-1", TOKEN, "ci", Role.READ, None, "s", rows=rows)
    assert (["vision"], {"stage": ["dev", "test"]}) == (made.teams, made.tags)
    assert "'s'" not in repr(made)


def test_an_aws_key_looks_like_one_and_signs_for_its_account(keys: KeyStore) -> None:
    made = asyncio.run(keys.create_aws("ci", "210987654321"))
    assert made.id.startswith("AKIA")
    assert len(made.id) == 20
    assert len(made.secret) == 40
    found = keys.secret_of(made.id)
    assert found is not None
    assert found.secret == made.secret
    assert found.account == "210987654321"
    assert found.principal.scope == Scope(accounts=frozenset({"210987654321"}))


def test_a_token_gives_its_principal_and_is_stored_only_as_a_digest(keys: KeyStore, state: CountingState) -> None:
    made = asyncio.run(keys.create_token("grafana", Role.READ))
    principal = keys.principal_of_token(made.secret)
    assert principal is not None
    assert (principal.name, principal.role, principal.account) == ("grafana", Role.READ, None)
    assert principal.scope == EVERYTHING
    secret = access_keys.c.secret
    stored = state.read_sync(lambda connection: connection.execute(select(secret)).scalar_one())
    assert digest_of(made.secret) not in stored
    assert state.read_sync(lambda connection: unseal(connection, secret, made.id, stored)) == digest_of(made.secret)
    assert made.secret not in repr(made)


def test_an_aws_secret_is_no_token_and_a_token_id_no_access_key(keys: KeyStore) -> None:
    aws = asyncio.run(keys.create_aws("ci", None))
    token = asyncio.run(keys.create_token("t", Role.READ))
    assert keys.principal_of_token(aws.secret) is None
    assert keys.secret_of(token.id) is None
    assert keys.principal_of_token("") is None


def test_a_revoked_key_opens_nothing_at_once(keys: KeyStore) -> None:
    aws = asyncio.run(keys.create_aws("ci", None))
    token = asyncio.run(keys.create_token("t", Role.ADMIN))
    assert keys.secret_of(aws.id) is not None
    asyncio.run(keys.revoke(aws.id))
    asyncio.run(keys.revoke(token.id))
    assert keys.secret_of(aws.id) is None
    assert keys.principal_of_token(token.secret) is None


def test_revoking_twice_or_an_unknown_key_says_so(keys: KeyStore) -> None:
    token = asyncio.run(keys.create_token("t", Role.ADMIN))
    asyncio.run(keys.revoke(token.id))
    with pytest.raises(Conflict, match="revoked already"):
        asyncio.run(keys.revoke(token.id))
    with pytest.raises(NotFound, match="keys list"):
        asyncio.run(keys.revoke("tok-none"))


def test_requests_are_verified_from_memory(keys: KeyStore, state: CountingState) -> None:
    made = asyncio.run(keys.create_token("t", Role.READ))
    keys.principal_of_token(made.secret)
    before = state.reads
    for _ in range(1000):
        assert keys.principal_of_token(made.secret) is not None
    assert state.reads == before


def test_a_guesser_costs_a_bounded_number_of_reads(keys: KeyStore, state: CountingState, clock: ManualClock) -> None:
    keys.principal_of_token("x")
    before = state.reads
    for number in range(1000):
        assert keys.principal_of_token(f"guess {number}") is None
    assert state.reads == before
    clock.advance(MISS_FRESH_S)
    keys.principal_of_token("x")
    assert state.reads == before + 1


def test_another_process_makes_and_revokes_keys(state: CountingState, keys: KeyStore, clock: ManualClock) -> None:
    other = KeyStore(state, clock)
    assert keys.principal_of_token("x") is None
    made = asyncio.run(other.create_token("t", Role.READ))
    clock.advance(MISS_FRESH_S)
    assert keys.principal_of_token(made.secret) is not None
    asyncio.run(other.revoke(made.id))
    clock.advance(FRESH_S)
    assert keys.principal_of_token(made.secret) is None


def test_keys_go_on_working_for_a_while_when_the_state_does_not_answer(
    state: CountingState, keys: KeyStore, clock: ManualClock
) -> None:
    made = asyncio.run(keys.create_token("t", Role.READ))
    assert keys.principal_of_token(made.secret) is not None
    state.down = True
    clock.advance(STALE_S - 1)
    assert keys.principal_of_token(made.secret) is not None
    clock.advance(2)
    with pytest.raises(Unavailable):
        keys.principal_of_token(made.secret)


def test_last_use_is_listed_at_once_and_written_by_flush(
    state: CountingState, keys: KeyStore, clock: ManualClock
) -> None:
    made = asyncio.run(keys.create_token("t", Role.READ))
    assert asyncio.run(keys.list())[0].last_used_ms is None
    clock.advance(5)
    keys.principal_of_token(made.secret)
    assert asyncio.run(keys.list())[0].last_used_ms == clock.now_ms()
    asyncio.run(keys.flush())
    assert asyncio.run(KeyStore(state, clock).list())[0].last_used_ms == clock.now_ms()


def test_a_session_stands_for_its_token_until_it_ends(keys: KeyStore, clock: ManualClock) -> None:
    made = asyncio.run(keys.create_token("t", Role.WRITE))
    session = keys.open_session(made.secret, clock.now_ms() // 1000 + 60)
    assert session is not None
    assert made.secret not in session
    principal = keys.principal_of_session(session)
    assert principal is not None
    assert principal.role == Role.WRITE
    clock.advance(61)
    assert keys.principal_of_session(session) is None


def test_a_session_dies_with_its_token_and_cannot_be_changed(keys: KeyStore, clock: ManualClock) -> None:
    made = asyncio.run(keys.create_token("t", Role.WRITE))
    expires = clock.now_ms() // 1000 + 60
    session = keys.open_session(made.secret, expires)
    assert session is not None
    assert keys.principal_of_session(session.replace(str(expires), str(expires + 1000))) is None
    assert keys.principal_of_session(session[:-1]) is None
    for broken in ("", ".", "a.b.c", f"{made.id}.²³.x", f"{made.id}.{'9' * 50}.x"):
        assert keys.principal_of_session(broken) is None
    asyncio.run(keys.revoke(made.id))
    assert keys.principal_of_session(session) is None
    assert keys.open_session("nothing", expires) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "é", "-a"])
def test_a_key_needs_a_plain_name(keys: KeyStore, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        asyncio.run(keys.create_token(name, Role.READ))


def test_a_key_bound_to_a_team_sees_its_rows_in_every_process(keys: KeyStore, state: State, clock: ManualClock) -> None:
    rows = (RowRule("team", frozenset(("search", "vision"))), RowRule("env", frozenset(("prod",))))
    token = asyncio.run(keys.create_token("t", Role.READ, None, rows))
    aws = asyncio.run(keys.create_aws("a", "123456789012", Role.READ, rows[:1]))
    other = KeyStore(state, clock)
    principal = other.principal_of_token(token.secret)
    assert principal is not None
    assert set(principal.scope.rows) == set(rows)
    assert principal.scope.accounts is None
    found = other.secret_of(aws.id)
    assert found is not None
    assert found.principal.scope == Scope(frozenset(("123456789012",)), None, rows[:1])
    assert {one.id: len(one.rows) for one in asyncio.run(other.list())} == {token.id: 2, aws.id: 1}


def test_an_expired_key_opens_nothing_at_any_door(keys: KeyStore, clock: ManualClock) -> None:
    ends = clock.now_ms() + 60_000
    token = asyncio.run(keys.create(TOKEN, "t", Grant(Role.READ), ends))
    aws = asyncio.run(keys.create(AWS, "a", Grant(Role.READ), ends))
    session = keys.open_session(token.secret, clock.now_ms() // 1000 + 3600)
    assert session is not None
    for after_s, live in ((0, True), (59.999, True), (0.001, False)):
        clock.advance(after_s)
        assert (keys.principal_of_token(token.secret) is not None) is live
        assert (keys.secret_of(aws.id) is not None) is live
        assert (keys.principal_of_session(session) is not None) is live
        assert (keys.open_session(token.secret, clock.now_ms() // 1000 + 3600) is not None) is live
    assert {one.state for one in asyncio.run(keys.list())} == {"expired"}
    with pytest.raises(InvalidInput, match="expired already"):
        asyncio.run(keys.create(TOKEN, "t", Grant(Role.READ), clock.now_ms()))


def test_it_expires_while_the_state_does_not_answer(keys: KeyStore, state: CountingState, clock: ManualClock) -> None:
    token = asyncio.run(keys.create(TOKEN, "t", Grant(Role.READ), clock.now_ms() + 10_000))
    assert keys.principal_of_token(token.secret) is not None
    state.down = True
    clock.advance(10)
    assert keys.principal_of_token(token.secret) is None


def test_a_rotated_key_works_until_the_overlap_ends_and_the_new_one_gives_the_same(
    keys: KeyStore, clock: ManualClock
) -> None:
    rows = (RowRule("team", frozenset({"search"})),)
    old = asyncio.run(keys.create(AWS, "ci", Grant(Role.WRITE, "123456789012", rows), clock.now_ms() + 90 * DAY_MS))
    clock.advance(10 * 86_400)
    new = asyncio.run(keys.rotate(old.id, DAY_MS))
    assert (new.kind, new.name, new.role, new.account, new.rows) == ("aws", "ci", Role.WRITE, "123456789012", rows)
    assert new.expires_ms == clock.now_ms() + 90 * DAY_MS
    assert keys.secret_of(old.id) is not None
    found = keys.secret_of(new.id)
    assert found is not None
    assert found.secret == new.secret != old.secret
    listed = {one.id: one for one in asyncio.run(keys.list())}
    assert (listed[old.id].replaced_by, listed[old.id].expires_ms) == (new.id, clock.now_ms() + DAY_MS)
    assert listed[old.id].warning == f"ends in a day; {new.id} takes its place"
    with pytest.raises(Conflict, match="takes its place already"):
        asyncio.run(keys.rotate(old.id, DAY_MS))
    clock.advance(86_400)
    assert keys.secret_of(old.id) is None
    assert keys.secret_of(new.id) is not None


def test_rotating_makes_no_key_live_longer_and_none_of_a_dead_one(keys: KeyStore, clock: ManualClock) -> None:
    short = asyncio.run(keys.create(TOKEN, "t", Grant(Role.READ), clock.now_ms() + 60_000))
    asyncio.run(keys.rotate(short.id, DAY_MS))
    assert {one.id: one.expires_ms for one in asyncio.run(keys.list())}[short.id] == short.expires_ms
    gone = asyncio.run(keys.create_token("gone", Role.READ))
    asyncio.run(keys.revoke(gone.id))
    with pytest.raises(Conflict, match="it is revoked"):
        asyncio.run(keys.rotate(gone.id, 0))
    team = Grant(Role.ADMIN, None, (RowRule("team", frozenset({"search"})),))
    other = asyncio.run(keys.create_token("other", Role.READ))
    with pytest.raises(NotFound):
        asyncio.run(keys.rotate(other.id, 0, team))


@pytest.mark.parametrize(
    ("ends_days", "used_days", "age_days", "expected"),
    [(13.5, 1, 10, "ends in 13 days"), (1.5, 1, 10, "ends in a day"), (0.5, 1, 10, "ends today"), (14.5, 1, 10, ""),
     (None, None, 89, ""), (None, None, 90, "was never used"), (None, 90, 200, "was not used for 90 days"),
     (None, 89, 200, "")],
)  # fmt: skip
def test_who_ends_soon_or_is_unused_is_warned_of(
    ends_days: float | None, used_days: float | None, age_days: float, expected: str
) -> None:
    now = 1_000 * DAY_MS
    used = None if used_days is None else round(now - used_days * DAY_MS)
    ends = None if ends_days is None else round(now + ends_days * DAY_MS)
    key = KeyInfo("tok-1", TOKEN, "t", Role.READ, None, round(now - age_days * DAY_MS), used, None, expires_ms=ends)
    assert warning_of(key, now) == expected
    assert warning_of(replace(key, state="revoked"), now) == ""
