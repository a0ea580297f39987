"""What a report says of a made-up week, and when its schedule lets it be written."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock, to_ms
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound, Unavailable
from trimtab.base.records import replace
from trimtab.figures.register import BY_NAME
from trimtab.fleet.phases.phase import Phase
from trimtab.inventory.runs.model import RunKey, RunState
from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.model import GroupKpis, Kpi
from trimtab.reports.written.catalogue import TEMPLATES, ask_of, last, template_of
from trimtab.reports.written.claims import Claim, Part, head
from trimtab.reports.written.document import Document, Said, Section
from trimtab.reports.written.files import file_of
from trimtab.reports.written.html import as_fragment
from trimtab.reports.written.model import Scheduled, Status, reach_of
from trimtab.reports.written.parts.phases import phases_part
from trimtab.reports.written.parts.runs import runs_part
from trimtab.reports.written.parts.services import services_part
from trimtab.reports.written.store import ReportStore, pack, unpack
from trimtab.reports.written.table import as_csv
from trimtab.reports.written.template import document_of
from trimtab.reports.written.wording import span
from trimtab.reports.written.writing import ReportWriter
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox
from unit.reports.written.pretended import DAY_MS, MONDAY_MS, NOW_MS, PretendedFacts

REPORT = Scheduled(
    "", "123456789012", "fleet", "weekly-fleet", "", "cron(0 7 ? * MON *)", "UTC", ["lead@example.com"], (), "reports",
    ["html", "pdf", "csv"], None, 0, "somebody", None,
)  # fmt: skip


def written(name: str, owner: str = "") -> Document:
    template, facts = template_of(name), PretendedFacts(ManualClock(NOW_MS))
    return asyncio.run(document_of(template, facts, ask_of(template, EVERYTHING, NOW_MS, owner=owner)))


def test_periods_are_whole_weeks_and_months() -> None:
    assert last("week", NOW_MS) == (MONDAY_MS - 7 * DAY_MS, MONDAY_MS)
    assert last("week", MONDAY_MS - 1) == (MONDAY_MS - 14 * DAY_MS, MONDAY_MS - 7 * DAY_MS)
    october = to_ms(datetime(2026, 10, 1, tzinfo=UTC)), to_ms(datetime(2026, 11, 1, tzinfo=UTC))
    assert last("month", NOW_MS) == october


def test_the_head_takes_one_sentence_of_each_section_first() -> None:
    def part(name: str, *weights: float) -> Part:
        return Part(Section(name), [Claim(Said(f"{name}{weight}"), weight) for weight in weights])

    found = head([part("a", 9, 8, 7), part("b", 5), part("c", 1)])
    assert [one.text for one in found] == ["a9", "b5", "c1"]
    assert [one.text for one in head([part("a", 1, 3), part("b")])] == ["a3", "a1"]


def test_the_head_says_of_one_thing_once() -> None:
    idle = Part(Section("What to do"), [Claim(Said("a run holds idle GPUs"), 9)])
    runs = Part(Section("Runs"), [Claim(Said("a run: 8 GPUs have done nothing"), 8, "a run"), Claim(Said("b"), 1, "b")])
    assert [one.text for one in head([idle, runs])] == ["a run holds idle GPUs", "b", "a run: 8 GPUs have done nothing"]


def test_the_fleet_review_begins_with_what_weighs_most_and_adds_up() -> None:
    report = written("weekly-fleet")
    texts = [one.text for one in report.facts]
    assert any(
        "1,000 h of GPUs existed; 850 h (85 %) were held, 340 h (34 %) active and 660 h idle" in one for one in texts
    )
    assert any(
        "340.20 USD was spent (net amortised)" in one and "rose by 190.10 USD (+126.6 %)" in one for one in texts
    )
    assert any("The alarm loud fired 12 times" in one for one in texts)
    everything = [one.text for section in report.sections for one in section.said]
    assert any(
        "vision held the most GPUs that did nothing: 500 h of the 700 h that it held were inactive." in one
        for one in everything
    )
    hours = next(one for section in report.sections for one in section.tables if one.title.startswith("GPU-hours, "))
    assert hours.title.endswith(span(report.start_ms, report.end_ms))
    assert (
        "Team", "Existing", "Down", "Held", "Active", "Held and inactive", "Free", "Of unknown holding", "Idle",
    ) == hours.heads  # fmt: skip
    assert [row[1:] for row in hours.rows][-1] == ("1,000 h", "0 h", "850 h", "340 h", "510 h", "150 h", "0 h", "660 h")
    table = next(
        one for section in report.sections for one in section.tables if one.title == "By owner, net amortised, USD"
    )
    assert [row[2] for row in table.rows] == ["300.15 USD", "40.05 USD", "340.20 USD"]
    assert table.rows[1][0] == "(nobody)"


def test_a_team_sees_its_own_hours_only() -> None:
    report = written("monthly-team", "search")
    gpus = next(one for one in report.sections if one.title == "GPUs")
    assert gpus.said[0].text.startswith("200 h of GPUs existed")
    assert [row[0] for row in gpus.tables[0].rows] == ["search"]


def test_tables_name_figures_as_the_register_does_with_their_basis_and_range() -> None:
    ask = ask_of(template_of("weekly-fleet"), EVERYTHING, NOW_MS)
    one = SimpleNamespace(
        key=RunKey("1", "atlas", "7"), name="sft", team="vision", state=RunState.COMPLETED, is_training=False
    )
    cost = SimpleNamespace(amounts={"USD": Decimal(3)})
    run = SimpleNamespace(run=one, gpu_hours=8.0, active_share=0.5, cost=cost, largest_loss=None)
    served = GroupKpis("chat", tuple(Kpi(id_, 1.0) for id_ in FORMULAS))
    [runs] = runs_part(ask, [run]).section.tables  # type: ignore[list-item]  # as far as it is asked
    [endpoints] = services_part(ask, SimpleNamespace(groups=[served])).section.tables  # type: ignore[arg-type]  # so too
    days = span(ask.start_ms, ask.end_ms)
    assert (f"Dearest runs, net amortised, {days}", f"Endpoints, {days}") == (runs.title, endpoints.title)
    assert ("GPU-hours held", "Active", "Cost of runs") == runs.heads[3:]
    assert runs_part(ask, [run], training=True).section.tables == ()  # type: ignore[list-item]  # a service's pod
    one.is_training = True
    [training] = runs_part(ask, [run], training=True).section.tables  # type: ignore[list-item]  # so too
    assert (training.title, training.heads[5]) == (f"Dearest training {runs.title[8:]}", "Cost of training runs")
    named = ("Requests", "Latency p50", "Latency p95", "First token p95", "Success", "Error budget left")
    assert named == endpoints.heads[1:]
    assert {*runs.heads[3:], *named} <= set(BY_NAME)


def did(job: str, training: bool = True, **hours: float) -> SimpleNamespace:
    """A run whose GPU-hours cost 2 USD each, by phase."""
    phases = tuple(
        SimpleNamespace(phase=Phase[name], gpu_hours=value, amounts={"USD": Decimal(2) * Decimal(value)})
        for name, value in hours.items()
    )
    key = SimpleNamespace(run=SimpleNamespace(key=RunKey("1", "atlas", job), is_training=training))
    return SimpleNamespace(run=key.run, gpu_hours=sum(hours.values()), phases=phases)


def test_lost_time_is_told_by_its_cause_with_what_it_cost_and_all_phases_add_up() -> None:
    ask = ask_of(template_of("weekly-fleet"), EVERYTHING, NOW_MS)
    runs = [did("7", PRODUCTIVE=80.0, HUNG=16.0, CHECKPOINTING=4.0), did("8", PRODUCTIVE=99.5, STARVED=0.5)]
    part = phases_part(ask, runs)  # type: ignore[arg-type]  # as far as it is asked
    (said,) = part.section.said  # half an hour of 200 is not worth a sentence, a checkpoint is work's own cost
    assert "16 h of GPUs (8.0 %) of 1 run were hung, 32.00 USD." == said.text
    assert [32.0] == [one.weight for one in part.claims]
    (table,) = part.section.tables
    assert [
        ("productive", "180 h", "90 %", "359.00 USD"), ("checkpointing", "4.0 h", "2.0 %", "8.00 USD"),
        ("starved of input", "0.5 h", "0.2 %", "1.00 USD"), ("hung", "16 h", "8.0 %", "32.00 USD"),
    ] == table.rows  # fmt: skip
    assert {"GPU-hours by phase", "Cost by phase"} <= {*table.heads} & set(BY_NAME)


def test_without_lost_time_the_productive_share_is_said_and_without_signals_that_nothing_tells() -> None:
    ask = ask_of(template_of("weekly-fleet"), EVERYTHING, NOW_MS)
    (well,) = phases_part(ask, [did("7", PRODUCTIVE=50.0)]).section.said  # type: ignore[list-item]  # so too
    assert "Of 50 h of GPUs 100 % were productive." == well.text
    (nothing,) = phases_part(ask, []).section.said
    assert "Nothing tells what the GPUs of runs did." == nothing.text


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_every_template_makes_every_file(name: str) -> None:
    report = written(name, "vision")
    assert unpack(pack(report)).title == report.title
    page, paper, table = (file_of(report, one, "https://t.example").content for one in ("html", "pdf", "csv"))
    assert b"<script" not in page
    assert b'href="https://t.example/' in page
    assert paper.startswith(b"%PDF")
    assert file_of(report, "pdf", "https://t.example").content == paper
    assert table.decode().splitlines()[0].startswith("report,about,start,end,section")
    assert "known until" in as_fragment(report)


def test_the_page_for_who_has_one_minute_is_one_page_whatever_it_says() -> None:
    report = written("executive")
    much = [replace(one, said=[*one.said] * 4, bars=[*one.bars] * 2) for one in report.sections]
    assert b"/Count 1 " in file_of(replace(report, sections=much), "pdf", "https://t.example").content


def test_what_a_tag_says_is_no_markup_and_no_formula() -> None:
    report = replace(written("executive"), about="<script>x</script>", facts=[Said("=cmd|'x'!A1 <b>", "/x?a=1&b=2")])
    report = replace(report, sections=[Section("Cost", report.facts)])
    assert "<script>" not in file_of(report, "html").content.decode()
    assert "&lt;b&gt;" in as_fragment(report)
    assert ",\"'=cmd" in as_csv(report) or ",'=cmd" in as_csv(report)
    assert file_of(report, "pdf").content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"template": "poem"}, "expected one of weekly-fleet"),
        ({"template": "monthly-team"}, "expected the owner"),
        ({"expression": "every monday"}, "cannot read the schedule"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"emails": ["nobody"]}, "expected 1 to 50 addresses"),
        ({"topics": ["slack"]}, "expected the ARN"),
        ({"formats": ["docx"]}, "expected some of html"),
        ({"folder": "../etc"}, "cannot write to"),
        ({"emails": [], "folder": ""}, "for nobody"),
        ({"name": ""}, "expected a letter or digit"),
    ],
)
def test_what_cannot_be_written_or_sent_is_refused(state: State, change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        asyncio.run(ReportStore(state, ManualClock(NOW_MS)).put(replace(REPORT, **change)))


class Writing:
    """A writer over pretended facts."""

    def __init__(self, state: State, folder: Path, at_ms: int) -> None:
        self.clock = ManualClock(at_ms)
        self.facts = PretendedFacts(self.clock)
        self.state, self.store = state, ReportStore(state, self.clock)
        asyncio.run(self.store.put(REPORT))
        self.writer = ReportWriter(state, self.store, self.facts, self._mail, folder, self.clock, "https://t.example")

    async def _mail(self, account: str, address: str) -> str:
        return f"arn:trimtab:channel/{account}/{address}"

    def turn(self) -> int:
        return asyncio.run(self.writer.turn())

    def told(self) -> list[dict[str, object]]:
        def read(connection: object) -> list[dict[str, object]]:
            return [json.loads(row.body) for row in connection.execute(select(outbox))]

        return asyncio.run(self.state.read(read))


def test_a_report_is_written_once_when_it_is_due_and_told_with_its_head(state: State, tmp_path: Path) -> None:
    writing = Writing(state, tmp_path / "exports", MONDAY_MS)
    assert writing.turn() == 0
    writing.clock.advance(7 * 3600 + 1)
    assert writing.turn() == 1
    assert writing.turn() == 0
    [done] = asyncio.run(writing.store.writings(EVERYTHING))
    assert (done.status, done.start_ms, done.end_ms) == (Status.WRITTEN, MONDAY_MS - 7 * DAY_MS, MONDAY_MS)
    assert sorted(Path(one).suffix for one in done.files) == [".csv", ".html", ".pdf"]
    assert all(Path(one).stat().st_size for one in done.files)
    [event] = writing.told()
    assert event["actions"] == ["arn:trimtab:channel/123456789012/lead@example.com"]
    assert event["link"] == f"/reports/{done.id}"
    assert str(event["text"]).startswith("1. ")
    _, document = asyncio.run(writing.store.writing(EVERYTHING, done.id))
    assert document is not None
    assert [one.text for one in document.facts] == list(done.head)
    with pytest.raises(NotFound):
        asyncio.run(writing.store.writing(Scope(frozenset(("999999999999",))), done.id))


def test_what_was_written_of_everything_is_not_for_who_sees_less(state: State, tmp_path: Path) -> None:
    writing = Writing(state, tmp_path / "exports", MONDAY_MS)
    writing.clock.advance(7 * 3600 + 1)
    assert writing.turn() == 1
    [done] = asyncio.run(writing.store.writings(EVERYTHING))
    own = Scope(frozenset((REPORT.account,)))
    assert asyncio.run(writing.store.listed(own)) == []
    asyncio.run(writing.store.put(replace(REPORT, accounts=[REPORT.account])))  # the schedule is narrower by now
    assert [one.name for one in asyncio.run(writing.store.listed(own))] == ["fleet"]
    assert asyncio.run(writing.store.writings(own)) == []
    with pytest.raises(NotFound):
        asyncio.run(writing.store.writing(own, done.id))


def test_only_what_can_be_kept_may_be_scheduled() -> None:
    assert reach_of(EVERYTHING) is None
    assert reach_of(Scope(frozenset(("2" * 12, "1" * 12)))) == ["1" * 12, "2" * 12]
    for narrow in (Scope(regions=frozenset(("eu-west-1",))), Scope(rows=(RowRule("team", frozenset(("a",))),))):
        with pytest.raises(AccessDenied):
            reach_of(narrow)


def test_what_cannot_be_read_is_tried_again_for_an_hour_and_then_told(state: State, tmp_path: Path) -> None:
    writing = Writing(state, tmp_path / "exports", MONDAY_MS)

    async def broken(ask: object) -> None:
        raise Unavailable("the engine does not answer")

    writing.facts.money = broken
    writing.clock.advance(7 * 3600 + 60)
    assert writing.turn() == 1
    assert asyncio.run(writing.store.writings(EVERYTHING)) == []
    writing.clock.advance(3700)
    assert writing.turn() == 1
    [done] = asyncio.run(writing.store.writings(EVERYTHING))
    assert (done.status, done.problem) == (Status.FAILED, "the engine does not answer")
    assert str(writing.told()[0]["title"]).startswith("Not written: ")
    [report] = asyncio.run(writing.store.listed(EVERYTHING))
    assert report.next_ms == MONDAY_MS + 7 * DAY_MS + 7 * 3_600_000
