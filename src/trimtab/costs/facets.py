"""Dimensions and metrics as columns of the cost tables: one table each, and nothing else knows the columns."""

from collections.abc import Iterable, Mapping

from trimtab.costs.model import CostCategory, Dimension, Facet, Metric, Tag
from trimtab.costs.tag_keys import Bind, value_sql
from trimtab.store.telemetry.schema_costs import DAILY_NAMES, SUMS

_REPEATED = "line_item_type = 'SavingsPlanNegation'"
"""Lines whose quantity repeats that of the lines that a plan covered: AWS's Cost Explorer does not count it."""

METRIC_COLUMNS: Mapping[Metric, str] = {
    Metric.UNBLENDED: "billed_cost",
    Metric.BLENDED: "blended_cost",
    Metric.AMORTIZED: "effective_cost",
    Metric.NET_UNBLENDED: "net_billed_cost",
    Metric.NET_AMORTIZED: "net_effective_cost",
    Metric.USAGE: "consumed_quantity",
    Metric.NORMALIZED_USAGE: "normalized_quantity",
    Metric.BILLED: "billed_cost",
    Metric.EFFECTIVE: "effective_cost",
    Metric.LIST: "list_cost",
    Metric.CONTRACTED: "contracted_cost",
    Metric.COMMITMENT_TOTAL: "commitment_total",
    Metric.COMMITMENT_USED: "commitment_used",
    Metric.COMMITMENT_TOTAL_HOURS: "commitment_total_hours",
    Metric.COMMITMENT_UNUSED_HOURS: "commitment_unused_hours",
    Metric.SPLIT: "split_cost",
    Metric.SPLIT_UNUSED: "split_unused_cost",
}
"""The column that a metric sums; `Lines` counts."""


def summed(metric: Metric) -> str:
    """What a metric adds up of a row, over either table."""
    column = METRIC_COLUMNS[metric]
    quantity = metric in (Metric.USAGE, Metric.NORMALIZED_USAGE)
    return f"if({_REPEATED}, toDecimal128(0, 12), {column})" if quantity else column


_RESERVED = "if(commitment_discount_type = 'Reserved', commitment_discount_id, '')"
_SAVINGS_PLAN = "if(commitment_discount_type = 'Savings Plan', commitment_discount_id, '')"
_FAMILY = "arrayElement(splitByChar('.', replaceRegexpOne(toString(instance_type), '^(db|cache|ml)\\\\.', '')), 1)"
"""`m5` of m5.large, `r6g` of db.r6g.xlarge."""

_EXPRESSIONS: Mapping[Dimension, str] = {
    Dimension.PROVIDER: "provider_name",
    Dimension.PAYER_ACCOUNT: "billing_account_id",
    Dimension.LINKED_ACCOUNT: "sub_account_id",
    Dimension.LINKED_ACCOUNT_NAME: "sub_account_name",
    Dimension.CURRENCY: "billing_currency",
    Dimension.CHARGE_CATEGORY: "charge_category",
    Dimension.CHARGE_CLASS: "charge_class",
    Dimension.RECORD_TYPE: "line_item_type",
    Dimension.SERVICE: "service_name",
    Dimension.SERVICE_CODE: "service_code",
    Dimension.SERVICE_CATEGORY: "service_category",
    Dimension.USAGE_TYPE: "usage_type",
    Dimension.OPERATION: "operation",
    Dimension.REGION: "region_id",
    Dimension.AZ: "availability_zone",
    Dimension.INSTANCE_TYPE: "instance_type",
    Dimension.INSTANCE_TYPE_FAMILY: _FAMILY,
    Dimension.PRODUCT_FAMILY: "product_family",
    Dimension.PURCHASE_TYPE: "purchase_option",
    Dimension.COMMITMENT_TYPE: "commitment_discount_type",
    Dimension.COMMITMENT_STATUS: "commitment_discount_status",
    Dimension.COMMITMENT: "commitment_discount_id",
    Dimension.RESERVATION_ID: _RESERVED,
    Dimension.SAVINGS_PLAN_ARN: _SAVINGS_PLAN,
    Dimension.BILLING_ENTITY: "billing_entity",
    Dimension.LEGAL_ENTITY_NAME: "invoice_issuer_name",
    Dimension.INVOICING_ENTITY: "invoice_issuer_name",
    Dimension.PLATFORM: "platform",
    Dimension.OPERATING_SYSTEM: "platform",
    Dimension.TENANCY: "tenancy",
    Dimension.DATABASE_ENGINE: "database_engine",
    Dimension.USAGE_UNIT: "consumed_unit",
    Dimension.SOURCE: "toString(source)",
    Dimension.RESOURCE_ID: "resource_id",
    Dimension.RESOURCE_NAME: "resource_name",
    Dimension.RESOURCE_TYPE: "resource_type",
    Dimension.INVOICE: "invoice_id",
    Dimension.DESCRIPTION: "charge_description",
    Dimension.SKU: "sku_id",
    Dimension.SPLIT_PARENT: "split_parent",
}
_DAILY = frozenset(
    (*DAILY_NAMES, "toString(source)", _RESERVED, _SAVINGS_PLAN, _FAMILY)
)  # what the sums by day can answer; the rest asks the lines


def expression(dimension: Dimension) -> str:
    """The SQL of a dimension over either table."""
    return _EXPRESSIONS[dimension]


def in_daily(facets: Iterable[Facet], metrics: Iterable[Metric]) -> bool:
    """Whether the sums by day know all `facets` and `metrics`."""
    known = (isinstance(facet, Tag | CostCategory) or _EXPRESSIONS[facet] in _DAILY for facet in facets)
    return all(known) and all(metric is Metric.LINES or METRIC_COLUMNS[metric] in SUMS for metric in metrics)


def set_column(facet: Tag | CostCategory, bind: Bind) -> tuple[str, str, str]:
    """Of a tag or category: the column that names the set of pairs, the kind of set, and its value in the pairs."""
    if isinstance(facet, Tag):
        return "tag_set", "tags", value_sql(facet, "pairs", bind)
    return "category_set", "categories", f"pairs[{bind(facet.name, 'String')}]"
