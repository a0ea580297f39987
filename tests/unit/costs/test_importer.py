"""Imports replace whole months or nothing, whatever happens on the way, and say what they did."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.costs.bills import CUR2, FOCUS, one, sums, table
from tests.unit.costs.conftest import Room

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound, Unavailable
from trimtab.costs.files.folder import LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.imports.staging import Staging
from trimtab.costs.model import Dimension, ImportState, Metric
from trimtab.store.state.database import State

AUGUST, SEPTEMBER = (
    {"BillingPeriodStart": f"2026-{at:02d}-01", "BillingPeriodEnd": f"2026-{at + 1:02d}-01", "ChargePeriodStart": day}
    for at, day in ((8, "2026-08-02"), (9, "2026-09-02"))
)


def bill(*costs: str, **more: str) -> str:
    return table(FOCUS, *({"BilledCost": cost, **more} for cost in costs))


def lines(room: Room) -> int:
    return int(room.column("SELECT count() FROM cost_lines")[0])


def staging_tables(room: Room) -> list[str]:
    return room.column(r"SELECT name FROM system.tables WHERE name LIKE '%\_in\_%' AND database = currentDatabase()")


def test_the_receipt_says_what_was_taken(room: Room) -> None:
    receipt = room.bring("bill.csv", bill("1.5", "2", ChargeCategory="Usage"), source="azure")
    assert ("azure", "focus", 2, (202608,), 0) == (
        receipt.source,
        receipt.format,
        receipt.lines,
        receipt.months,
        receipt.replaced_lines,
    )
    (total,) = receipt.totals
    assert ("USD", "Usage", 2, Decimal("3.5")) == (total.currency, total.charge_category, total.lines, total.billed)
    (record,) = room.ledger.imports()
    assert (ImportState.DONE, receipt) == (record.state, record.receipt)


def test_a_corrected_month_replaces_the_old_one_and_leaves_the_others(room: Room) -> None:
    both = table(FOCUS, {"BilledCost": "1", **AUGUST}, {"BilledCost": "2", **SEPTEMBER})
    room.bring("a/bill.csv", both, source="s")
    receipt = room.bring("b/bill.csv", bill("1", "0.25", **AUGUST), source="s")
    assert ((202608,), 1) == (receipt.months, receipt.replaced_lines)
    assert (Decimal("3.25"),) == one(room, Metric.BILLED)
    held = {held.month: held.totals for held in room.ledger.held()}
    assert {202608: {"USD": Decimal("1.25")}, 202609: {"USD": Decimal(2)}} == held


def test_a_bill_twice_changes_nothing(room: Room) -> None:
    content = table(CUR2, {"line_item_unblended_cost": "1"}, {"line_item_unblended_cost": "1"})
    questions = [
        f"SELECT toString(cityHash64(*)) FROM {table_} ORDER BY 1"
        for table_ in ("cost_lines", "cost_daily", "cost_sets")
    ]
    room.bring("bill.csv", content)
    before = [room.column(sql) for sql in questions]
    receipt = room.bring("bill.csv", content)
    assert 2 == receipt.replaced_lines
    assert before == [room.column(sql) for sql in questions]
    assert (Decimal(2),) == one(room, Metric.BILLED)  # two equal lines are two lines


def test_the_sums_by_day_are_those_of_the_lines(room: Room) -> None:
    room.bring("bill.csv", table(FOCUS, {"BilledCost": "1", **AUGUST}, {"BilledCost": "2", **SEPTEMBER}))
    by_day = sums(room, Dimension.SERVICE)
    by_line = sums(room, Dimension.SERVICE, Dimension.RESOURCE_ID)
    assert sum(by_day.values()) == sum(by_line.values()) == 3


def test_the_same_bill_under_another_name_is_refused_unless_asked_for(room: Room) -> None:
    room.bring("a/bill.csv", bill("1", ProviderName="P"))
    with pytest.raises(Conflict, match=r"already holds 202608 of P/payer-1.*--source.*--add"):
        room.bring("b/bill.csv", bill("1", ProviderName="P"))
    assert 1 == lines(room)
    receipt = room.bring("b/bill.csv", bill("1", ProviderName="P"), add=True)
    assert receipt.overlaps
    assert 2 == lines(room)


def test_what_columns_a_file_lacks_and_what_is_new_is_reported(room: Room) -> None:
    fewer = {name: value for name, value in FOCUS.items() if name not in ("ServiceName", "EffectiveCost")}
    receipt = room.bring("bill.csv", table(fewer, {"BilledCost": "1", "x_New": "n"}))
    assert any("ServiceName" in note and "EffectiveCost" in note for note in receipt.notes if "lacks" in note)
    assert (Decimal(1),) == one(room, Metric.EFFECTIVE)  # billed, where nothing else is said


def test_files_of_one_bill_may_have_different_columns(room: Room) -> None:
    (room.folder / "a.csv").write_text(bill("1"))
    (room.folder / "b.csv").write_text(table(FOCUS, {"BilledCost": "2", "SkuId": "x"}))
    assert {"USD": Decimal(3)} == room.take(room.folder).billed()
    assert {"x": Decimal(2), "": Decimal(1)} == sums(room, Dimension.SKU)


def test_a_source_is_dropped_by_month_or_whole(room: Room) -> None:
    both = table(FOCUS, {"BilledCost": "1", **AUGUST}, {"BilledCost": "2", **SEPTEMBER})
    room.bring("bill.csv", both, source="s")
    assert 1 == room.importer.drop("s", (202608,))
    assert (Decimal(2),) == one(room, Metric.BILLED)
    assert 1 == room.importer.drop("s")
    assert 0 == lines(room)
    assert [] == room.ledger.held()
    with pytest.raises(NotFound, match="cannot find source 'other'"):
        room.importer.drop("other")


@pytest.fixture
def interrupted(room: Room, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Importer]:
    """An importer that "crashed" in a step of its second import: nothing after the step was done."""

    def crash(step: str) -> Importer:
        room.bring("a/bill.csv", bill("1"), source="s")
        (room.folder / "bill.csv").write_text(bill("4", "5"))

        class Crash(BaseException):
            """Passes every handler, as a crash does."""

        def stop(*_: object, **__: object) -> None:
            raise Crash

        with monkeypatch.context() as broken:
            broken.setattr(Staging, step, stop)
            broken.setattr(Staging, "drop", lambda _: None)
            broken.setattr(room.ledger, "fail", lambda *_: None)
            with pytest.raises(Crash):
                room.importer.run(ImportRequest(str(room.folder / "bill.csv"), source="s"))
        return room.importer

    return crash


def test_a_crash_while_reading_leaves_the_previous_state(room: Room, interrupted: Callable[[str], Importer]) -> None:
    importer = interrupted("sum_up")
    assert (Decimal(1),) == one(room, Metric.BILLED)
    assert staging_tables(room)
    assert 1 == importer.recover()
    assert (Decimal(1),) == one(room, Metric.BILLED)
    assert [] == staging_tables(room)
    newest = room.ledger.imports()[0]
    assert ImportState.FAILED == newest.state
    assert "interrupted" in newest.problem


def test_a_crash_in_the_swap_is_completed(room: Room, interrupted: Callable[[str], Importer]) -> None:
    importer = interrupted("swap")
    assert (Decimal(1),) == one(room, Metric.BILLED)
    assert 1 == importer.recover()
    assert (Decimal(9),) == one(room, Metric.BILLED)
    assert ImportState.DONE == room.ledger.imports()[0].state
    assert {"USD": Decimal(9)} == room.ledger.held()[0].totals
    assert [] == staging_tables(room)


def test_an_engine_that_is_away_in_the_swap_is_waited_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    swap, failures = Staging.swap, iter((True, False))

    def away(self: Staging, *months: object) -> None:
        if next(failures):
            raise Unavailable("cannot reach the engine")
        swap(self, *months)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(Staging, "swap", away)
    monkeypatch.setattr("trimtab.costs.imports.importer._PAUSES_S", (0.0,))
    room.bring("bill.csv", bill("1"))
    assert (Decimal(1),) == one(room, Metric.BILLED)
    assert ImportState.DONE == room.ledger.imports()[0].state


def test_an_import_that_ends_by_a_bug_is_over(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(_: Staging) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Staging, "sum_up", bug)
    with pytest.raises(ZeroDivisionError):
        room.bring("bill.csv", bill("1"))
    assert ImportState.FAILED == room.ledger.imports()[0].state
    assert [] == staging_tables(room)


def test_one_import_runs_at_a_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    (room.folder / "other.csv").write_text(bill("1"))
    met: list[str] = []
    sum_up = Staging.sum_up

    def second(staging: Staging) -> None:
        sum_up(staging)
        with pytest.raises(Conflict) as problem:
            room.importer.run(ImportRequest(str(room.folder / "other.csv")))
        met.append(str(problem.value))
        with pytest.raises(Conflict):
            room.importer.drop("any")
        progress = room.importer.progress(1)
        assert progress is not None
        assert (1, 1, "summing") == (progress.files, progress.rows, progress.phase)

    monkeypatch.setattr(Staging, "sum_up", second)
    room.bring("bill.csv", bill("1"))
    assert ["cannot import: another import is running; `trimtab costs imports` shows how far it is"] == met
    assert room.importer.progress(1) is None


def test_an_unknown_format_is_named(room: Room) -> None:
    with pytest.raises(InvalidInput, match="got format 'xlsx'; expected one of auto, cur2"):
        room.importer.run(ImportRequest(str(Path("/")), format="xlsx"))


def test_a_server_that_cannot_see_the_file_is_sent_its_rows(room: Room, state: State, tmp_path: Path) -> None:
    (room.folder / "bill.csv").write_text(bill("1.5", "2"))
    far = Importer(
        room.telemetry, ImportLedger(state, ManualClock()), tmp_path / "far" / "work",
        lambda location, _: LocalFolder(Path(location)), embedded=False,
    )  # fmt: skip
    assert ImportState.DONE == far.run(ImportRequest(str(room.folder / "bill.csv"))).state
    assert (Decimal("3.5"),) == one(room, Metric.BILLED)
