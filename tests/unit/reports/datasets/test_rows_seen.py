"""Attempts to see rows of others: through joins, calculated fields, parameters, caches, extracts, exports."""

import asyncio
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from made_datasets import NOW, SOURCES, A, B, reader
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound
from trimtab.doors.rest.dataset_files import arrow_stream, csv_lines
from trimtab.reports.datasets.extract_store import key_of
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reading import Answer, DatasetReader
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.spec import read_spec
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

Run = Callable[..., Answer]
BOTH = {"sources": [{"use": "bill"}, {"use": "errors", "join": "full", "on": ["day"]}]}
HOME = "000000000000"


@pytest.fixture
def run(engine: Telemetry) -> Run:
    datasets = DatasetReader(engine, SOURCES, ManualClock(NOW))
    return lambda spec, who, **query: asyncio.run(datasets.run(read_spec(spec), who, Query(**query)))


@pytest.fixture
def room(engine: Telemetry, state: State) -> DatasetRoom:
    clock = ManualClock(NOW)
    return DatasetRoom.of(state, DatasetReader(engine, SOURCES, clock), clock, HOME)


def accounts(answer: Answer) -> set[Any]:
    names = [name for name in answer.table.column_names if "account" in name]
    return {one for name in names for one in answer.table[name].to_pylist()} - {None}


def principal(account: str | None, name: str = "ann", role: Role = Role.READ) -> Principal:
    return Principal(name, account, role, EVERYTHING if account is None else Scope(frozenset((account,))))


@pytest.mark.parametrize("join", ["left", "inner", "full"])
def test_no_join_brings_rows_of_another_account(run: Run, join: str) -> None:
    spec = {"sources": [{"use": "errors"}, {"use": "bill", "join": join, "on": ["account"]}]}
    assert {A, B} == accounts(run(spec, reader()))
    assert {A} == accounts(run(spec, reader(A)))
    spec = {"sources": [{"use": "bill"}, {"use": "errors", "join": join, "on": ["day"]}]}
    assert {A} == accounts(run(spec, reader(A)))
    assert set() == accounts(run(spec, reader("333333333333")))


@pytest.mark.parametrize(
    "expression",
    [
        "sumOver(1, [])",
        "countOver(account, [])",
        "maxOver(account, [])",
        "firstValue(account, [day ASC])",
    ],
)
def test_functions_over_rows_count_only_what_is_seen(run: Run, expression: str) -> None:
    spec = {"sources": [{"use": "errors"}], "fields": {"x": expression}}
    if "firstValue" in expression:
        with pytest.raises(InvalidInput, match="there is no function"):
            run(spec, reader(A))
        return
    assert {"2", A} >= {str(one) for one in run(spec, reader(A)).table["x"].to_pylist()}


@pytest.mark.parametrize(
    "expression",
    [
        "(select count() from cost_lines)",
        "select",
        "system.tables",
        "url('http://127.0.0.1')",
        "file('/etc/passwd')",
        "dictGet('d', 'a', 1)",
        "joinGet('t', 'a', 1)",
        "getSetting('max_threads')",
        "r0",
        "s0_rows",
        "{s0_rows:String}",
        "{e0:String}",
        "f0",
        "x0",
        "`account`",
        "account) FROM system.one --",
        "account; DROP TABLE cost_lines",
        "account\\",
        "'unended",
        "/* unended",
        "label(tags, account)",
        "formatDate(day, account)",
        "like(account",
        "in(account, 'a')",
        "${teams}",
        "${reader}",
    ],
)
def test_what_an_expression_cannot_say_never_reaches_the_engine(run: Run, expression: str) -> None:
    for spec in (
        {"sources": [{"use": "bill"}], "fields": {"x": expression}},
        {"sources": [{"use": "bill", "take": {"x": expression}}]},
        {"sources": [{"use": "bill", "where": [expression]}]},
        {"sources": [{"use": "bill"}], "filters": [expression]},
        {"sources": [{"use": "bill"}], "rows": [{"where": expression}]},
    ):
        if "rows" in spec and expression == "${reader}":
            continue  # a text there, so no condition: see below
        with pytest.raises(InvalidInput) as told:
            run(spec, reader(A))
        assert "DB::Exception" not in str(told.value)
    with pytest.raises(InvalidInput):
        run({"sources": [{"use": "bill"}]}, reader(A), columns=(("x", expression),))


