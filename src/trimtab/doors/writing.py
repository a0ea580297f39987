"""What a door that takes metrics needs to write, and what such doors read from a request alike."""

from collections.abc import Callable, Sequence

from msgspec import Struct, field
from starlette.requests import Request

from trimtab.access.principal import Principal
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.doors.inflight import InFlight
from trimtab.inventory.sources import SourceLedger
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.registry import SeriesRegistry

KEY_LENGTH = 200
"""Characters of an Idempotency-Key: UUIDs have 36, the agent's <agent>/<seq> below 100."""

_REASONS = 10  # what a line of a client's log can hold


class Writing(Struct, frozen=True):
    """`account` and `region` are for callers that name none. A door appends to `forget` what empties its memory of
    series, for when everything is wiped.
    """

    ingest: MetricIngest
    registry: SeriesRegistry
    ledger: SourceLedger
    clock: Clock
    account: str
    region: str
    inflight: InFlight = field(default_factory=InFlight)
    forget: list[Callable[[], None]] = field(default_factory=list)

    def account_of(self, request: Request) -> str:
        """The account that the caller writes to."""
        principal: Principal = request.scope["state"]["principal"]
        return principal.account or self.account


def idempotency_key(request: Request, door: str) -> str | None:
    """The caller's key, kept apart from those of other doors and callers. Raises InvalidInput for one too long."""
    return scoped_key(request.headers.get("idempotency-key", ""), request.scope["state"]["principal"], door)


def scoped_key(key: str, principal: Principal, door: str) -> str | None:
    """`key` kept apart from those of other doors and callers; None for none. Raises InvalidInput for one too long."""
    if len(key) > KEY_LENGTH:
        raise InvalidInput(f"cannot use Idempotency-Key: got {len(key)} characters; expected at most {KEY_LENGTH}")
    return f"{door}/{principal.name}/{key}" if key else None


class Refused(Struct, frozen=True):
    """Rows that were not taken. `hint` tells that nothing of the user's measurements is missing (exemplars), `full`
    that they are new series of an account that has as many as it may.
    """

    reason: str
    example: str
    rows: int
    hint: bool = False
    full: bool = False


def summary(refused: Sequence[Refused]) -> str:
    """One line with the reasons, how often each came, and an example of each."""
    return "; ".join(f"{item.reason} ({item.rows}, e.g. {item.example})" for item in refused[:_REASONS])
