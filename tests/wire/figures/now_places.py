"""Where GPU time of the last hour is shown: `/metrics` has nothing else."""

from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from wire.figures.bill_places import samples
from wire.figures.place import Place, Places
from wire.figures.reading import Shown, Site, Span, Values

_SECONDS = 180
"""How old `/metrics` may be here: it is read each minute, and this machine may do much else."""
_LAYERS = ("active", "inactive", "unmeasured", "free", "down", "unknown")


def _shown(rows: Iterable[tuple[str, Decimal]], most: Decimal) -> Values:
    """By team: an hour until a moment may differ from one until another by what all GPUs do in between."""
    slack = most * _SECONDS / 3600
    return {(f"now {team}", ""): Shown(value, slack) for team, value in rows}


def _metrics(layer: str, site: Site, span: Span) -> Values:
    found = [(labels, value) for labels, value in samples(site, "trimtab_gpus")]
    whole = sum((value for _, value in found), Decimal(0))
    return _shown(((labels["team"], value) for labels, value in found if labels["layer"] == layer), whole)


def _rest(layer: str, site: Site, span: Span) -> Values:
    answer = site.json("/rest/v1/fleet/hours", start="-1h", by="team")
    rows = ((one["keys"]["team"], Decimal(str(one[layer]))) for one in answer["groups"])
    return _shown(rows, Decimal(str(answer["total"]["existing"])))


PLACES: Places = {
    f"gpu_hours_{layer}": [
        Place(
            "GET /rest/v1/fleet/hours", partial(_rest, layer), reason="the last hour, which is all that /metrics has"
        ),
        Place("/metrics", partial(_metrics, layer)),
    ]
    for layer in _LAYERS
}
