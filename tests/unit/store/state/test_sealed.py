"""Secrets in the state: in no byte of its files, bound to their rows, under a key file that a start asks for."""

import asyncio
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from gates import open_gate
from trimtab.access.grant import Grant
from trimtab.access.key import AWS
from trimtab.access.people import Rights
from trimtab.access.principal import Role
from trimtab.access.room import AccessRoom
from trimtab.audit.digests.keys import SigningKeys
from trimtab.base.clock import ManualClock
from trimtab.base.errors import SetupError
from trimtab.notify.channels import ChannelStore, Wish
from trimtab.notify.subscribing import Subscribing
from trimtab.notify.topics import TopicStore
from trimtab.reports.quicksight import model as quicksight
from trimtab.reports.quicksight.credentials import Credentials, Pair
from trimtab.reports.quicksight.model import Resource
from trimtab.store.state.database import State
from trimtab.store.state.key_file import SealKey, read_keys, write_keys
from trimtab.store.state.sealed import SEALED, rotate, unseal
from trimtab.store.state.tables import access_keys, metadata, notify_subscriptions
from trimtab.triggers.connections import ConnectionStore
from trimtab.triggers.destinations import DestinationStore
from trimtab.triggers.model import Place

PASSWORD = "correct horse battery"
HOOK, BEARER = "https://hooks.example.com/T0/B0/s3cr3tpath", "Bearer zq-channel-authorization"
SENT_TO = "https://hooks.example.com/v1/zq-destination-path"
TOPIC, SUBSCRIBED = "arn:aws:sns:us-east-1:123456789012:t", "https://hooks.example.com/zq-subscription-path"
BASIC = {"BasicAuthParameters": {"Username": "u", "Password": "zq-connection-password"}}

SHOP = Resource(quicksight.Place("123456789012", "us-east-1"), quicksight.DATA_SOURCE, "shop")
PAIR = Pair("shop", "zq-database-password")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State.open("", tmp_path)
    yield opened
    opened.close()


def subscribing(state: State, clock: ManualClock) -> Subscribing:
    return Subscribing(state, clock, "http://127.0.0.1:4750", open_gate())


def put_everything(state: State, clock: ManualClock) -> list[str]:
    """Puts a secret of every kind; what must be in no byte of the files."""
    room, place = AccessRoom.of(state, clock), Place("123456789012", "us-east-1")
    aws = asyncio.run(room.keys.create(AWS, "a", Grant(Role.READ)))
    token = asyncio.run(room.keys.create_token("t", Role.READ))
    asyncio.run(room.people.create("ann", PASSWORD, Grant(Role.READ), []))
    asyncio.run(room.people.open_identity("https://id", "1", "tom", Rights(Role.READ), 1 << 31))
    channels = ChannelStore(state, clock, "us-east-1", open_gate())
    asyncio.run(channels.create("123456789012", Wish("chat", "slack", HOOK)))
    hook = Wish("hook", "webhook", "https://example.com/h", secret={"authorization": BEARER})
    _, signing = asyncio.run(channels.create("123456789012", hook))
    assert signing is not None
    connection = asyncio.run(ConnectionStore(state, clock, open_gate()).create(place, "c", "BASIC", BASIC, ""))
    values = {"connection": connection.arn, "endpoint": SENT_TO, "method": "POST"}
    asyncio.run(DestinationStore(state, clock, open_gate()).create(place, "d", values))
    asyncio.run(TopicStore(state, clock).create(TOPIC, {}, {}))
    subscription = asyncio.run(subscribing(state, clock).subscribe(place.account, TOPIC, "https", SUBSCRIBED, {}))
    asyncio.run(Credentials(state).put(SHOP, PAIR))
    keys = SigningKeys(state, clock)
    state.change_sync(lambda connection: keys.sign(connection, b"text"))
    words = (aws.secret, token.secret, PASSWORD, HOOK, "s3cr3tpath", BEARER, signing, "zq-connection-password")
    return [*words, SENT_TO, SUBSCRIBED, subscription.token, PAIR.password, "BEGIN PRIVATE KEY", "scrypt$"]


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("state.sqlite*")))


def kept(state: State) -> dict[str, list[str]]:
    """Every sealed value as it lies there, by column."""
    return {
        str(column): state.read_sync(lambda connection, one=column: list(connection.execute(select(one)).scalars()))
        for column in SEALED
    }


