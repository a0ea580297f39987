"""Requests, tokens and batch records per second, from counters, or from histograms that count what they observed."""

import asyncio

import numpy as np

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Found, looked_for
from trimtab.kpis.context import RATE, SUM, Context, Flow, flows
from trimtab.kpis.model import Kpi, unknown
from trimtab.metrics.model import Kind


async def read(context: Context) -> dict[str, list[Kpi]]:
    """The throughput of every group that has any."""
    options = context.options
    requests_by = context.chosen(options.requests_metric, concepts.REQUESTS)
    tokens_by = context.chosen(options.tokens_metric, concepts.OUTPUT_TOKENS)
    records_by = context.chosen(options.records_metric, concepts.RECORDS)
    inputs = [] if options.tokens_metric else context.finder.all(concepts.INPUT_TOKENS)
    requests, output, input_, records = await asyncio.gather(
        flows(context, context.finder.all(requests_by)),
        token_flows(context, context.finder.all(tokens_by)),
        token_flows(context, inputs),
        flows(context, context.finder.all(records_by)),
    )
    tokens = _both(output, input_)
    return {
        group: [
            _rate("requests_per_s", requests.get(group), looked_for(requests_by)),
            tokens.get(group) or unknown("tokens_per_s", looked_for(tokens_by)),
            _rate("output_tokens_per_s", output.get(group), looked_for(tokens_by)),
            _whole(context, "records", records.get(group), looked_for(records_by)),
        ]
        for group in requests.keys() | output.keys() | input_.keys() | records.keys()
    }


async def token_flows(context: Context, found: list[Found]) -> dict[str, Flow]:
    """Tokens per second: increases of counters, and sums of the histograms whose values are tokens."""
    counted = [one for one in found if one.series.identity.kind is not Kind.HISTOGRAM]
    observed = [one for one in found if one.series.identity.kind is Kind.HISTOGRAM]
    summed, increased = await asyncio.gather(flows(context, observed, SUM), flows(context, counted, RATE))
    for group, flow in summed.items():
        known = increased.get(group, Flow({}, {}, {}))
        for service in flow.by_service.keys() - known.by_service.keys():
            known = known.joined(service, flow.by_service[service], flow.metrics[service], flow.series[service])
        increased[group] = known
    return increased


def _rate(id_: str, flow: Flow | None, missing: str) -> Kpi:
    if flow is None:
        return unknown(id_, missing)
    return Kpi(id_, flow.mean(), coverage=flow.coverage, inputs=flow.inputs)


def _whole(context: Context, id_: str, flow: Flow | None, missing: str) -> Kpi:
    if flow is None:
        return unknown(id_, missing)
    return Kpi(id_, flow.mean() * context.grid.seconds, coverage=flow.coverage, inputs=flow.inputs)


def _both(output: dict[str, Flow], input_: dict[str, Flow]) -> dict[str, Kpi]:
    """Input and output tokens together; one of them alone says so."""
    found = {}
    for group in output.keys() | input_.keys():
        parts = [flow for flow in (input_.get(group), output.get(group)) if flow is not None]
        reason = "" if len(parts) == 2 else f"only {'output' if group in output else 'input'} tokens are counted"
        found[group] = Kpi(
            "tokens_per_s",
            sum(flow.mean() for flow in parts),
            reason,
            float(np.mean([flow.coverage for flow in parts])),
            tuple(one for flow in parts for one in flow.inputs),
        )
    return found
