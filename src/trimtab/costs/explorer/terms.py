"""How people write what to group by, to filter by and to sum: the same on the command line, in REST and in a URL.

facet    service, account, region, usage_type … (any dimension), tag:team (however the bill spells it),
         exact-tag:Team (that spelling alone, as AWS's API has it), category:CostCenter
filter   service=AmazonEC2 (is), service!=AmazonEC2 (is not), usage_type~BoxUsage (contains), usage_type!~Box,
         tag:team= (has none); filters of one facet and one sign are alternatives, all others go together
metric   unblended, amortized, net_amortized, blended, list, usage … or Cost Explorer's own names
"""

import re
from collections.abc import Iterable, Mapping

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import And, CostCategory, Dimension, Facet, Filter, Match, Metric, Not, Tag, Where

_SHORT: Mapping[str, Dimension] = {
    "account": Dimension.LINKED_ACCOUNT,
    "account_name": Dimension.LINKED_ACCOUNT_NAME,
    "payer": Dimension.PAYER_ACCOUNT,
    "charge": Dimension.RECORD_TYPE,
    "purchase": Dimension.PURCHASE_TYPE,
    "resource": Dimension.RESOURCE_ID,
}
_BY_DIMENSION = {dimension: name for name, dimension in _SHORT.items()}
_DIMENSIONS = {dimension.value.lower(): dimension for dimension in Dimension} | dict(_SHORT)
_METRICS: Mapping[str, Metric] = {
    "unblended": Metric.UNBLENDED,
    "blended": Metric.BLENDED,
    "amortized": Metric.AMORTIZED,
    "amortised": Metric.AMORTIZED,
    "net_unblended": Metric.NET_UNBLENDED,
    "net_amortized": Metric.NET_AMORTIZED,
    "list": Metric.LIST,
    "contracted": Metric.CONTRACTED,
    "split": Metric.SPLIT,
    "split_unused": Metric.SPLIT_UNUSED,
    "usage": Metric.USAGE,
    "normalized_usage": Metric.NORMALIZED_USAGE,
}
METRICS = tuple(dict.fromkeys((*_METRICS, *Metric)))
"""Every name of a metric that is understood."""
METRIC_NAMES = tuple(name for name in _METRICS if name != "amortised")
"""The short names of metrics, for help texts and choosers."""
QUANTITIES = frozenset({Metric.USAGE, Metric.NORMALIZED_USAGE})
"""Metrics that are no money."""
DIMENSION_NAMES = "|".join(sorted(_DIMENSIONS))
"""The names of dimensions as the API's own document has them, one pattern; case and hyphens are free beside it."""
_FILTER = re.compile(r"(?P<facet>(?:tag|exact-tag|category):.+?|[\w-]+)(?P<sign>!=|!~|=|~)(?P<value>.*)", re.DOTALL)
_LONGEST = 1024


def read_facet(text: str) -> Facet:
    """What to group by. Raises InvalidInput."""
    kind, colon, key = text.partition(":")
    if colon and key and kind.lower() in ("tag", "exact-tag", "category"):
        return CostCategory(key) if kind.lower() == "category" else Tag(key, exact=kind.lower() == "exact-tag")
    found = _DIMENSIONS.get(text.strip().lower().replace("-", "_"))
    if found is None:
        raise InvalidInput(
            f"cannot group or filter by {text[:60]!r}: expected tag:KEY, exact-tag:KEY, category:NAME or one of "
            f"{', '.join(sorted(_DIMENSIONS))}",
            field="group",
        )
    return found


def facet_text(facet: Facet) -> str:
    """A facet as `read_facet` reads it."""
    match facet:
        case Tag(key, exact):
            return f"exact-tag:{key}" if exact else f"tag:{key}"
        case CostCategory(name):
            return f"category:{name}"
        case _:
            return _BY_DIMENSION.get(facet, facet.value.lower())


def facet_name(facet: Facet) -> str:
    """A facet as a person reads it: `Usage type`, `team`."""
    match facet:
        case Tag(key, exact):
            return f"{key} (exact key)" if exact else key
        case CostCategory(name):
            return name
        case Dimension.SPLIT_PARENT:
            return "Containers' machine"
        case _:
            return facet_text(facet).replace("_", " ").capitalize().replace("Az", "Zone")


def read_metric(text: str) -> Metric:
    """What to sum. Raises InvalidInput."""
    plain = text.strip()
    known = next((metric for metric in Metric if metric.value.lower() == plain.lower()), None)
    found = known or _METRICS.get(plain.lower().replace("-", "_"))
    if found is None:
        raise InvalidInput(f"cannot sum {text[:60]!r}: expected one of {', '.join(METRIC_NAMES)}", field="metric")
    return found


def metric_text(metric: Metric) -> str:
    """A metric as `read_metric` reads it."""
    return next((name for name, one in _METRICS.items() if one is metric), metric.value)


def split_filter(text: str) -> tuple[Facet, str, str]:
    """A filter as facet, sign and value. Raises InvalidInput."""
    match = _FILTER.fullmatch(text)
    if match is None or len(text) > _LONGEST:
        raise InvalidInput(
            f"cannot read filter {text[:80]!r}: expected FACET=VALUE, FACET!=VALUE, FACET~PART or FACET!~PART",
            field="filter",
        )
    return read_facet(match["facet"]), match["sign"], match["value"]


def read_filters(texts: Iterable[str]) -> Filter | None:
    """All filters together; None for none. Raises InvalidInput."""
    values: dict[tuple[Facet, str], list[str]] = {}
    for text in texts:
        facet, sign, value = split_filter(text)
        values.setdefault((facet, sign), []).append(value)
    parts = tuple(_where(facet, sign, tuple(found)) for (facet, sign), found in values.items())
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(parts)


def _where(facet: Facet, sign: str, values: tuple[str, ...]) -> Filter:
    where = Where(facet, values, Match.CONTAINS if sign.endswith("~") else Match.EQUALS, sign.endswith("~"))
    return Not(where) if sign.startswith("!") else where
