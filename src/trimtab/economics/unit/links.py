"""The pages on which a number's rows, spans and samples are seen: each number opens to what it came from."""

from urllib.parse import quote, urlencode

from trimtab.base.clock import iso, to_datetime
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.unit.model import Evidence, Ledger
from trimtab.economics.unit.prices import ModelCost
from trimtab.inventory.runs.model import Run

_AROUND_MS = 3_600_000


def model_links(one: ModelCost, ledger: Ledger) -> list[Evidence]:
    """The last deploy in the audit, traces of its calls, its GPUs, its lines of the bill, and its samples."""
    span = (one.start_ms, min(one.start_ms + one.step_ms * len(one.costs), ledger.now_ms))
    service = one.services[0] if one.services else ""
    found = []
    if one.deploys:
        last = one.deploys[-1]
        found.append(Evidence(f"deploy of {last.service} {last.version}", deploy_page(last.service, last.at_ms)))
    if service and not one.holders:
        found.append(Evidence("traces of its calls", traces_page(service, *span)))
    elif service:
        found.append(Evidence("traces of its calls", traces_page(service, *span)))
        found.append(Evidence("its GPUs and what idles", f"/endpoints/{quote(service)}?{_range(*span)}"))
    nodes = sorted({one_.node for one_ in ledger.slices if one_.holder in one.holders})
    resources = sorted({one_.resource for one_ in ledger.slices if one_.holder in one.holders})
    if resources:
        found.append(
            Evidence(f"bill of {', '.join(nodes[:3])}", bill_page(resources, ledger.start_ms, ledger.closed_ms))
        )
    return found


def run_links(run: Run, ledger: Ledger, holder: str) -> list[Evidence]:
    """The run with the samples of its GPUs, and its machines' lines of the bill."""
    resources = sorted({one.resource for one in ledger.slices if one.holder == holder})
    found = [Evidence("run and its GPUs", run_page(run))]
    if resources and ledger.closed_ms > ledger.start_ms:
        found.append(Evidence("bill of its machines", bill_page(resources, ledger.start_ms, ledger.closed_ms)))
    return found


def run_page(run: Run) -> str:
    """A run's page."""
    return f"/runs/{quote(run.key.cluster, safe='')}/{quote(run.key.job)}"


def deploy_page(service: str, at_ms: int) -> str:
    """Who changed a service around a time, by the audit."""
    pairs = [("show", "changes"), ("about", service), *_pairs(at_ms - _AROUND_MS, at_ms + _AROUND_MS)]
    return f"/audit?{urlencode(pairs)}"


def traces_page(service: str, start_ms: int, end_ms: int) -> str:
    """The traces of a service."""
    asked = 'service("' + service.replace('"', "") + '")'
    return f"/traces?{urlencode([('q', asked), *_pairs(start_ms, end_ms)])}"


def bill_page(resources: list[str], start_ms: int, end_ms: int) -> str:
    """Lines of resources on the bill."""
    days = [("start", _day(start_ms)), ("end", _day(max(end_ms, start_ms + DAY_MS) - 1))]
    return f"/costs?{urlencode([*(('filter', f'resource={one}') for one in resources[:10]), *days])}"


def _range(start_ms: int, end_ms: int) -> str:
    return urlencode(_pairs(start_ms, end_ms))


def _pairs(start_ms: int, end_ms: int) -> list[tuple[str, str]]:
    return [("from", iso(start_ms // 1000 * 1000)), ("to", iso(end_ms // 1000 * 1000))]


def _day(ms: int) -> str:
    return f"{to_datetime(ms):%Y-%m-%d}"
