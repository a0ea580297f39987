"""Replicas on own GPUs: as the ledger of the fleet and the traffic of a range measured them, or as somebody gives them.

An hour of a replica costs what an hour of its GPUs did. What it serves at most is what it served in its busiest step
of the range: measured, and so no more than it can.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.economics.tokens.choices import ApiModel, OwnReplica, units_of
from trimtab.economics.tokens.model import Priced
from trimtab.economics.unit.prices import CACHED_WEIGHT, OUTPUT_WEIGHT, ModelCost

HOUR_MS = 3_600_000
_LEAST_HOURS = 1.0
"""GPU-hours of a model below which nothing is said of it."""


class Question(Struct, frozen=True, kw_only=True):
    """What is asked: other models, own models by name (none: all that were served), and which calls by their fields.

    `hourly` (of a replica, in `currency`) and `tokens_per_s` (input and output together, at the calls' mix) describe a
    replica that is not there.
    """

    models: Sequence[ApiModel] = ()
    own: Sequence[str] = ()
    only: Mapping[str, str] = field(default_factory=dict)
    hourly: Decimal | None = None
    tokens_per_s: float | None = None
    currency: str = "USD"


def replicas_of(served: Iterable[ModelCost], names: Sequence[str]) -> list[OwnReplica]:
    """The replicas of models that own pods served; those named, or all."""
    found = (_replica(one) for one in served if not names or one.model in names)
    return [one for one in found if one is not None]


def _replica(one: ModelCost) -> OwnReplica | None:
    if one.gpu_hours < _LEAST_HOURS or not one.holders or not one.prices.cost:
        return None
    traffic = one.traffic
    fresh = np.maximum(traffic.input_tokens - traffic.cached_tokens, 0)
    units = fresh + CACHED_WEIGHT * traffic.cached_tokens + OUTPUT_WEIGHT * traffic.output_tokens
    if not np.isfinite(units).any():
        return None
    busiest = float(np.nanmax(units))
    replicas = len(one.holders)
    gpus = one.gpus / replicas
    if busiest <= 0 or gpus <= 0:
        return None
    hourly = one.prices.cost / Decimal(repr(one.gpu_hours)) * Decimal(repr(gpus))
    return OwnReplica(
        name=one.model,
        currency=one.currency,
        hourly=hourly,
        units_per_hour=busiest / (traffic.step_ms / HOUR_MS) / replicas,
        basis="what its GPUs cost an hour, and what its replicas served in their busiest step",
    )


def given_replica(asked: Question, calls: Sequence[Priced]) -> list[OwnReplica]:
    """The replica that the question describes. Raises InvalidInput where it says half of it."""
    if asked.hourly is None and asked.tokens_per_s is None:
        return []
    if asked.hourly is None or asked.tokens_per_s is None:
        raise InvalidInput("cannot compare with own GPUs: expected both own_hourly and own_tokens_per_s")
    known = [one.call for one in calls if one.call.tokens.known]
    tokens = sum((call.tokens.input or 0) + (call.tokens.output or 0) for call in known)
    weight = sum(units_of(call) for call in known) / tokens if tokens else 1.0
    return [
        OwnReplica(
            name="a replica as given",
            currency=asked.currency,
            hourly=asked.hourly,
            units_per_hour=asked.tokens_per_s * 3600 * weight,
            basis="dollars an hour and tokens a second as they were given, at the calls' mix of input and output",
        )
    ]
