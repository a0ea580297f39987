"""What people say of purchases: own rates, offers of machines, and from when to when commitments of the bill run."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct, field
from sqlalchemy import Connection, and_, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.advice.purchases.model import AZURE, GOOGLE, Payment, PlanKind, Reservation
from trimtab.advice.purchases.rates import EVERY, Basis, Share
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import purchase_facts

_columns = purchase_facts.c
RATE, OFFER, TERM, RESERVED = "rate", "offer", "term", "reserved"


class OwnRate(Struct, frozen=True):
    """What an hour costs under such a plan, as a share of on demand."""

    kind: PlanKind
    years: int
    payment: Payment
    service: str
    family: str
    share: Decimal
    note: str = ""
    region: str = EVERY

    @property
    def name(self) -> str:
        """What it is for: one rate a name."""
        region = "" if self.region == EVERY else f"/{self.region}"
        return f"{self.kind}/{self.years}/{self.payment}/{self.service}/{self.family}{region}"


class ReservedRate(Struct, frozen=True):
    """What reserving at Google or Azure costs: `share` of on demand, or `hourly` for a unit and hour.

    `family` is what is reserved: `N2 vCPU`, `N2 memory`, `L4 GPU` of Google; of Azure a size (Standard_D4s_v5), or a
    flexibility group whose `sizes` have ratios, `hourly` then being that of ratio 1. `region` may be `*` with a share.
    """

    provider: str
    family: str
    region: str
    years: int
    payment: Payment
    share: Decimal | None = None
    hourly: Decimal | None = None
    sizes: Mapping[str, Decimal] = field(default_factory=dict)
    note: str = ""

    @property
    def name(self) -> str:
        """What it is for: one rate a name."""
        return f"{self.provider}/{self.family}/{self.region}/{self.years}/{self.payment}"


class Offer(Struct, frozen=True):
    """Machines that can be had for a fixed time: a capacity block, a reservation, a take-or-pay rental.

    `hourly` of one machine, upfront part included; `most` machines. `start_ms` and `end_ms` bound what it covers;
    0: a term of `years` from now.
    """

    name: str
    what: str
    type: str
    region: str
    hourly: Decimal
    most: int
    years: int = 1
    payment: Payment = Payment.NO_UPFRONT
    platform: str = "Linux"
    start_ms: int = 0
    end_ms: int = 0


class Term(Struct, frozen=True):
    """From when to when a commitment runs; None where it is not known."""

    name: str
    start_ms: int | None
    end_ms: int | None


Fact = OwnRate | Offer | Term | ReservedRate
_KINDS: dict[str, type[OwnRate] | type[Offer] | type[Term] | type[ReservedRate]] = {
    RATE: OwnRate,
    OFFER: Offer,
    TERM: Term,
    RESERVED: ReservedRate,
}


def kind_of(fact: Fact) -> str:
    """The word for what it is."""
    return next(kind for kind, type_ in _KINDS.items() if isinstance(fact, type_))


class FactStore:
    """The facts of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, *facts: Fact, account: str | None = None) -> None:
        """Set facts, all or none; one of the same kind and name is replaced. Raises InvalidInput.

        `account` is whose they are; None: of the whole installation.
        """
        for fact in facts:
            check(fact)
        now_ms = self._clock.now_ms()
        rows = [
            {
                "account": account or "",
                "kind": kind_of(fact),
                "name": fact.name,
                "form": msgspec.json.encode(fact).decode(),
                "changed_ms": now_ms,
            }
            for fact in facts
        ]

        def write(connection: Connection) -> None:
            for row in rows:
                same = and_(*(_columns[key] == row[key] for key in ("account", "kind", "name")))
                connection.execute(delete(purchase_facts).where(same))
                connection.execute(insert(purchase_facts).values(row))

        await self._state.change(write)

    async def remove(self, kind: str, name: str, account: str | None = None) -> None:
        """Remove a fact of an account; None: whosever it is. Raises NotFound."""
        same = (_columns.kind == kind) & (_columns.name == name)
        if account is not None:
            same &= _columns.account == account

        def write(connection: Connection) -> None:
            if not connection.execute(delete(purchase_facts).where(same)).rowcount:
                raise NotFound(f"no {kind} is named {name!r}; `trimtab advice purchases facts` lists them")

        await self._state.change(write)

    async def listed(self, scope: Scope) -> list[Fact]:
        """The facts of the whole installation, and of the accounts that a scope sees, by kind and name.

        Of two of one kind and name an account's own counts in its scope, and the installation's where all are seen.
        """
        query = select(purchase_facts).order_by(_columns.kind, _columns.name, _columns.account)
        if scope.accounts is not None:
            query = query.where(_columns.account.in_(["", *scope.accounts]))

        def read(connection: Connection) -> list[Fact]:
            found: dict[tuple[str, str], Fact] = {}
            for row in connection.execute(query):
                if scope.accounts is not None or (row.kind, row.name) not in found:
                    found[row.kind, row.name] = typed.decode(row.form, type=_KINDS[row.kind])
            return list(found.values())

        return await self._state.read(read)


