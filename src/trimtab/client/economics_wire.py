"""What travels over `/rest/v1/statements`, `/rest/v1/allocation` and `/rest/v1/tags`. Amounts are decimal text."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

Amount = Annotated[str, Meta(description="Decimal text.")]
Month = Annotated[str, Meta(description="A billing month, YYYY-MM.")]
MONTH_PATTERN = r"^((19[7-9][0-9]|20[0-9][0-9])-(0[1-9]|1[0-2]))?$"
"""A month, or nothing."""
StateName = Literal["open", "closed"]
BasisName = Literal["billed", "net", "amortized", "net-amortized"]


class StatementMonth(Struct, frozen=True):
    """A month with a bill; `billed` are the totals of its imports by currency."""

    month: Month
    state: StateName
    billed: dict[str, Amount]
    sources: list[str]


class MonthList(Struct, frozen=True):
    """Every month, the newest first, and the basis that statements are made on."""

    months: list[StatementMonth]
    basis: BasisName
    owner_category: str


class OwnerTotal(Struct, frozen=True):
    """What an owner is charged in a currency: exactly, and in whole coins that add up to the bill."""

    owner: str
    currency: str
    amount: Amount
    coins: Amount


class Line(Struct, frozen=True):
    """A line of a statement. `via` says how it came to the owner, `about` the closed month that it corrects."""

    owner: str
    kind: str
    service: str
    account: str
    via: str
    about: Month | None
    currency: str
    amount: Amount
    coins: Amount
    lines: int


class Reconciled(Struct, frozen=True):
    """A kind of charge on the bill and on the statement."""

    currency: str
    kind: str
    bill: Amount
    statement: Amount
    difference: Amount


class Receipt(Struct, frozen=True):
    """An import that a statement rests on."""

    month: Month
    source: str
    import_id: int
    lines: int
    billed: dict[str, Amount]


class InvoiceLine(Struct, frozen=True):
    """What leads from a statement on another basis than the billed one to the month's invoice, in one currency."""

    name: str
    currency: str
    amount: Amount
    coins: Amount
    invoice: Amount
    invoice_coins: Amount


class Statement(Struct, frozen=True):
    """A month's statement; `lines` are those of the owner asked for, of everybody without one."""

    month: Month
    state: StateName
    basis: BasisName
    owner_category: str
    rules_version: int
    closed_ms: Millis | None
    closed_by: str
    totals: dict[str, Amount]
    owners: list[OwnerTotal]
    lines: list[Line]
    reconciliation: list[Reconciled]
    receipts: list[Receipt]
    unweighed: list[str] = field(default_factory=list)
    rules: str = ""
    to_invoice: list[InvoiceLine] = field(default_factory=list)


class Allocation(Struct, frozen=True):
    """A version of the allocation. 0 are the rules that there are before any is applied."""

    version: int
    document: str
    created_ms: Millis
    created_by: str
    note: str


class AllocationList(Struct, frozen=True):
    """The newest versions first."""

    versions: list[Allocation]


class CheckAllocation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A document to try on a month; without one the newest open month with a bill."""

    document: Annotated[str, Meta(max_length=1_048_576)]
    month: Annotated[str, Meta(pattern=MONTH_PATTERN)] = ""


class ApplyAllocation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A document to apply. `based_on`: the version that it was made from; another one meanwhile is a conflict."""

    document: Annotated[str, Meta(max_length=1_048_576)]
    note: Annotated[str, Meta(max_length=2000)] = ""
    based_on: int | None = None


class Move(Struct, frozen=True):
    """An owner's cost before and after."""

    owner: str
    currency: str
    before: Amount
    after: Amount
    change: Amount


class PreviewTotal(Struct, frozen=True):
    """One currency: the bill, what the statement adds up to, and what nobody owns before and after."""

    currency: str
    billed: Amount
    total: Amount
    adds_up: bool
    moved: Amount
    unowned_before: Amount
    unowned_after: Amount


class Preview(Struct, frozen=True):
    """What a document would do to a month; `month` is None where no bill was imported yet."""

    month: Month | None
    closed: bool
    default: str
    moves: list[Move]
    totals: list[PreviewTotal]
    unweighed: list[str]


class TagKey(Struct, frozen=True):
    """A tag key as the bill writes it, and what the rules make of it."""

    key: str
    currency: str
    cost: Amount
    share: float
    lines: int
    values: int
    meant: str
    active: bool
    note: str


class TagKeyList(Struct, frozen=True):
    """The keys of a month."""

    month: Month
    keys: list[TagKey]


class Compliance(Struct, frozen=True):
    """How far an owner keeps a policy, by cost."""

    key: str
    owner: str
    currency: str
    compliant: Amount
    missing: Amount
    wrong: Amount
    share: float | None
    example: str


class ComplianceList(Struct, frozen=True):
    """Every policy of a month."""

    month: Month
    compliance: list[Compliance]


class Untagged(Struct, frozen=True):
    """Cost of a resource that nobody owns, with a guess at who does."""

    account: str
    service: str
    resource: str
    name: str
    currency: str
    cost: Amount
    lines: int
    suggested: str
    evidence: str
    reason: str


class Apart(Struct, frozen=True):
    """Charges of one kind that are nobody's and no usage: fees, what savings plans covered, tax, credits."""

    kind: str
    currency: str
    cost: Amount


class UntaggedReport(Struct, frozen=True):
    """Usage of a month that nobody owns; `listed` is what the rows add up to, `total` all of it.

    `owned` + `total` + what is `apart` = `billed`.
    """

    month: Month
    owner_category: str
    default: str
    billed: dict[str, Amount]
    owned: dict[str, Amount]
    apart: list[Apart]
    total: dict[str, Amount]
    listed: dict[str, Amount]
    rows: list[Untagged]
