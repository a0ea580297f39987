"""How endpoints, models, functions and batch jobs do: KPIs, unit costs, latency with its causes, scaling, sizes."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Cell, Table, money, only, time_text
from trimtab.assistants.tool import Tool, by_ask
from trimtab.assistants.words import End, Start, Text
from trimtab.client import traces
from trimtab.client.api import Client
from trimtab.client.batch import BatchJobs
from trimtab.client.rightsizing import Rightsizing
from trimtab.client.scaling_engine import ScalingEngine
from trimtab.client.serverless import Serverless
from trimtab.client.unit_costs import UnitCosts

_KPIS = 24


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of services."""

    ask: Annotated[
        Literal["kpis", "models", "latency", "functions", "batch", "scaling", "sizes"],
        Meta(
            description="kpis: utilisation, throughput, latency, errors of services (or teams, the fleet by `level`)."
            " models: what 1M tokens and 1k requests of a model cost, by version. latency: which part of requests"
            " explains it, against the day before. functions: cold starts, memory, failures, cost. batch: batch jobs."
            " scaling: scaled targets and what was decided. sizes: endpoints and machines of the wrong size."
        ),
    ] = "kpis"
    name: Annotated[Text, Meta(description="Part of the name of a service, model, function or job.")] = ""
    level: Literal["service", "team", "fleet"] = "service"
    start: Start = "-24h"
    end: End = "now"


def _kpis(client: Client, asked: Arguments) -> Answer:
    found = client.kpis(asked.level, start=asked.start, end=asked.end)
    groups = [one for one in found.groups if asked.name in one.group]
    units = {one.id: (one.label, one.unit) for one in found.formulas}
    known = [
        one.id for one in found.formulas
        if any(kpi.id == one.id and kpi.value is not None for group in groups for kpi in group.kpis)
    ][:_KPIS]  # fmt: skip
    rows: list[Sequence[Cell]] = []
    for group in groups:
        values = {kpi.id: kpi.value for kpi in group.kpis}
        rows.append((group.group, *(values.get(id_) for id_ in known)))
    return Answer(
        page="/kpis",
        total={"groups": len(groups)},
        basis="one formula a column, as the register of figures defines it; null is not known",
        period=(found.start_ms, found.end_ms),
        facts={"columns": [f"{id_}: {units[id_][0]} ({units[id_][1]})" for id_ in known]},
        tables=[Table(name="kpis", columns=(asked.level, *known), rows=rows)],
    )


def _models(client: Client, asked: Arguments) -> Answer:
    start = "-7d" if asked.start == "-24h" else asked.start
    found = UnitCosts(client, start, asked.end).models()
    models = [one for one in found.models if asked.name.lower() in one.model.lower()]
    rows = [
        (one.model, ", ".join(one.services), ", ".join(one.teams), one.gpu_hours, one.currency,
         money(one.prices.cost), money(one.idle_cost), money(one.prices.per_1m_tokens),
         money(one.prices.per_1k_requests), *_trend(one.per_1m_tokens))
        for one in models
    ]  # fmt: skip
    columns = ("model", "services", "teams", "gpu_hours", "currency", "cost", "idle_cost", "per_1m_tokens",
               "per_1k_requests", "per_1m_tokens_first", "per_1m_tokens_last")  # fmt: skip
    deploys = [(mark.service, mark.version, time_text(mark.at_ms)) for one in models for mark in one.deploys]
    return Answer(
        page="/unit-costs",
        total={"models": len(models)},
        currency=only(one.currency for one in models),
        basis="amortised cost of the pods of a model, idle ones apart, divided by what they served",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(name="models", columns=columns, rows=rows, sums=("cost", "idle_cost")),
            Table(name="deploys", columns=("service", "version", "at"), rows=deploys, keep=20),
        ],
    )


