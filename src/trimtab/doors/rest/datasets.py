"""`/rest/v1/datasets`: specs of datasets, their rows, SQL over them, and who is in which team."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied
from trimtab.client import datasets_wire as wire
from trimtab.doors.rest.dataset_answers import (
    answer_on_wire,
    extract_on_wire,
    fields_on_wire,
    on_wire,
    query_of,
    sql_of,
    summary,
)
from trimtab.doors.rest.spec import Call, Operation
from trimtab.reports.datasets.language.vocabulary import FUNCTIONS
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.datasets.spec import yaml_of

PATH = "/rest/v1/datasets"
ABOUT = "/rest/v1/dataset-"
"""What is about all datasets stands beside them, so that a dataset may have any name."""
_TAG = "datasets"
_NAME: Mapping[str, str] = {"name": "The name or id of the dataset."}


def operations(room: DatasetRoom) -> list[Operation]:
    """The operations on datasets."""
    return [*_about(room), *_stored(room)]


def _about(room: DatasetRoom) -> list[Operation]:
    async def sources(_: Call[Struct, None]) -> wire.DatasetSources:
        return wire.DatasetSources(
            [
                wire.DatasetSource(one.name, one.title, one.grain, one.role.value, fields_on_wire(one.fields))
                for one in room.reader.sources.values()
            ]
        )

    async def functions(_: Call[Struct, None]) -> wire.DatasetFunctions:
        return wire.DatasetFunctions(
            [wire.DatasetFunction(name, one.usage, one.says, one.group) for name, one in FUNCTIONS.items()]
        )

    async def check(call: Call[Struct, wire.CheckDataset]) -> wire.CheckedDataset:
        found = room.check(call.body.spec)
        return wire.CheckedDataset(yaml_of(found.spec), fields_on_wire(found.fields), list(found.notes))

    async def ask(call: Call[Struct, wire.AskDataset]) -> wire.DatasetAnswer:
        checked, query = room.check(call.body.spec), query_of(call.body.query, room.clock)
        return answer_on_wire(await room.run(checked.spec, await room.teams.reader(call.principal), query))

    async def sql(call: Call[Struct, wire.SqlStatement]) -> wire.DatasetAnswer:
        return answer_on_wire(await room.sql(call.principal, sql_of(call.body, room.clock)))

    async def teams(_: Call[Struct, None]) -> wire.ReaderTeamList:
        found = await room.teams.listed()
        return wire.ReaderTeamList([wire.TeamsOfReader(reader, names) for reader, names in found.items()])

    async def put_teams(call: Call[Struct, wire.PutTeams]) -> wire.TeamsOfReader:
        if call.principal.scope.accounts is not None:
            raise AccessDenied("cannot put readers into teams: the key is bound to accounts; needs admin of everything")
        reader = call.path["reader"]
        return wire.TeamsOfReader(reader, await room.teams.put(reader, call.body.teams))

    read = Role.FINANCE
    return [
        Operation("GET", f"{ABOUT}sources", "list dataset sources", "What datasets are made of: fields with types.",
                  sources, wire.DatasetSources, role=read, tag=_TAG, bound=True),
        Operation("GET", f"{ABOUT}functions", "list dataset functions", "The functions of calculated fields.",
                  functions, wire.DatasetFunctions, role=read, tag=_TAG, bound=True),
        Operation("POST", f"{ABOUT}check", "check dataset", "What a spec comes to; errors name the place.", check,
                  wire.CheckedDataset, body=wire.CheckDataset, role=read, tag=_TAG, bound=True),
        Operation("POST", f"{ABOUT}query", "query spec", "Rows of a spec that is not stored.", ask, wire.DatasetAnswer,
                  body=wire.AskDataset, role=read, errors=(403, 504), tag=_TAG, bound=True),
        Operation("POST", f"{ABOUT}sql", "run dataset sql", "Rows of a SELECT over sources and datasets.", sql,
                  wire.DatasetAnswer, body=wire.SqlStatement, role=read, errors=(403, 404, 504), tag=_TAG, bound=True),
        Operation("GET", f"{ABOUT}teams", "list teams of readers", "Who is in which team.", teams,
                  wire.ReaderTeamList, role=Role.ADMIN, tag=_TAG),
        Operation("PUT", f"{ABOUT}teams/{{reader}}", "put reader into teams", "Say in which teams a reader is.",
                  put_teams, wire.TeamsOfReader, body=wire.PutTeams, role=Role.ADMIN,
                  path_parameters={"reader": "The name of a key, or of a person who signs in."}, tag=_TAG),
    ]  # fmt: skip


def _stored(room: DatasetRoom) -> list[Operation]:
    async def listed(call: Call[Struct, None]) -> wire.DatasetList:
        return wire.DatasetList([summary(one) for one in await room.store.listed(call.principal.scope)])

    async def one(call: Call[Struct, None]) -> wire.StoredDataset:
        stored, spec = await room.open(call.principal, call.path["name"])
        extract = await room.extracts.known(stored, spec, call.principal.scope)
        return on_wire(room, stored, spec, extract)

    async def put(call: Call[Struct, wire.PutDataset]) -> wire.StoredDataset:
        body = call.body
        stored, checked = await room.save(
            call.principal, call.path["name"], body.spec, was=body.version, shared=body.shared
        )
        return on_wire(room, stored, checked.spec, None)

    async def remove(call: Call[Struct, None]) -> wire.DatasetRemoved:
        return wire.DatasetRemoved((await room.delete(call.principal, call.path["name"])).id)

    async def rows(call: Call[Struct, wire.DatasetQuery]) -> wire.DatasetAnswer:
        query = query_of(call.body, room.clock)
        return answer_on_wire(await room.read(call.principal, call.path["name"], query))

    async def extract(call: Call[Struct, None]) -> wire.DatasetExtract:
        found = extract_on_wire(await room.refresh(call.principal, call.path["name"]))
        assert found is not None  # noqa: S101 - it was made
        return found

    read, write = Role.FINANCE, Role.WRITE
    own = f"{PATH}/{{name}}"
    return [
        Operation("GET", PATH, "list datasets", "Every dataset that the caller finds.", listed, wire.DatasetList,
                  role=read, tag=_TAG, bound=True),
        Operation("GET", own, "get dataset", "A dataset: spec, fields, extract.", one, wire.StoredDataset, role=read,
                  errors=(404,), path_parameters=_NAME, tag=_TAG, bound=True),
        Operation("PUT", own, "put dataset", "Make or replace a dataset.", put, wire.StoredDataset,
                  body=wire.PutDataset, role=write, errors=(409,), path_parameters=_NAME, tag=_TAG, bound=True),
        Operation("DELETE", own, "remove dataset", "Remove a dataset with its extracts.", remove, wire.DatasetRemoved,
                  role=write, errors=(404,), path_parameters=_NAME, tag=_TAG, bound=True),
        Operation("POST", f"{own}/rows", "read dataset", "Rows of a dataset as JSON.", rows, wire.DatasetAnswer,
                  body=wire.DatasetQuery, role=read, errors=(403, 404, 504), path_parameters=_NAME, tag=_TAG,
                  bound=True),
        Operation("POST", f"{own}/extract", "extract dataset", "Make the extract of what the caller may see now.",
                  extract, wire.DatasetExtract, role=write, errors=(403, 404, 504), path_parameters=_NAME, tag=_TAG),
    ]  # fmt: skip
