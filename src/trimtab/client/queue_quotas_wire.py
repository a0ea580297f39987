"""What travels over `/rest/v1/queue/quotas`: what teams are entitled to, and what they borrowed, lent and missed."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

Name = Annotated[str, Meta(max_length=256)]


class TeamQuota(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """GPUs that a team is entitled to at once, or its share of the cluster's (0 to 1). `queues` are of the team too."""

    team: Annotated[str, Meta(min_length=1, max_length=256)]
    gpus: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    share: Annotated[float, Meta(ge=0, le=1)] | None = None
    cohort: Annotated[Name, Meta(description="Teams of one cohort lend to each other.")] = ""
    queues: Annotated[list[Name], Meta(max_length=1000)] = []


class AskQuotas(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Quotas, and the range and cluster in which they are compared with what was held."""

    quotas: Annotated[list[TeamQuota], Meta(min_length=1, max_length=1000)]
    start: Annotated[str, Meta(max_length=64)] = "-7d"
    end: Annotated[str, Meta(max_length=64)] = "now"
    cluster: Name = ""


class KeepQuotas(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All quotas of a cluster, and since when they hold; what was put for later stays."""

    quotas: Annotated[list[TeamQuota], Meta(min_length=1, max_length=1000)]
    cluster: Annotated[str, Meta(min_length=1, max_length=128)]
    since: Annotated[str, Meta(max_length=64)] = "now"
    account: Annotated[str, Meta(max_length=64, description="Else the caller's, else the server's own.")] = ""


class QuotasKept(Struct, frozen=True):
    """What is kept now: how many quotas, of which cluster, from when on."""

    cluster: str
    since_ms: Millis
    quotas: int


class QuotaHours(Struct, frozen=True):
    """GPU-hours of a team. `entitled` is null of a team without a quota: what it holds is all borrowed.

    `starved` is what it waited for while it held less than its quota; `waited` all that it waited for; `lent` its part
    of what its cohort borrowed, by what it left unused.
    """

    team: str
    entitled: float | None
    held: float
    borrowed: float
    lent: float
    starved: float
    waited: float


class QuotaReport(Struct, frozen=True):
    """The teams of a range, in order of name; `gpus` are those of the cluster that shares are of."""

    start_ms: Millis
    end_ms: Millis
    gpus: float
    teams: list[QuotaHours]
    notes: list[str]
    days: list["QuotaDay"] = []


class QuotaDay(Struct, frozen=True):
    """The teams of a day in UTC (`day_ms`), by quotas that are kept."""

    day_ms: Millis
    teams: list[QuotaHours]
