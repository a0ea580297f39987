"""Words of the plan: actions on resources, what they are worth alone and together, and the invoices that follow.

Money a month is of HOURS_A_MONTH hours, Decimal, in the plan's one currency, net of discounts. A plan is a set of
actions of which no two exclude each other; its total is that of the set, never a sum of what each is worth alone.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

ZERO = Decimal(0)


class Verb(StrEnum):
    """What an action does, in the order in which a plan takes them: use goes before it is committed to."""

    STOP = "stop"
    DELETE = "delete"
    SCHEDULE = "schedule"
    SHRINK = "shrink"
    MOVE = "move"
    SPOT = "spot"
    CHANGE = "change"
    EXCHANGE = "exchange"
    RENEW = "renew"
    COMMIT = "commit"


class Target(Struct, frozen=True):
    """The machine that takes over: its type, and what an hour of it costs on demand, or on `spot` in the mean."""

    type: str
    rate: Decimal
    spot: bool = False


class Action(Struct, frozen=True):
    """Something to do with one resource, and the findings (their ids) that say so, the leading one first.

    `machine` is the resource as the bill names it. `takes` is the share of its use that goes, or that moves to
    `target`, in all hours or in `hours` of the week (0: Monday 00:00 UTC). Of what moves to spot `lost` is the share
    that is computed again. `flat` is money a month where a check tells it itself. Actions of one machine that are
    `alone` exclude each other. `confidence`: how likely it is that it comes off when it is taken.
    """

    machine: str
    verb: Verb
    findings: tuple[str, ...]
    takes: float = 1.0
    target: Target | None = None
    flat: Decimal | None = None
    alone: bool = True
    confidence: float = 1.0
    hours: tuple[int, ...] = ()
    lost: float = 0.0

    @property
    def id(self) -> str:
        """The same for the same machine, verb and target; of one that does not exclude others also its finding."""
        words = (self.machine, self.verb.value, self.target.type if self.target else "")
        return "|".join(words if self.alone else (*words, self.findings[0]))


class Evidence(Struct, frozen=True):
    """Findings that name no action of their own: how many equal parts of a machine they are about, and why it waits."""

    machine: str
    findings: tuple[str, ...]
    reason: str


class Row(Struct, frozen=True):
    """A line of the plan: actions that are one piece of work, taken together.

    `alone`: what the invoice falls by where nothing else is done; `adds`: by what it falls further where all rows
    above are done already. The `adds` of all rows are the plan's total. `chosen` is false where the set is better
    without it, with the `reason`. `low` and `high` are the 10th and 90th percentile of `adds` over weeks and over how
    certain its actions are. `cash_from` says when it becomes cash; `later` is what it adds beside that a month from
    `later_ms` on, when commitments end that pay for the use until then.
    """

    id: str
    verb: Verb
    actions: tuple[str, ...]
    findings: tuple[str, ...]
    names: tuple[str, ...]
    owner: str
    alone: Decimal
    adds: Decimal
    low: Decimal = ZERO
    high: Decimal = ZERO
    chosen: bool = True
    reason: str = ""
    later_ms: int = 0
    cash_from: str = ""
    later: Decimal = ZERO


class Invoice(Struct, frozen=True):
    """A coming month's invoice without and with the plan, and with it in the most (`low`) and least favourable case."""

    month: str
    before: Decimal
    after: Decimal
    low: Decimal
    high: Decimal


class Plan(Struct, frozen=True):
    """A plan in one currency: its rows, the first one first; its total a month, and the three invoices that follow.

    `worth` by finding: (alone, what it adds in the plan, how that came about). `billed` is what the days that were
    replayed cost, a month, net. `total` is what the set saves when all of it is done and holds; `expected` the mean
    over weeks and over how certain each action is, `low` and `high` the 10th and 90th percentile of that. `how` names
    the way in which the set was found.
    """

    made_ms: int
    currency: str
    start_ms: int
    end_ms: int
    billed: Decimal
    total: Decimal
    low: Decimal
    high: Decimal
    rows: tuple[Row, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    worth: Mapping[str, tuple[Decimal | None, Decimal, str]] = field(default_factory=dict)
    how: str = ""
    notes: tuple[str, ...] = ()
    expected: Decimal = ZERO