def test_names_of_fields_and_values_of_parameters_are_never_sql(run: Run) -> None:
    evil = "x' OR 1=1; DROP TABLE cost_lines -- `"
    spec = {
        "sources": [{"use": "bill", "take": {evil: "account", "n": "1"}}],
        "fields": {"y": "{" + evil + "}"},
        "parameters": {"who": {"type": "text", "default": evil}},
        "filters": ["y != ${who}"],
    }
    found = run(spec, reader(A), parameters={"who": "') UNION ALL SELECT * FROM system.one --"})
    assert {A} == set(found.table[evil].to_pylist())


def test_rules_show_each_reader_the_own_rows_before_anything_else_looks(run: Run) -> None:
    spec = {
        "sources": [{"use": "bill"}],
        "fields": {"all": "sumOver(1, [])"},
        "rows": [
            {"roles": ["admin"], "where": "true"},
            {"readers": ["fin-*"], "where": "service = 'S3'"},
            {"teams": ["*"], "where": "team in ${teams}"},
        ],
    }

    def teams(who: Any) -> list[tuple[Any, Any]]:
        found = run(spec, who).table
        return sorted(zip(found["team"].to_pylist(), found["all"].to_pylist(), strict=True), key=str)

    assert 5 == len(teams(reader(role=Role.ADMIN)))
    assert [] == teams(reader())
    assert [("vision", 2), ("vision", 2)] == teams(reader(teams=("vision",)))
    assert [("speech", 1)] == teams(reader(B, teams=("speech",)))
    assert [("vision", 2), (None, 2)] == teams(reader(name="fin-eva"))
    assert [] == teams(reader(name="not-fin-eva"))
    assert [] == teams(reader(teams=("' OR 1=1 --",)))


def test_a_rule_may_speak_of_the_readers_accounts_and_name(run: Run) -> None:
    spec = {"sources": [{"use": "bill"}], "rows": [{"where": "account in ${accounts} and ${reader} = 'ann'"}]}
    assert {A} == accounts(run(spec, reader(A)))
    assert set() == accounts(run(spec, reader()))  # bound to none: a rule that needs accounts shows nothing
    assert set() == accounts(run(spec, reader(A, name="bob")))


def test_what_one_reader_was_answered_is_not_answered_to_another(engine: Telemetry) -> None:
    reads = []

    async def read(window: Window) -> Rows:
        reads.append(window.scope)
        return Rows([("secret of all",)] if window.scope.accounts is None else [("own",)])

    sources = {"notes": Source("notes", "Notes", "a note", (SOURCES["bill"].fields[1],), read)}
    datasets = DatasetReader(engine, sources, ManualClock(NOW))
    spec = read_spec({"sources": [{"use": "notes"}]})

    async def both() -> list[Any]:
        found = [await datasets.run(spec, who, Query()) for who in (reader(), reader(), reader(A), reader(B))]
        return [one.table["account"].to_pylist()[0] for one in found]

    assert ["secret of all", "secret of all", "own", "own"] == asyncio.run(both())
    assert 3 == len(reads)


def test_an_extract_made_by_an_admin_shows_nobody_else_its_rows(room: DatasetRoom) -> None:
    spec = {**BOTH, "extract": {"schedule": "rate(1 hour)"}}
    admin, ann = principal(None, "root", Role.ADMIN), principal(A)

    async def story() -> None:
        await room.save(admin, "all", spec, shared=True)
        made = await room.refresh(admin, "all")
        whole = await room.read(admin, "all", Query())
        assert whole.extracted_ms == NOW
        assert made.rows == whole.table.num_rows
        assert {A, B} == accounts(whole)
        first = await room.read(ann, "all", Query())
        assert first.extracted_ms is None
        assert {A} == accounts(first)
        assert await room.extracts.turn() == 1
        second = await room.read(ann, "all", Query())
        assert second.extracted_ms is not None
        assert {A} == accounts(second)
        assert sorted(map(str, first.table.to_pylist())) == sorted(map(str, second.table.to_pylist()))

    asyncio.run(story())


