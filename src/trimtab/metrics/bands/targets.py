"""Which detector watches what a band is asked for."""

from typing import Any

from trimtab.access.scope import Scope
from trimtab.base.tags import make_tags
from trimtab.detectors.book import Key
from trimtab.detectors.model import Detector, Target
from trimtab.metrics.expressions.bands import BandRequest
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.statistics import parse_statistic


def queries_of(target: Target, period_s: int = 300) -> tuple[Query, ...]:
    """What a detector watches, as queries. Raises InvalidInput for a statistic that does not exist."""
    if target.queries:
        return tuple(_query(item) for item in target.queries)
    statistic = parse_statistic(target.stat)
    stat = MetricStat(
        target.namespace, target.name, target.dimensions, statistic, period_s, account=target.account or None
    )
    return (Query("m", stat, period_s=period_s),)


def detector_of(scope: Scope, request: BandRequest, known: dict[Key, Detector]) -> Detector | None:
    """The detector that was put for what `request` is about, in the accounts and regions of `scope`."""
    if not known or scope.accounts is None or scope.regions is None:
        return None
    places = [(account, region) for account in sorted(scope.accounts) for region in sorted(scope.regions)]
    stat = request.stat
    if stat is None:
        wanted = _essence(request.queries)
        mine = (one for one in known.values() if one.target.queries and (one.account, one.region) in places)
        return next((one for one in mine if _essence(queries_of(one.target)) == wanted), None)
    for account, region in places:
        owner = "" if stat.account in (None, account) else str(stat.account)
        target = Target(stat.namespace, stat.name, stat.dimensions, stat.statistic.text, owner)
        found = known.get((account, region, target.id()))
        if found is not None:
            return found
    return None


def _essence(queries: tuple[Query, ...]) -> frozenset[tuple[str, Any]]:
    """What makes two lists of queries the same expression: not labels, periods or the order."""
    return frozenset((query.id, _subject(query.source)) for query in queries)


def _subject(source: MetricStat | str) -> Any:
    if isinstance(source, str):
        return "".join(source.split())
    return source.namespace, source.name, source.dimensions, source.statistic.text, source.unit


def _query(item: dict[str, Any]) -> Query:
    """A MetricDataQuery in CloudWatch's form, which the door checked."""
    returned, period = bool(item.get("ReturnData", True)), item.get("Period")
    if "Expression" in item:
        return Query(item["Id"], item["Expression"], period, returned=returned, account=item.get("AccountId"))
    stat = item["MetricStat"]
    metric = stat["Metric"]
    source = MetricStat(
        metric["Namespace"],
        metric["MetricName"],
        make_tags((pair["Name"], pair["Value"]) for pair in metric.get("Dimensions", ())),
        parse_statistic(stat["Stat"]),
        stat["Period"],
        stat.get("Unit"),
        item.get("AccountId"),
    )
    return Query(item["Id"], source, stat["Period"], returned=returned, account=item.get("AccountId"))
