"""Log groups and streams in the state database: made, found, listed, deleted."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, case, delete, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, LimitExceeded, NotFound, TrimtabError
from trimtab.logs import documents
from trimtab.logs.model import Group, Stream
from trimtab.store.state.database import State
from trimtab.store.state.schema.inventory import tags
from trimtab.store.state.schema.log_filters import metric_filters
from trimtab.store.state.schema.log_forwarding import log_subscription_filters
from trimtab.store.state.schema.log_policies import log_group_policies
from trimtab.store.state.schema.logs import log_deletions, log_groups, log_streams

T = TypeVar("T")
MOST_TAGS = 50
"""Tags of a group, as AWS documents them."""
_OF_A_GROUP = (metric_filters, log_subscription_filters, log_group_policies)
_groups, _streams = log_groups.c, log_streams.c


class LogGroups:
    """Every log group with its streams."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._seen: dict[int, tuple[int, int, int]] = {}

    async def create(self, account: str, region: str, name: str, **members: Any) -> Group:
        """Make a group. Raises Conflict where there is one of that name."""
        return await self._state.change(
            partial(self._create, account=account, region=region, name=name, members=members)
        )

    async def get(self, account: str, region: str, name: str) -> Group:
        """A group by name. Raises NotFound."""
        return await self._state.read(partial(_group, account=account, region=region, name=name))

    async def ensure(self, account: str, region: str, group: str, streams: Sequence[str]) -> tuple[Group, list[Stream]]:
        """A group and its streams, made where they are missing: for doors whose senders make none."""
        made = partial(self._ensure, account=account, region=region, name=group, streams=streams)
        there = await self._state.read(partial(_all_there, account=account, region=region, name=group, streams=streams))
        return await self._state.change(made) if there is None else there

    async def listed(
        self,
        account: str,
        region: str,
        *,
        prefix: str = "",
        part: str = "",
        contains: str = "",
        after: str = "",
        limit: int = 50,
    ) -> list[Group]:
        """Groups by name, those after `after`; `part` is of the name as it is written, `contains` in any case."""
        wanted = select(log_groups).where(_groups.account == account, _groups.region == region, _groups.name > after)
        if prefix:
            wanted = wanted.where(func.substr(_groups.name, 1, len(prefix)) == prefix)  # LIKE has no cases in SQLite
        if part:
            wanted = wanted.where(func.replace(_groups.name, part, "") != _groups.name)
        if contains:
            wanted = wanted.where(_groups.name.icontains(contains, autoescape=True))
        return await self._state.read(
            lambda connection: [
                _read_group(row) for row in connection.execute(wanted.order_by(_groups.name).limit(limit)).mappings()
            ]
        )

    async def everywhere(self, limit: int) -> list[Group]:
        """Groups of all accounts and regions, by name."""
        wanted = select(log_groups).order_by(_groups.name, _groups.id).limit(limit)
        return await self._state.read(
            lambda connection: [_read_group(row) for row in connection.execute(wanted).mappings()]
        )

    async def change(self, account: str, region: str, name: str, values: Mapping[str, Any]) -> None:
        """Set columns of a group: retention_days, kms_key, deletion_protected. Raises NotFound."""
        where = (_groups.account == account, _groups.region == region, _groups.name == name)

        def write(connection: Connection) -> None:
            _group(connection, account, region, name)
            connection.execute(update(log_groups).where(*where).values(**values))

        await self._state.change(write)

    async def delete(self, account: str, region: str, name: str) -> None:
        """Delete a group with its streams, filters and tags; its events go in the background. Raises NotFound."""

        def write(connection: Connection) -> None:
            group = _group(connection, account, region, name)
            connection.execute(delete(log_streams).where(_streams.group == group.id))
            for table in _OF_A_GROUP:
                connection.execute(delete(table).where(table.c.group == group.id))
            documents.of_group(connection, group.id)
            connection.execute(delete(log_groups).where(_groups.id == group.id))
            connection.execute(delete(tags).where(tags.c.arn == group.arn))
            self._gone(connection, group.id, 0)

        await self._state.change(write)

    async def create_stream(self, group: Group, name: str) -> Stream:
        """Make a stream. Raises Conflict where there is one of that name."""

        def write(connection: Connection) -> Stream:
            if _stream(connection, group.id, name) is not None:
                raise Conflict("The specified log stream already exists")
            return self._add_stream(connection, group.id, name)

        return await self._state.change(write)

    async def stream(self, group: Group, name: str) -> Stream:
        """A stream by name. Raises NotFound."""
        return _need_stream(await self._state.read(lambda connection: _stream(connection, group.id, name)))

    async def target(self, account: str, region: str, group: str, stream: str) -> tuple[Group, Stream]:
        """A group and one of its streams, by name, in one look. Raises NotFound."""

        def read(connection: Connection) -> tuple[Group, Stream]:
            found = _group(connection, account, region, group)
            return found, _need_stream(_stream(connection, found.id, stream))

        return await self._state.read(read)

    async def streams(
        self,
        group: Group,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 50,
        by_last: bool = False,
        descending: bool = False,
    ) -> list[Stream]:
        """Streams by name, those after `after`; or `by_last` event, where `after` is a place in that order."""
        await self.flush()
        wanted = select(log_streams).where(_streams.group == group.id)
        if prefix:
            wanted = wanted.where(func.substr(_streams.name, 1, len(prefix)) == prefix)
        if by_last:
            order = _streams.last_ms.desc().nulls_last() if descending else _streams.last_ms.asc().nulls_first()
            wanted = wanted.order_by(order, _streams.name).offset(int(after or 0))
        else:
            if after:
                wanted = wanted.where(_streams.name < after if descending else _streams.name > after)
            wanted = wanted.order_by(_streams.name.desc() if descending else _streams.name)
        return await self._state.read(
            lambda connection: [_read_stream(row) for row in connection.execute(wanted.limit(limit)).mappings()]
        )

    async def delete_stream(self, group: Group, name: str) -> None:
        """Delete a stream; its events go in the background. Raises NotFound."""

        def write(connection: Connection) -> None:
            found = _need_stream(_stream(connection, group.id, name))
            connection.execute(delete(log_streams).where(_streams.id == found.id))
            self._gone(connection, group.id, found.id)

        await self._state.change(write)

    async def deleted_streams(self, groups: Sequence[int]) -> list[int]:
        """Ids of streams of these groups that were deleted and whose events the engine may still have."""
        gone = log_deletions.c
        wanted = select(gone.stream).where(gone.group.in_(groups), gone.stream != 0)
        return await self._state.read(lambda connection: list(connection.execute(wanted).scalars()))

    async def tags_of(self, arns: Sequence[str]) -> dict[str, dict[str, str]]:
        """The tags of groups, by ARN; those without any are absent."""
        found: dict[str, dict[str, str]] = {}
        wanted = select(tags).where(tags.c.arn.in_(arns)).order_by(tags.c.key)
        for row in await self._state.read(lambda connection: connection.execute(wanted).all()):
            found.setdefault(row.arn, {})[row.key] = row.value
        return found

    async def change_tags(self, group: Group, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Add or replace tags of a group, and remove others. Raises LimitExceeded for more than MOST_TAGS."""
        gone = [*put, *remove]

        def write(connection: Connection) -> None:
            connection.execute(delete(tags).where(tags.c.arn == group.arn, tags.c.key.in_(gone)))
            kept = connection.execute(select(tags.c.key).where(tags.c.arn == group.arn)).scalars().all()
            if len(kept) + len(put) > MOST_TAGS:
                raise LimitExceeded(f"cannot tag {group.name}: got {len(kept) + len(put)} tags; expected {MOST_TAGS}")
            if put:
                rows = [{"arn": group.arn, "key": key, "value": value} for key, value in put.items()]
                connection.execute(insert(tags), rows)

        await self._state.change(write)

    def saw(self, stream: Stream, first_ms: int, last_ms: int) -> None:
        """Note that events of a range came into a stream; written by the next `flush`."""
        known = self._seen.get(stream.id, (first_ms, last_ms, 0))
        self._seen[stream.id] = (min(first_ms, known[0]), max(last_ms, known[1]), self._clock.now_ms())

    async def flush(self) -> None:
        """Write what was noted of streams, in one transaction. What cannot be written now is tried again."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            await self._state.change(partial(_note, seen=seen))
        except TrimtabError:
            for id_, (first, last, at) in seen.items():
                known = self._seen.get(id_, (first, last, at))
                self._seen[id_] = (min(first, known[0]), max(last, known[1]), max(at, known[2]))
            raise

    def _create(
        self, connection: Connection, account: str, region: str, name: str, members: Mapping[str, Any]
    ) -> Group:
        there = select(_groups.id).where(_groups.account == account, _groups.region == region, _groups.name == name)
        if connection.execute(there).first() is not None:
            raise Conflict("The specified log group already exists")
        values = {
            "account": account, "region": region, "name": name, "created_ms": self._clock.now_ms(),
            "class": "STANDARD", "kms_key": "", "deletion_protected": 0, **members,
        }  # fmt: skip
        connection.execute(insert(log_groups).values(**values))
        return _group(connection, account, region, name)

    def _ensure(
        self, connection: Connection, account: str, region: str, name: str, streams: Sequence[str]
    ) -> tuple[Group, list[Stream]]:
        try:
            group = _group(connection, account, region, name)
        except NotFound:
            group = self._create(connection, account, region, name, {})
        found = [_stream(connection, group.id, one) or self._add_stream(connection, group.id, one) for one in streams]
        return group, found

    def _add_stream(self, connection: Connection, group: int, name: str) -> Stream:
        values = {"group": group, "name": name, "created_ms": self._clock.now_ms()}
        connection.execute(insert(log_streams).values(values))
        added = _stream(connection, group, name)
        if added is None:
            raise AssertionError(f"bug: stream {name} is not there after it was made")
        return added

    def _gone(self, connection: Connection, group: int, stream: int) -> None:
        connection.execute(
            insert(log_deletions).values({"group": group, "stream": stream, "at_ms": self._clock.now_ms()})
        )


def _group(connection: Connection, account: str, region: str, name: str) -> Group:
    where = (_groups.account == account, _groups.region == region, _groups.name == name)
    row = connection.execute(select(log_groups).where(*where)).mappings().first()
    if row is None:
        raise NotFound("The specified log group does not exist.")
    return _read_group(row)


def _all_there(
    connection: Connection, account: str, region: str, name: str, streams: Sequence[str]
) -> tuple[Group, list[Stream]] | None:
    try:
        group = _group(connection, account, region, name)
        return group, [_need_stream(_stream(connection, group.id, stream)) for stream in streams]
    except NotFound:
        return None


def _stream(connection: Connection, group: int, name: str) -> Stream | None:
    where = (_streams.group == group, _streams.name == name)
    row = connection.execute(select(log_streams).where(*where)).mappings().first()
    return None if row is None else _read_stream(row)


def _need_stream(found: Stream | None) -> Stream:
    if found is None:
        raise NotFound("The specified log stream does not exist.")
    return found


def _note(connection: Connection, seen: Mapping[int, tuple[int, int, int]]) -> None:
    for id_, (first, last, at) in seen.items():
        values = {
            "first_ms": case((_streams.first_ms < first, _streams.first_ms), else_=first),
            "last_ms": case((_streams.last_ms > last, _streams.last_ms), else_=last),
            "ingested_ms": at,
        }
        connection.execute(update(log_streams).where(_streams.id == id_).values(**values))


def _read_group(row: RowMapping) -> Group:
    return Group(
        row["id"],
        row["account"],
        row["region"],
        row["name"],
        row["created_ms"],
        row["retention_days"],
        row["class"],
        row["kms_key"],
        bool(row["deletion_protected"]),
    )


def _read_stream(row: RowMapping) -> Stream:
    names = ("id", "group", "name", "created_ms", "first_ms", "last_ms", "ingested_ms")
    return Stream(*(row[name] for name in names))
