"""Words of reports about tags: keys, compliance, and cost that nobody owns."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from trimtab.economics.statements.model import Kind


class TagKey(Struct, frozen=True):
    """A key as the bill writes it. `meant` is the key that the rules make of it ("" where they say nothing)."""

    key: str
    currency: str
    cost: Decimal
    share: float
    lines: int
    values: int
    meant: str
    active: bool
    note: str


class Compliance(Struct, frozen=True):
    """How far an owner keeps a policy: cost of lines that carry what is asked for, that carry nothing, or something
    else, with an example of it."""

    key: str
    owner: str
    currency: str
    compliant: Decimal
    missing: Decimal
    wrong: Decimal
    example: str

    @property
    def share(self) -> float | None:
        """Compliant ÷ all; None where nothing costs anything."""
        whole = self.compliant + self.missing + self.wrong
        return float(self.compliant / whole) if whole > 0 else None


class Evidence(StrEnum):
    """What a suggestion rests on, the strongest first."""

    SAME_RESOURCE = "same resource"
    NAME = "name"
    ACCOUNT = "account"


class Suggestion(Struct, frozen=True):
    """An owner, and why."""

    owner: str
    evidence: Evidence
    reason: str


class Untagged(Struct, frozen=True):
    """Cost that no rule gives to anybody, by resource ("" for charges that have none)."""

    account: str
    service: str
    resource: str
    name: str
    currency: str
    cost: Decimal
    lines: int
    suggestion: Suggestion | None


class Apart(Struct, frozen=True):
    """A kind of charge that is nobody's and no use of anything: fees, what plans covered, tax, credits."""

    kind: Kind
    currency: str
    cost: Decimal


class UntaggedReport(Struct, frozen=True):
    """Usage that nobody owns, by currency: `total` is exact, `rows` are the largest of it, `listed` is their sum.

    `owned` + `total` + what is `apart` = `billed`.
    """

    month: int
    owner_category: str
    default: str
    billed: dict[str, Decimal]
    owned: dict[str, Decimal]
    apart: tuple[Apart, ...]
    total: dict[str, Decimal]
    listed: dict[str, Decimal]
    rows: tuple[Untagged, ...]