def everything_works(state: State, clock: ManualClock) -> None:
    room = AccessRoom.of(state, clock)
    aws = next(one for one in asyncio.run(room.keys.list()) if one.kind == AWS)
    assert room.keys.secret_of(aws.id) is not None
    assert asyncio.run(room.people.sign_in("ann", PASSWORD, 1 << 31)) is not None
    channels = ChannelStore(state, clock, "us-east-1", open_gate())
    assert asyncio.run(channels.get(None, "chat")).endpoint == HOOK
    assert asyncio.run(channels.get(None, "hook")).secret["authorization"] == BEARER
    place = Place("123456789012", "us-east-1")
    assert asyncio.run(ConnectionStore(state, clock, open_gate()).get(place, "c")).secret == BASIC
    assert asyncio.run(DestinationStore(state, clock, open_gate()).get(place, "d")).endpoint == SENT_TO
    [known] = asyncio.run(TopicStore(state, clock).subscriptions(place.account))
    again = asyncio.run(subscribing(state, clock).subscribe(place.account, TOPIC, "https", SUBSCRIBED, {}))
    assert (known, SUBSCRIBED) == (again, known.endpoint)
    assert len(known.token) > 20
    assert asyncio.run(Credentials(state).of(SHOP)) == PAIR
    keys = SigningKeys(state, clock)
    assert state.change_sync(lambda connection: keys.sign(connection, b"text"))


def test_no_secret_that_was_put_is_in_a_byte_of_the_files(state: State, clock: ManualClock, tmp_path: Path) -> None:
    words = put_everything(state, clock)
    raw = bytes_of(tmp_path)
    assert [word for word in words if word.encode() in raw] == []
    assert b"tom" in raw  # it does read what was written
    assert all(values and all(one is None or one.startswith("sealed:1:") for one in values)
               for values in kept(state).values())  # fmt: skip
    everything_works(state, clock)


def test_every_sealed_column_names_its_row_by_one_key() -> None:
    assert all(len(column.table.primary_key.columns) == 1 for column in SEALED)


def test_columns_that_are_called_as_secrets_are_sealed_or_hold_none() -> None:
    """A new column called so is to be sealed; these hold a digest, or what is told to whoever asks."""
    told = {"dashboard_shares.secret", "savings_plans.token"}
    called = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if any(word in column.name for word in ("secret", "password", "token", "private"))
    }
    assert called - {f"{column.table.name}.{column.name}" for column in SEALED} - told == set()


def test_the_key_file_is_private_and_made_once(state: State, tmp_path: Path) -> None:
    key = tmp_path / "state.key"
    before = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    State.open("", tmp_path).close()
    assert key.read_text() == before


def test_a_state_from_before_is_sealed_at_its_first_start(state: State, clock: ManualClock, tmp_path: Path) -> None:
    words = put_everything(state, clock)
    old = tmp_path / "old"
    old.mkdir()
    _plain(state, old / "state.sqlite", clock)
    raw = bytes_of(old)
    assert [word for word in words if word.encode() in raw] != []
    opened = State.open("", old)
    try:
        everything_works(opened, clock)
        raw = bytes_of(old)
        assert [word for word in words if word.encode() in raw] == []
    finally:
        opened.close()


def test_a_column_that_was_plain_in_an_earlier_version_is_sealed_at_the_next_start(
    state: State, clock: ManualClock, tmp_path: Path
) -> None:
    put_everything(state, clock)
    state.change_sync(lambda connection: connection.execute(update(notify_subscriptions).values(endpoint=SUBSCRIBED)))
    state.close()
    assert SUBSCRIBED.encode() in bytes_of(tmp_path)
    again = State.open("", tmp_path)
    everything_works(again, clock)
    assert SUBSCRIBED.encode() not in bytes_of(tmp_path)
    again.close()


def _plain(state: State, target: Path, clock: ManualClock) -> None:
    """The database as a program before this one has it: nothing is sealed."""
    rows = {}
    for column in SEALED:
        [key] = column.table.primary_key.columns
        rows[column] = state.read_sync(
            lambda connection, one=column, of=key: [
                (row, unseal(connection, one, row, value))
                for row, value in connection.execute(select(of, one).where(one.is_not(None)))
            ]
        )
    with sqlite3.connect(state.engine.url.database or "") as source, sqlite3.connect(target) as copy:
        source.backup(copy)
        for column, found in rows.items():
            [key] = column.table.primary_key.columns
            for row, value in found:
                copy.execute(f"UPDATE {column.table.name} SET {column.name} = ? WHERE {key.name} = ?", (value, row))
        copy.execute("DELETE FROM state_seal")
    copy.close()


