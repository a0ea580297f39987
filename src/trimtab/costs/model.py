"""Words of a bill: what is summed, by what it is grouped, how it is filtered, and what an import answers.

Lines are FOCUS-shaped (https://focus.finops.org) and carry what AWS's Cost and Usage Report knows beyond FOCUS; their
columns are those of `store/telemetry/schema_costs.py`. Amounts are Decimal with 12 digits after the point; digits
beyond are rounded half away from zero, and the receipt says by how much that moved the sum.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from trimtab.inventory.tag_keys import TagKey

DIGITS = 12
"""Digits after the point of every stored amount and quantity."""


class Metric(StrEnum):
    """What can be summed: Cost Explorer's names, then FOCUS's."""

    UNBLENDED = "UnblendedCost"
    BLENDED = "BlendedCost"
    AMORTIZED = "AmortizedCost"
    NET_UNBLENDED = "NetUnblendedCost"
    NET_AMORTIZED = "NetAmortizedCost"
    USAGE = "UsageQuantity"
    NORMALIZED_USAGE = "NormalizedUsageAmount"
    BILLED = "BilledCost"
    EFFECTIVE = "EffectiveCost"
    LIST = "ListCost"
    CONTRACTED = "ContractedCost"
    COMMITMENT_TOTAL = "CommitmentTotal"
    COMMITMENT_USED = "CommitmentUsed"
    COMMITMENT_TOTAL_HOURS = "CommitmentTotalHours"
    COMMITMENT_UNUSED_HOURS = "CommitmentUnusedHours"
    SPLIT = "SplitCost"  # a container's share of its machine's cost; beside the bill, not in it
    SPLIT_UNUSED = "SplitUnusedCost"  # and of what no container used of it
    LINES = "Lines"


class Dimension(StrEnum):
    """What lines can be grouped and filtered by: Cost Explorer's dimension names, and a few of our own."""

    PROVIDER = "PROVIDER"
    PAYER_ACCOUNT = "PAYER_ACCOUNT"
    LINKED_ACCOUNT = "LINKED_ACCOUNT"
    LINKED_ACCOUNT_NAME = "LINKED_ACCOUNT_NAME"
    CURRENCY = "CURRENCY"
    CHARGE_CATEGORY = "CHARGE_CATEGORY"
    CHARGE_CLASS = "CHARGE_CLASS"
    RECORD_TYPE = "RECORD_TYPE"
    SERVICE = "SERVICE"
    SERVICE_CODE = "SERVICE_CODE"
    SERVICE_CATEGORY = "SERVICE_CATEGORY"
    USAGE_TYPE = "USAGE_TYPE"
    OPERATION = "OPERATION"
    REGION = "REGION"
    AZ = "AZ"
    INSTANCE_TYPE = "INSTANCE_TYPE"
    INSTANCE_TYPE_FAMILY = "INSTANCE_TYPE_FAMILY"
    PRODUCT_FAMILY = "PRODUCT_FAMILY"
    PURCHASE_TYPE = "PURCHASE_TYPE"
    COMMITMENT_TYPE = "COMMITMENT_TYPE"
    COMMITMENT_STATUS = "COMMITMENT_STATUS"
    COMMITMENT = "COMMITMENT"
    RESERVATION_ID = "RESERVATION_ID"
    SAVINGS_PLAN_ARN = "SAVINGS_PLAN_ARN"
    BILLING_ENTITY = "BILLING_ENTITY"
    LEGAL_ENTITY_NAME = "LEGAL_ENTITY_NAME"
    INVOICING_ENTITY = "INVOICING_ENTITY"
    PLATFORM = "PLATFORM"
    OPERATING_SYSTEM = "OPERATING_SYSTEM"
    TENANCY = "TENANCY"
    DATABASE_ENGINE = "DATABASE_ENGINE"
    USAGE_UNIT = "USAGE_UNIT"
    SOURCE = "SOURCE"
    RESOURCE_ID = "RESOURCE_ID"
    RESOURCE_NAME = "RESOURCE_NAME"
    RESOURCE_TYPE = "RESOURCE_TYPE"
    INVOICE = "INVOICE"
    DESCRIPTION = "DESCRIPTION"
    SKU = "SKU"
    SPLIT_PARENT = "SPLIT_PARENT"