def test_rules_hold_on_extracts_and_a_changed_spec_is_not_read_from_the_old_one(room: DatasetRoom) -> None:
    spec: dict[str, Any] = {
        "sources": [{"use": "bill"}],
        "extract": {"schedule": "rate(1 day)"},
        "rows": [{"where": "team in ${teams}"}],
    }
    admin, ann = principal(None, "root", Role.ADMIN), principal(None)

    async def story() -> None:
        await room.teams.put("ann", ["vision"])
        await room.save(admin, "mine", spec)
        await room.refresh(admin, "mine")
        seen = await room.read(ann, "mine", Query())
        assert seen.extracted_ms == NOW
        assert {"vision"} == set(seen.table["team"].to_pylist())
        assert 0 == (await room.read(admin, "mine", Query())).table.num_rows
        await room.save(admin, "mine", {**spec, "sources": [{"use": "bill", "where": ["service = 'S3'"]}]})
        again = await room.read(ann, "mine", Query())
        assert again.extracted_ms is None
        assert {"S3"} == set(again.table["service"].to_pylist())

    asyncio.run(story())


def test_finance_reads_money_and_no_telemetry_not_even_from_an_extract(engine: Telemetry, state: State) -> None:
    bill = Source("bill", "Bill", "a line", SOURCES["bill"].fields, SOURCES["bill"].read, Role.FINANCE)
    clock = ManualClock(NOW)
    room = DatasetRoom.of(state, DatasetReader(engine, {**SOURCES, "bill": bill}, clock), clock, HOME)
    admin, eva = principal(None, "root", Role.ADMIN), principal(None, "eva", Role.FINANCE)

    async def story() -> None:
        await room.save(admin, "money", {"sources": [{"use": "bill"}]})
        await room.save(admin, "both", {**BOTH, "extract": {"schedule": "rate(1 hour)"}})
        await room.refresh(admin, "both")
        assert 5 == (await room.read(eva, "money", Query())).table.num_rows
        with pytest.raises(AccessDenied, match="cannot read errors"):
            await room.read(eva, "both", Query())
        with pytest.raises(AccessDenied, match="cannot read errors"):
            await room.read(eva, "both", Query(columns=(("cost", "sum(cost)"),)))

    asyncio.run(story())


def test_a_dataset_of_another_account_is_not_there_unless_it_is_shared(room: DatasetRoom) -> None:
    async def story() -> None:
        await room.save(principal(B, "bob", Role.WRITE), "plan", {"sources": [{"use": "bill"}]})
        with pytest.raises(NotFound):
            await room.open(principal(A), "plan")
        with pytest.raises(NotFound):
            await room.delete(principal(A, role=Role.WRITE), "plan")
        stored, _ = await room.save(
            principal(B, "bob", Role.WRITE), "plan", {"sources": [{"use": "bill"}]}, shared=True
        )
        assert stored.id == (await room.open(principal(A), "plan"))[0].id
        assert {A} == accounts(await room.read(principal(A), "plan", Query()))

    asyncio.run(story())


def test_exports_hold_what_the_reader_sees(run: Run) -> None:
    answer = run(BOTH, reader(A))
    csv = b"".join(csv_lines(answer)).decode()
    assert A in csv
    assert B not in csv
    assert "secret of B" not in csv
    with pa.ipc.open_stream(b"".join(arrow_stream(answer))) as stream:
        table = stream.read_all()
    assert answer.table.to_pylist() == table.to_pylist()


def test_scopes_with_rules_of_their_own_have_extracts_of_their_own() -> None:
    scopes = [
        EVERYTHING,
        Scope(frozenset()),
        Scope(frozenset((A,))),
        Scope(frozenset((A, B))),
        Scope(frozenset((A,)), frozenset(("eu-west-1",))),
        Scope(frozenset((A,)), None, (RowRule("team", frozenset(("vision",))),)),
        Scope(frozenset((A,)), None, (RowRule("team", frozenset(("vision", "speech"))),)),
    ]
    assert len(scopes) == len({key_of(one) for one in scopes})
    assert key_of(Scope(frozenset((A, B)))) == key_of(Scope(frozenset((B, A))))
