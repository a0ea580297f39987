"""What travels over `/rest/v1/logs/contributors`."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.client.wire import Millis


class PutRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rule of Contributor Insights: its name and its definition, as CloudWatch has it."""

    name: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[\x20-\x7e]+$")]
    definition: Annotated[str, Meta(min_length=1, max_length=8192, description="JSON: Schema, Contribution …")]
    enabled: bool = True


class Rule(Struct, frozen=True):
    """A rule as it was put; `changed_ms` is when it was put, enabled or disabled last."""

    name: str
    definition: str
    enabled: bool
    created_ms: Millis
    changed_ms: Millis


class RuleList(Struct, frozen=True):
    """Rules by name."""

    rules: list[Rule]


class DeletedRule(Struct, frozen=True):
    """The name of what is forgotten."""

    deleted: str


class ContributorPoint(Struct, frozen=True):
    """What a contributor has in a period that begins at `start_ms`."""

    start_ms: Millis
    value: float


class Contributor(Struct, frozen=True):
    """One of the top: the values of the keys, what it is ranked by, and that by period."""

    keys: list[str]
    value: float
    points: list[ContributorPoint]


class Contributors(Struct, frozen=True):
    """A report. `unique` contributors add up to `total`; `metrics` are values at `times`, by name."""

    rule: str
    start_ms: Millis
    end_ms: Millis
    period_s: int
    keys: list[str]
    aggregate: str
    total: float
    unique: int
    contributors: list[Contributor]
    times: list[Millis]
    metrics: dict[str, list[float]]
    groups: list[str]