def test_two_processes_that_start_at_once_seal_under_one_key(state: State, clock: ManualClock, tmp_path: Path) -> None:
    put_everything(state, clock)
    for number in range(5):
        old = tmp_path / f"old{number}"
        old.mkdir()
        _plain(state, old / "state.sqlite", clock)
        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(lambda _, at=old: State.open("", at), range(2)))
        for one in both:
            everything_works(one, clock)
            one.close()


@pytest.mark.parametrize("missing", [True, False])
def test_a_start_says_that_the_key_file_is_missing_or_another(
    state: State, clock: ManualClock, tmp_path: Path, missing: bool
) -> None:
    put_everything(state, clock)
    key = tmp_path / "state.key"
    before = key.read_bytes()
    if missing:
        key.unlink()
    else:
        write_keys(key, [SealKey.new()])
    with pytest.raises(SetupError, match="is not there; bring it back" if missing else "under another key than"):
        State.open("", tmp_path)
    elsewhere = tmp_path / "elsewhere" / "k"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(before)
    opened = State.open("", tmp_path, str(elsewhere))
    everything_works(opened, clock)
    opened.close()


def test_a_damaged_key_file_is_told(tmp_path: Path) -> None:
    State.open("", tmp_path).close()
    key = tmp_path / "state.key"
    for damaged in ("", "x", key.read_text()[:-9] + "\n", key.read_text().replace(" ", "  ")):
        key.write_text(damaged)
        with pytest.raises(SetupError, match=r"damaged|another key|is not there"):
            State.open("", tmp_path)


def test_a_value_in_another_s_place_opens_nothing(state: State, clock: ManualClock) -> None:
    room = AccessRoom.of(state, clock)
    mine = asyncio.run(room.keys.create(AWS, "mine", Grant(Role.READ)))
    root = asyncio.run(room.keys.create(AWS, "root", Grant(Role.ADMIN)))
    secret, id_ = access_keys.c.secret, access_keys.c.id

    def move(value: str | None) -> None:
        def write(connection: Connection) -> None:
            found = value or connection.execute(select(secret).where(id_ == mine.id)).scalar_one()
            connection.execute(update(access_keys).where(id_ == root.id).values(secret=found))

        state.change_sync(write)
        room.keys.forget()

    for value in (None, mine.secret, "sealed:1:x:y"):
        move(value)
        assert room.keys.secret_of(root.id) is None
        assert room.keys.secret_of(mine.id) is not None


def test_rotating_leaves_the_old_key_nothing_to_open_while_others_work(
    state: State, clock: ManualClock, tmp_path: Path
) -> None:
    put_everything(state, clock)
    running = State.open("", tmp_path)
    everything_works(running, clock)
    old, before = read_keys(tmp_path / "state.key"), kept(state)
    assert state.rotate_seals() == sum(len([one for one in values if one]) for values in before.values())
    new = read_keys(tmp_path / "state.key")
    assert len(new) == 1
    assert new != old
    assert not {one for values in kept(state).values() for one in values if one} & {
        one for values in before.values() for one in values
    }
    everything_works(running, clock)
    made = asyncio.run(AccessRoom.of(running, clock).keys.create_token("later", Role.READ))
    later = State.open("", tmp_path)
    assert AccessRoom.of(later, clock).keys.principal_of_token(made.secret) is not None
    everything_works(later, clock)
    for one in (running, later):
        one.close()


def test_a_kill_in_the_middle_of_rotating_loses_nothing(state: State, clock: ManualClock, tmp_path: Path) -> None:
    put_everything(state, clock)

    def killed(connection: Connection) -> None:
        rotate(connection, state._seals)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        state.change_sync(killed)
    assert len(read_keys(tmp_path / "state.key")) == 2
    again = State.open("", tmp_path)
    everything_works(again, clock)
    assert again.rotate_seals() > 0
    assert len(read_keys(tmp_path / "state.key")) == 1
    everything_works(again, clock)
    again.close()


def test_a_restored_folder_opens_with_the_key_that_lies_in_it(state: State, clock: ManualClock, tmp_path: Path) -> None:
    put_everything(state, clock)
    state.close()
    copy = tmp_path / "restored"
    copy.mkdir()
    for file in tmp_path.glob("state.*"):
        shutil.copy2(file, copy)
    opened = State.open("", copy)
    everything_works(opened, clock)
    opened.close()