def _trend(values: list[float | None]) -> tuple[float | None, float | None]:
    """The mean of the first and of the last quarter of what is known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None, None
    part = max(len(known) // 4, 1)
    return sum(known[:part]) / part, sum(known[-part:]) / part


def _latency(client: Client, asked: Arguments) -> Answer:
    chosen = f'service("{asked.name}")' if asked.name and '"' not in asked.name else ""
    start = "-6h" if asked.start == "-24h" else asked.start
    found = traces.bottlenecks(
        client, filter=chosen, start=start, end=asked.end, baseline_start="-30h", baseline_end="-24h",
        quantiles=(0.5, 0.95),
    )  # fmt: skip
    rows: list[Sequence[Cell]] = []
    values = {}
    for explained in found.explained:
        values[f"p{explained.quantile * 100:g}"] = {
            "ms": round(explained.value_ms, 1),
            "before_ms": None if explained.baseline_value_ms is None else round(explained.baseline_value_ms, 1),
        }
        rows += [
            (f"p{explained.quantile * 100:g}", one.part.service, one.part.operation, one.part.side, one.ms, one.share,
             one.change_ms, one.sure)
            for one in sorted(explained.parts, key=lambda one: -abs(one.change_ms))[:10]
        ]  # fmt: skip
    columns = ("quantile", "service", "operation", "side", "ms", "share", "change_ms", "sure_of_change")
    return Answer(
        page="/traces/bottlenecks",
        total={"traces": found.population.found, "latency": values},
        basis="critical paths of traces against those of a day before; parts add up to the latency",
        period=(found.population.start_ms, found.population.end_ms),
        tables=[Table(name="parts", columns=columns, rows=rows)],
    )


def _functions(client: Client, asked: Arguments) -> Answer:
    found = Serverless(client).functions(start=asked.start, end=asked.end)
    shown = [one for one in found.functions if asked.name in one.function]
    rows = [
        (one.function, one.invocations, one.errors, one.timeouts, one.cold_share, one.init_p50_ms, one.p95_ms,
         one.memory_mb, one.used_mb, one.headroom, one.currency, money(one.cost))
        for one in shown
    ]  # fmt: skip
    columns = ("function", "invocations", "errors", "timeouts", "cold_share", "init_p50_ms", "p95_ms", "memory_mb",
               "used_mb", "unused_memory_share", "currency", "cost")  # fmt: skip
    return Answer(
        page="/serverless",
        total={"functions": len(shown), "invocations": sum(one.invocations for one in shown)},
        currency=only(one.currency for one in shown if one.currency),
        basis="what the platform logged of each invocation; cost at list prices",
        period=(found.start_ms, found.end_ms),
        tables=[Table(name="functions", columns=columns, rows=rows, sums=("cost", "invocations"))],
    )


def _batch(client: Client, asked: Arguments) -> Answer:
    found = [one for one in BatchJobs(client).listed() if asked.name in one.report.name]
    rows = [
        (one.report.name, one.report.status, one.stale, one.report.model, one.report.records, one.report.errors,
         one.report.records_per_s, one.currency, money(one.cost), one.report.problem,
         time_text(one.report.started_ms))
        for one in found
    ]  # fmt: skip
    columns = ("job", "status", "silent", "model", "records", "error_rows", "records_per_s", "currency", "cost",
               "problem", "started")  # fmt: skip
    return Answer(
        page="/batch",
        total={"jobs": len(found), "failed": sum(one.report.status == "Failed" for one in found)},
        currency=only(one.currency for one in found if one.currency),
        basis="as their runners report them, the last begun first",
        tables=[Table(name="jobs", columns=columns, rows=rows, sums=("cost",))],
    )


def _scaling(client: Client, asked: Arguments) -> Answer:
    found = [one for one in ScalingEngine(client).listed() if asked.name in one.resource]
    rows = [
        (one.resource, one.mode, one.standing.ready if one.standing else None,
         one.decision.wanted, one.decision.why, one.least, one.most)
        for one in found
    ]  # fmt: skip
    return Answer(
        page="/scaling",
        total={"targets": len(found)},
        basis="scalable targets and the last decision; observe and dry-run change nothing",
        tables=[
            Table(name="targets", columns=("target", "mode", "ready", "wanted", "why", "least", "most"), rows=rows)
        ],
    )


def _sizes(client: Client, asked: Arguments) -> Answer:
    found = Rightsizing(client).listed(text=asked.name, limit=60)
    rows = [
        (one.name, one.kind, one.owner, one.finding, one.current.name if one.current else None,
         one.advised[0].option.name if one.advised else None, one.currency, money(one.planned or one.saving or None),
         one.reason)
        for one in found.recommendations
    ]  # fmt: skip
    return Answer(
        page="/rightsizing",
        total={"resources": sum(found.counts.values()), "more": found.more},
        facts={"by_kind_and_finding": found.counts},
        basis="each size replayed on the resource's own past; saves a month, as the plan has it, else at list prices",
        tables=[
            Table(
                name="sizes",
                columns=(
                    "resource", "kind", "owner", "finding", "now", "better", "currency", "saves_a_month", "why",
                ),
                rows=rows,
                sums=("saves_a_month",),
            )
        ],
    )  # fmt: skip


_ASKS = {
    "kpis": _kpis,
    "models": _models,
    "latency": _latency,
    "functions": _functions,
    "batch": _batch,
    "scaling": _scaling,
    "sizes": _sizes,
}

TOOL = Tool(
    name="services",
    title="Endpoints, models, functions, batch jobs",
    about="How services do: KPIs of endpoints, teams or the fleet; what tokens of own models cost and since "
    "which deploy; which part explains latency; cold starts of functions; batch jobs; scaling; wrong sizes.",
    arguments=Arguments,
    run=by_ask(_ASKS),
)
