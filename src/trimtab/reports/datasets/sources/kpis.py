"""`kpis`: the five infrastructure KPIs of every service and team over the dataset's range."""

from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.model import Level
from trimtab.kpis.report import report
from trimtab.kpis.runs.reader import RunReports
from trimtab.reports.datasets.field import Field, number, text
from trimtab.reports.datasets.source import Rows, Source, Window

FIELDS: tuple[Field, ...] = (
    text("level", "service or team."), text("owner", "The team, of the level team."),
    text("endpoint", "The service, of the level service."), text("area", "Which of the five KPIs it belongs to."),
    text("kpi", "Its id."), text("label", "Its name."), text("unit", "Unit of the value."),
    number("value", "The value over the whole range."), number("coverage", "Share of what should be seen that was."),
    text("reason", "Why there is no value, or what it stands on."), text("formula", "How it is computed."),
)  # fmt: skip


def kpis(reports: RunReports) -> Source:
    """The source over the KPI room."""

    async def read(window: Window) -> Rows:
        end = min(window.end_ms, reports.clock.now_ms())
        rows: list[tuple[object, ...]] = []
        if end <= window.start_ms:
            return Rows(rows)
        for level in (Level.SERVICE, Level.TEAM):
            found = await report(
                reports.reader,
                reports.registry,
                window.scope,
                level,
                window.start_ms,
                end,
                ledger=reports.ledger,
            )
            for group in found.groups:
                named = (group.group, None) if level is Level.TEAM else (None, group.group)
                for one in group.kpis:
                    formula = FORMULAS[one.id]
                    told = formula.area.value, one.id, formula.label, formula.unit, one.value, one.coverage
                    rows.append((level.value, *named, *told, one.reason, formula.text))
        return Rows(rows, end)

    return Source("kpis", "KPIs", "a KPI of a service or team over the range", FIELDS, read, whole=True)
