"""Sampling rules, and what clients tell of them and are told.

Source: AWS X-Ray API reference, "SamplingRule", "SamplingStatisticsDocument", "SamplingTargetDocument".
"""

from collections.abc import Mapping

from msgspec import Struct, field

from trimtab.base.partitions import partition_of

DEFAULT_NAME = "Default"
DEFAULT_PRIORITY = 10_000
DEFAULT_RATE = 0.05
DEFAULT_RESERVOIR = 1
"""One trace a second and 5 % of the rest: X-Ray's own default."""
ANY = "*"


class Boost(Struct, frozen=True):
    """Up to which rate sampling may rise while requests fail, and how long after a boost none may begin."""

    max_rate: float
    cooldown_minutes: int


class Rule(Struct, frozen=True):
    """A rule: of the requests that match, `reservoir` a second and `rate` (0 to 1) of the rest are recorded."""

    name: str
    priority: int
    rate: float
    reservoir: int
    service: str = ANY
    service_type: str = ANY
    host: str = ANY
    method: str = ANY
    path: str = ANY
    resource: str = ANY
    attributes: Mapping[str, str] = field(default_factory=dict)
    boost: Boost | None = None

    def arn(self, account: str, region: str) -> str:
        """The rule's ARN."""
        return f"arn:{partition_of(region)}:xray:{region}:{account}:sampling-rule/{self.name}"


DEFAULT = Rule(DEFAULT_NAME, DEFAULT_PRIORITY, DEFAULT_RATE, DEFAULT_RESERVOIR)


class Record(Struct, frozen=True):
    """A rule with when it was made and last changed; 0 for the default one as it always was."""

    rule: Rule
    created_ms: int
    modified_ms: int


class Report(Struct, frozen=True):
    """What a client saw of a rule since its report before."""

    rule: str
    client: str
    at_ms: int
    requests: int
    sampled: int
    borrowed: int = 0


class BoostReport(Struct, frozen=True):
    """What a client saw of a service under a rule that may be boosted: requests, failed ones, failed and sampled."""

    rule: str
    service: str
    at_ms: int
    anomalies: int
    total: int
    sampled_anomalies: int


class BoostTarget(Struct, frozen=True):
    """A raised rate and until when it holds."""

    rate: float
    until_ms: int


class Target(Struct, frozen=True):
    """What a client shall do: `quota` traces a second until `quota_until_ms`, `rate` of the rest."""

    rule: str
    rate: float
    quota: int
    quota_until_ms: int
    interval_s: int
    boost: BoostTarget | None = None


class Unanswered(Struct, frozen=True):
    """A report that could not be used."""

    rule: str
    code: str
    message: str
