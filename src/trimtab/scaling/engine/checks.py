"""What may be put: targets, policies and scheduled actions that mean something. Every check raises InvalidInput."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.jobs.schedule import Schedule, named_zone, parse
from trimtab.metrics.expressions.program import is_period
from trimtab.metrics.statistics import parse_statistic
from trimtab.scaling.engine import documents
from trimtab.scaling.engine.model import (
    CUSTOM,
    CUSTOM_DIMENSION,
    GROUP_DIMENSION,
    GROUPS,
    MOST_REPLICAS,
    Form,
    Freeze,
    Guards,
    Kind,
    Policy,
    Service,
    TargetKey,
    Times,
)
from trimtab.scaling.policies.scheduled import unix_cron

DIMENSIONS: Mapping[str, str] = {CUSTOM: CUSTOM_DIMENSION, GROUPS: GROUP_DIMENSION}
"""The one dimension of the namespaces that have one; others begin with their namespace."""
_RESOURCES: Mapping[str, re.Pattern[str]] = {
    "ecs:service:DesiredCount": re.compile(r"service/[^/]+/[^/]+"),
    "sagemaker:variant:DesiredInstanceCount": re.compile(r"endpoint/[^/]+/variant/[^/]+"),
    "lambda:function:ProvisionedConcurrency": re.compile(r"function:[^:]+:[^:]+"),
    GROUP_DIMENSION: re.compile(r"autoScalingGroup/.+"),
    CUSTOM_DIMENSION: re.compile(
        r"(pool|webhook)/[\w.-]+|kubernetes/[\w.-]+/[\w.-]+/(deployments|statefulsets|replicasets)/[\w.-]+|https?://.+"
        r"|arn:.+"
    ),
}
MOST_FREEZES = 20
_MOST_TICK_S = 3600
_LONGEST_NAME = 256
_LAST_MS = 4_102_444_800_000  # 2100-01-01
_MOST_MONEY = Decimal(10) ** 12


def check_target(key: TargetKey, form: Form) -> None:
    """A target's name and bounds."""
    prefix = DIMENSIONS.get(key.namespace, f"{key.namespace}:")
    if not key.dimension.startswith(prefix):
        raise InvalidInput(
            f"Unsupported service namespace, resource type or scalable dimension: {key.namespace}, {key.dimension}",
            field="ScalableDimension",
        )
    pattern = _RESOURCES.get(key.dimension)
    if not key.resource or (pattern is not None and not pattern.fullmatch(key.resource)):
        raise InvalidInput(
            f"cannot use resource {key.resource[:200]!r} for {key.dimension}; expected such as "
            f"{_example(key.dimension)}",
            field="ResourceId",
        )
    if not 0 <= form.least <= form.most <= MOST_REPLICAS:
        raise InvalidInput(
            f"Minimum capacity {form.least} must be from 0 to maximum capacity {form.most}, and that at most "
            f"{MOST_REPLICAS}",
            field="MinCapacity",
        )
    _check_service(form.service)
    _check_guards(form.guards)


def _example(dimension: str) -> str:
    return {
        "ecs:service:DesiredCount": "service/cluster/name",
        "sagemaker:variant:DesiredInstanceCount": "endpoint/name/variant/AllTraffic",
        "lambda:function:ProvisionedConcurrency": "function:name:alias",
        GROUP_DIMENSION: "autoScalingGroup/name",
        CUSTOM_DIMENSION: "pool/name, webhook/name or kubernetes/cluster/namespace/deployments/name",
    }.get(dimension, "the service's own id")


def _check_service(service: Service) -> None:
    if not 0 < service.capacity < 1e12 or not 0 <= service.launch_s <= 86_400:
        raise InvalidInput("expected a capacity above 0 and launch_s from 0 to 86,400", field="service")
    if not 1 <= service.tick_s <= _MOST_TICK_S or not is_period(service.tick_s):
        raise InvalidInput(
            f"cannot decide every {service.tick_s} s; expected 1, 5, 10, 20, 30 or a multiple of 60, at most "
            f"{_MOST_TICK_S}",
            field="tick_s",
        )
    if service.signal is not None:
        if not service.signal.namespace or not service.signal.name:
            raise InvalidInput("a signal needs a namespace and a name", field="signal")
        parse_statistic(service.signal.statistic, "statistic")


