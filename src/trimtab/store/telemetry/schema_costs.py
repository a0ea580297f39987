"""Tables of the costs room: the lines of bills, their sums by day, and the sets of tags that lines carry.

All three are partitioned by (billing month, source), so that a corrected month of one source replaces the old one by
`REPLACE PARTITION`. Names are FOCUS's in snake case; what AWS's bill knows beyond FOCUS keeps AWS's words.
"""

from trimtab.store.telemetry.table import NAME, Table

MONEY = "Decimal(38, 12)"
"""Of every amount and quantity. Sum it as `sum(toDecimal256(x, 12))`; plain `*`, `/` and `sum` wrap silently."""

_SECONDS = "DateTime('UTC')"
_TIME_CODEC = "CODEC(Delta(4), ZSTD(1))"
_PACKED = "CODEC(ZSTD(1))"


def _names(*names: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, NAME, "") for name in names)


def _amounts(*names: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, MONEY, "") for name in names)


_KEY = (
    ("month", "UInt32", _TIME_CODEC),  # YYYYMM of the billing period
    ("source", "UInt32", _TIME_CODEC),  # id in the state table cost_sources
    ("day", "Date", ""),  # of the charge's start, kept within the billing period
)

DAILY_NAMES = (
    "provider_name",
    "billing_account_id",
    "sub_account_id",
    "billing_currency",
    "charge_category",
    "charge_class",
    "line_item_type",
    "service_name",
    "service_code",
    "service_category",
    "usage_type",
    "operation",
    "region_id",
    "availability_zone",
    "instance_type",
    "product_family",
    "purchase_option",
    "commitment_discount_type",
    "commitment_discount_status",
    "commitment_discount_id",
    "billing_entity",
    "invoice_issuer_name",
    "platform",
    "tenancy",
    "database_engine",
    "consumed_unit",
)
"""What the sums by day are grouped by, beside month, source, day and the sets of tags and cost categories."""

SUMS = (
    "billed_cost",
    "effective_cost",
    "list_cost",
    "contracted_cost",
    "blended_cost",
    "net_billed_cost",
    "net_effective_cost",
    "consumed_quantity",
    "normalized_quantity",
    "commitment_total",
    "commitment_used",
    "commitment_total_hours",
    "commitment_unused_hours",
)
"""The amounts that both tables carry."""

COST_LINES = Table(
    "cost_lines",
    (
        *_KEY,
        ("charge_period_start", _SECONDS, _TIME_CODEC),
        ("charge_period_end", _SECONDS, _TIME_CODEC),
        ("billing_period_start", _SECONDS, _TIME_CODEC),
        ("billing_period_end", _SECONDS, _TIME_CODEC),
        *_names(*DAILY_NAMES),
        *_names(
            "billing_account_name",
            "sub_account_name",
            "publisher_name",
            "invoice_id",
            "charge_frequency",
            "charge_description",
            "pricing_category",
            "pricing_unit",
            "region_name",
            "resource_type",
            "sku_id",
            "sku_price_id",
            "commitment_discount_name",
            "commitment_discount_category",
            "commitment_discount_unit",
            "offering_type",
        ),
        ("resource_id", "String", _PACKED),
        ("resource_name", "String", _PACKED),
        ("split_parent", "String", _PACKED),  # resource that a split line takes its share of
        *_amounts(*SUMS),
        *_amounts(
            "pricing_quantity",
            "commitment_discount_quantity",
            "list_unit_price",
            "contracted_unit_price",
            "split_usage",
            "split_usage_ratio",
            "split_cost",
            "split_unused_cost",
            "net_split_cost",
            "net_split_unused_cost",
        ),
        ("beyond", "Int64", _PACKED),  # what rounding cut off billed_cost, in 1e-30: the file's own sum stays exact
        ("line", "UInt64", ""),  # sipHash64 of the line's own id, else of its content
        ("file", NAME, ""),
        ("tag_set", "UInt64", _PACKED),
        ("category_set", "UInt64", _PACKED),
        ("tags", f"Map({NAME}, String)", _PACKED),
        ("cost_categories", f"Map({NAME}, String)", _PACKED),
        ("properties", f"Map({NAME}, String)", _PACKED),
    ),
    order_by="(sub_account_id, service_name, usage_type, charge_period_start)",
    partition_by="(month, source)",
    shard="line",  # a hash already; one account's one service may be most of a bill
    indexes=("days day TYPE minmax GRANULARITY 16",),  # billing periods need not be calendar months
)
COST_DAILY = Table(
    "cost_daily",
    (
        *_KEY,
        *_names(*DAILY_NAMES),
        ("tag_set", "UInt64", ""),
        ("category_set", "UInt64", ""),
        ("lines", "UInt64", ""),
        *_amounts(*SUMS),
    ),
    order_by="(day, sub_account_id, service_name)",
    partition_by="(month, source)",
)
COST_SETS = Table(
    "cost_sets",
    (
        *_KEY[:2],
        ("set", "UInt64", ""),
        ("kind", NAME, ""),  # tags or categories
        ("pairs", f"Map({NAME}, String)", _PACKED),
    ),
    order_by="(kind, set)",
    partition_by="(month, source)",
    shard="set",
)

COST_TABLES = (COST_LINES, COST_DAILY, COST_SETS)
