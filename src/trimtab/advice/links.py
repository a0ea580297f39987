"""Pages of ours that show the evidence: a metric of a resource, its lines in the bill, the GPUs."""

from urllib.parse import quote, urlencode

from trimtab.advice.facts import Ask, Thing


def metric(ask: Ask, thing: Thing) -> str:
    """The explorer with this metric of this resource, over the days that were judged."""
    pairs = [
        ("m", f"{ask.namespace}|{ask.metric}"),
        ("where", f"{ask.dimension}={dimension_value(ask, thing)}"),
        ("stat", ask.statistic),
        ("range", f"{ask.days}d"),
    ]
    return f"/explore/metrics?{urlencode(pairs, quote_via=quote)}"


def bill(thing: Thing) -> str:
    """What the bill has of a resource."""
    return f"/costs?{urlencode([('by', 'usage_type'), ('filter', f'resource={thing.id}')], quote_via=quote)}"


def dimension_value(ask: Ask, thing: Thing) -> str:
    """What the metric's dimension says of a resource: its id, of several kinds its name."""
    return thing.name if ask.dimension in ("LogGroupName", "ClusterIdentifier") and thing.name else thing.id
