"""`/rest/v1/costs/estimate`: what the days cost that are not billed yet, with the past error beside it."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct, field

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client import live_costs_wire as wire
from trimtab.costs.explorer.terms import facet_text, metric_text, read_facet, read_filters, read_metric
from trimtab.costs.model import Dimension, Metric
from trimtab.doors.rest.cost_query import FilterText
from trimtab.doors.rest.spec import Call, Operation
from trimtab.economics.estimate.live import LiveEstimates
from trimtab.economics.estimate.model import Line
from trimtab.economics.estimate.report import EstimateRow, report_of

_PATH, _TAG = "/rest/v1/costs/estimate", "costs"
OWNER = "owner"
METRICS = {Metric.EFFECTIVE, Metric.AMORTIZED, Metric.UNBLENDED, Metric.BILLED}
"""What is estimated; other metrics are the bill's alone."""


class EstimateQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of what, and by what."""

    by: Annotated[str, Meta(min_length=1, max_length=200, description="owner, service, account, tag:KEY …")] = OWNER
    metric: Annotated[str, Meta(max_length=64, description="amortized or unblended.")] = "amortized"
    filter: Annotated[list[FilterText], Meta(max_length=10, description="FACET=VALUE, !=, ~ (contains), !~.")] = field(
        default_factory=list
    )
    lines: Annotated[int, Meta(ge=0, le=1000, description="How many of the largest lines.")] = 0


def operations(live: LiveEstimates) -> list[Operation]:
    """The operation."""

    async def estimate(call: Call[EstimateQuery, None]) -> wire.CostEstimate:
        asked = call.query
        by = None if asked.by == OWNER else read_facet(asked.by)
        metric = read_metric(asked.metric)
        if metric not in METRICS:
            raise InvalidInput(f"cannot estimate {asked.metric}: expected amortized or unblended", field="metric")
        metric = Metric.EFFECTIVE if metric in (Metric.EFFECTIVE, Metric.AMORTIZED) else Metric.BILLED
        found = await live.snapshot()
        if found is None:
            raise NotFound("no bill has been imported yet; `trimtab import FILE` imports one")
        report = report_of(found, call.principal.scope, metric, by, read_filters(asked.filter))
        return wire.CostEstimate(
            report.at_ms,
            report.closed_ms,
            metric_text(Metric.AMORTIZED if metric is Metric.EFFECTIVE else Metric.UNBLENDED),
            OWNER if by is None else facet_text(by),
            [_group(one) for one in report.rows],
            [_group(one) for one in report.total],
            [
                wire.ComparedDay(one.day_ms, _text(one.estimated), _text(one.billed), one.missing, one.silent)
                for one in report.compared
            ],
            [_line(one, metric) for one in report.lines[: asked.lines]],
            report.meters,
            list(report.missing),
        )

    return [
        Operation(
            "GET",
            _PATH,
            "estimate costs",
            "What today and every day cost that the bill does not have yet, with the past error of such estimates.",
            estimate,
            wire.CostEstimate,
            query=EstimateQuery,
            role=Role.FINANCE,
            errors=(404,),
            tag=_TAG,
            bound=True,
        )
    ]


def _group(one: EstimateRow) -> wire.EstimatedGroup:
    return wire.EstimatedGroup(
        one.name,
        one.currency,
        _text(one.today),
        _text(one.open_days),
        None if one.lower is None else _text(one.lower),
        None if one.upper is None else _text(one.upper),
        one.error.median,
        one.error.days,
        {basis.words: _text(amount) for basis, amount in one.bases.items()},
        one.unpriced,
    )


def _line(one: Line, metric: Metric) -> wire.EstimatedLine:
    key, amount = one.key, one.amount(metric)
    return wire.EstimatedLine(
        one.day_ms,
        key.value(Dimension.LINKED_ACCOUNT),
        key.value(Dimension.SERVICE),
        key.value(Dimension.USAGE_TYPE),
        key.resource,
        one.basis.words,
        _text(one.quantity),
        key.unit,
        None if amount is None else _text(amount),
        key.currency,
        one.note,
    )


def _text(amount: Decimal) -> str:
    return f"{amount:f}"