class Granularity(StrEnum):
    """Length of the periods of an answer. TOTAL is one period over everything asked for."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    MONTHLY = "MONTHLY"
    TOTAL = "TOTAL"


class Tag(TagKey, frozen=True):
    """The value of a key of tags; "" where a line has none. `inventory/tag_keys.py` says which keys of a line count."""


class CostCategory(Struct, frozen=True):
    """The value of cost category `name`; "" where a line has none. It is the bill's own, or one of the rules that were
    applied. `owners`: the owners' category, which the built-in rules have too.
    """

    name: str
    owners: bool = False


Facet = Dimension | Tag | CostCategory


USE = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")
"""Record types of lines whose quantity is what was used: those of fees and of negations repeat it."""


class Match(StrEnum):
    """How a filter compares."""

    EQUALS = "EQUALS"
    STARTS_WITH = "STARTS_WITH"
    ENDS_WITH = "ENDS_WITH"
    CONTAINS = "CONTAINS"
    ABSENT = "ABSENT"
    GREATER_THAN_OR_EQUAL = "GREATER_THAN_OR_EQUAL"


class Where(Struct, frozen=True):
    """Lines whose `facet` matches any of `values`. ABSENT needs no values."""

    facet: Facet
    values: tuple[str, ...] = ()
    match: Match = Match.EQUALS
    ignore_case: bool = False


class And(Struct, frozen=True):
    """Lines that pass every one."""

    parts: tuple["Filter", ...]


class Or(Struct, frozen=True):
    """Lines that pass any one."""

    parts: tuple["Filter", ...]


class Not(Struct, frozen=True):
    """Lines that do not pass."""

    part: "Filter"


Filter = Where | And | Or | Not


class CostQuery(Struct, frozen=True):
    """A question to the bill over `[start_ms, end_ms)`, UTC; bounds are whole hours (HOURLY) or days.

    A line belongs to the time at which its charge starts, kept within its billing period, so that months add up to
    invoices.
    """

    start_ms: int
    end_ms: int
    metrics: tuple[Metric, ...]
    granularity: Granularity = Granularity.TOTAL
    group_by: tuple[Facet, ...] = ()
    where: Filter | None = None


class CostRow(Struct, frozen=True):
    """One group in one period and one currency. `unit` is that of its usage, "N/A" where they differ."""

    start_ms: int
    end_ms: int
    keys: tuple[str, ...]
    currency: str
    unit: str
    lines: int
    amounts: tuple[Decimal, ...]


class Skipped(Struct, frozen=True):
    """Lines of a file that were not taken, with the reason and one of the values at fault."""

    reason: str
    lines: int
    example: str


class Total(Struct, frozen=True):
    """Sums of one (currency, charge category, line item type).

    `exact` is the file's own sum of billed cost, to 30 digits; `billed` that of the stored lines.
    """

    currency: str
    charge_category: str
    line_item_type: str
    lines: int
    billed: Decimal
    exact: Decimal
    effective: Decimal
    list_cost: Decimal


class Receipt(Struct, frozen=True):
    """What an import took and what it left. `notes` say how the file differed from its format."""

    source: str
    format: str
    files: tuple[str, ...]
    lines: int
    months: tuple[int, ...]
    replaced_lines: int
    totals: tuple[Total, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()

    def billed(self) -> Mapping[str, Decimal]:
        """Stored billed cost by currency."""
        return self._by_currency({total: total.billed for total in self.totals})

    def exact(self) -> Mapping[str, Decimal]:
        """The file's own sum of billed cost by currency, digits beyond the stored twelve included."""
        return self._by_currency({total: total.exact for total in self.totals})

    def _by_currency(self, amounts: Mapping[Total, Decimal]) -> Mapping[str, Decimal]:
        found: dict[str, Decimal] = {}
        for total, amount in amounts.items():
            found[total.currency] = found.get(total.currency, Decimal(0)) + amount
        return found


class ImportState(StrEnum):
    """Where an import is. `committing`: everything is staged, billing periods are being swapped in."""

    READING = "reading"
    COMMITTING = "committing"
    DONE = "done"
    FAILED = "failed"


class ImportRecord(Struct, frozen=True):
    """An import as the ledger keeps it."""

    id: int
    source: str
    location: str
    format: str
    state: ImportState
    started_ms: int
    ended_ms: int | None
    rows: int
    months: tuple[int, ...]
    receipt: Receipt | None = None
    problem: str = ""


class Held(Struct, frozen=True):
    """What a source holds of a billing month. `accounts` are "provider/billing account"."""

    source: str
    month: int
    import_id: int
    lines: int
    accounts: tuple[str, ...]
    totals: Mapping[str, Decimal] = field(default_factory=dict)


def is_nearly_nothing(before: Decimal, after: Decimal) -> bool:
    """Whether an amount is so small beside another that a percentage of it, beyond +9,900 %, says nothing."""
    return abs(before) < abs(after) / 100 or before == 0