def check(fact: Fact) -> None:
    """Refuse a fact that cannot hold. Raises InvalidInput."""
    if not fact.name or len(fact.name) > 512:
        raise InvalidInput("cannot put it: expected a name of 1 to 512 characters", field="name")
    if isinstance(fact, OwnRate):
        if not (fact.share.is_finite() and 0 < fact.share <= 1):
            raise InvalidInput(f"cannot put a rate: got share {fact.share}; expected above 0, up to 1", field="share")
        if fact.years not in (1, 3):
            raise InvalidInput(f"cannot put a rate: got {fact.years} years; expected 1 or 3", field="years")
    elif isinstance(fact, Offer):
        if not (fact.hourly.is_finite() and 0 < fact.hourly < 10**6):
            raise InvalidInput(f"cannot put an offer: got {fact.hourly} an hour; expected above 0", field="hourly")
        if not (fact.type and fact.region and 0 < fact.most <= 100_000):
            raise InvalidInput("cannot put an offer: expected a type, a region and 1 to 100000 machines", field="most")
        if fact.end_ms and fact.end_ms <= fact.start_ms:
            raise InvalidInput("cannot put an offer: it ends before it begins", field="end")
    elif isinstance(fact, ReservedRate):
        check_reserved(fact)
    elif fact.start_ms is not None and fact.end_ms is not None and fact.end_ms <= fact.start_ms:
        raise InvalidInput("cannot put a term: it ends before it begins", field="end")


def check_reserved(rate: ReservedRate) -> None:
    """Refuse a rate of reservations that cannot hold. Raises InvalidInput."""
    if rate.provider not in (GOOGLE, AZURE):
        raise InvalidInput(f"cannot put a rate: got provider {rate.provider!r}; expected {GOOGLE} or {AZURE}")
    if (rate.share is None) == (rate.hourly is None):
        raise InvalidInput("cannot put a rate: expected either a share or an hourly price", field="share")
    if rate.share is not None and not (rate.share.is_finite() and 0 < rate.share <= 1):
        raise InvalidInput(f"cannot put a rate: got share {rate.share}; expected above 0, up to 1", field="share")
    if rate.hourly is not None and not (rate.hourly.is_finite() and 0 < rate.hourly < 10**6):
        raise InvalidInput(f"cannot put a rate: got {rate.hourly} an hour; expected above 0", field="hourly")
    if rate.years not in (1, 3):
        raise InvalidInput(f"cannot put a rate: got {rate.years} years; expected 1 or 3", field="years")
    if rate.hourly is not None and rate.region == EVERY:
        raise InvalidInput("cannot put a rate: a price is of one region; expected its name", field="region")
    if any(not (ratio.is_finite() and ratio > 0) for ratio in rate.sizes.values()):
        raise InvalidInput("cannot put a rate: expected ratios of sizes above 0", field="sizes")


def sizes_of(rates: Sequence[ReservedRate]) -> dict[str, tuple[str, Decimal]]:
    """Of each size (in small letters) whose ratio somebody told its flexibility group and that ratio."""
    return {size.lower(): (one.family, ratio) for one in rates for size, ratio in one.sizes.items()}


def shares_of(facts: Sequence[Fact]) -> tuple[Share, ...]:
    """The own rates, as shares."""
    return tuple(
        Share(
            one.kind,
            one.years,
            one.payment,
            one.service,
            one.family,
            one.share,
            Basis.OWN,
            "",
            one.note or "put by hand",
            one.region,
        )
        for one in facts
        if isinstance(one, OwnRate)
    )


def machines_of(facts: Sequence[Fact], family: dict[str, str]) -> tuple[Reservation, ...]:
    """The offers, as what can be bought; `family` by type."""
    return tuple(
        Reservation(
            one.name,
            "",
            one.type,
            one.region,
            one.most,
            one.hourly,
            platform=one.platform,
            family=family.get(one.type, ""),
            years=one.years,
            payment=one.payment,
            start_ms=one.start_ms,
            end_ms=one.end_ms,
            what=one.what,
        )
        for one in facts
        if isinstance(one, Offer)
    )