def _check_guards(guards: Guards) -> None:
    if guards.max_step is not None and not 1 <= guards.max_step <= MOST_REPLICAS:
        raise InvalidInput(f"cannot step by {guards.max_step} at most; expected 1 to {MOST_REPLICAS}", field="max_step")
    for name in ("price_per_hour", "hourly_cap", "monthly_cap"):
        amount: Decimal | None = getattr(guards, name)
        if amount is not None and not (amount.is_finite() and 0 <= amount <= _MOST_MONEY):
            raise InvalidInput(f"cannot use {name} {amount}; expected 0 or above", field=name)
    capped = guards.hourly_cap is not None or guards.monthly_cap is not None
    if capped and not guards.price_per_hour:
        raise InvalidInput("a cap needs price_per_hour: what a replica costs an hour", field="price_per_hour")
    if not re.fullmatch(r"[A-Z]{3}", guards.currency):
        raise InvalidInput(f"got currency {guards.currency[:10]!r}; expected such as USD", field="currency")
    if guards.approve_above is not None and not 0 <= guards.approve_above <= MOST_REPLICAS:
        raise InvalidInput("cannot ask for approval above that number", field="approve_above")
    if len(guards.freezes) > MOST_FREEZES:
        raise InvalidInput(f"got {len(guards.freezes)} freezes; expected at most {MOST_FREEZES}", field="freezes")
    for one in guards.freezes:
        check_freeze(one)


def check_freeze(one: Freeze) -> None:
    """A window in which nothing is scaled."""
    schedule_of(one.schedule, one.zone, 0)
    if not 1 <= one.for_s <= 366 * 86_400:
        raise InvalidInput(f"cannot freeze for {one.for_s} s; expected 1 s to 366 days", field="for_s")


def check_policy(name: str, kind: Kind, document: Mapping[str, Any]) -> None:
    """A policy's name and document."""
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InvalidInput(f"a policy needs a name of 1 to {_LONGEST_NAME} characters", field="PolicyName")
    key = TargetKey("", "", "", "", "")
    documents.check(Policy("", "", key, name, kind, document, 0, 0))


def check_same_kind(known: Policy, kind: Kind) -> None:
    """A policy keeps its kind."""
    if known.kind is not kind:
        raise InvalidInput(
            f"Policy type cannot be changed: {known.name!r} is {known.kind}, got {kind}; delete it and put it again",
            field="PolicyType",
        )


def check_together(kind: Kind, others: Sequence[Kind]) -> None:
    """One policy of a target plans; two would each pay for their own mistakes."""
    if kind in documents.PLANNED and any(one in documents.PLANNED for one in others):
        raise InvalidInput("the target has a policy that plans already; delete it first", field="kind")


def schedule_of(text: str, zone: str, anchor_ms: int) -> Schedule:
    """A schedule: rate(…), cron(…), at(…) in a zone, or five fields of Unix cron."""
    if "(" in text:
        return parse(text, zone, anchor_ms=anchor_ms)
    named_zone(zone)
    return unix_cron(text, zone)


def check_schedule(name: str, times: Times, now_ms: int) -> None:
    """A scheduled action."""
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InvalidInput(
            f"a scheduled action needs a name of 1 to {_LONGEST_NAME} characters", field="ScheduledActionName"
        )
    for at in (times.start_ms, times.end_ms):
        if at is not None and not 0 <= at <= _LAST_MS:
            raise InvalidInput("expected times from 1970 to 2100", field="StartTime")
    schedule_of(times.schedule, times.zone, now_ms)
    if times.least is None and times.most is None and times.desired is None:
        raise InvalidInput("a scheduled action needs a minimum, a maximum or a desired number",
                           field="ScalableTargetAction")  # fmt: skip
    for value in (times.least, times.most, times.desired):
        if value is not None and not 0 <= value <= MOST_REPLICAS:
            raise InvalidInput(f"got {value} replicas; expected 0 to {MOST_REPLICAS}", field="ScalableTargetAction")
    if times.least is not None and times.most is not None and times.least > times.most:
        raise InvalidInput("the minimum is above the maximum", field="ScalableTargetAction")
    if times.start_ms is not None and times.end_ms is not None and times.start_ms >= times.end_ms:
        raise InvalidInput("the start time is not before the end time", field="StartTime")
