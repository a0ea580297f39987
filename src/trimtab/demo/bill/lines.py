"""Lines of a bill, many at once: a column is one value for all of them or an array with one for each.

Columns and their order are those of CUR 2.0 (AWS, "Data Exports: Cost and Usage Report 2.0 table dictionary").
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from trimtab.demo.company import Account
from trimtab.demo.noise import Times

HOUR_MS = 3_600_000

_TIME = pa.timestamp("ms", "UTC")
_PAIRS = pa.map_(pa.string(), pa.string())
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("bill_payer_account_id", "bill_payer_account_name", "bill_bill_type")),
        *((name, pa.string()) for name in ("bill_billing_entity", "bill_invoice_id")),
        *((name, _TIME) for name in ("bill_billing_period_start_date", "bill_billing_period_end_date")),
        ("identity_line_item_id", pa.string()),
        *((f"line_item_{name}", pa.string()) for name in ("line_item_type", "usage_account_id", "usage_account_name")),
        *((f"line_item_{name}", pa.string()) for name in ("legal_entity", "currency_code", "product_code")),
        *((f"line_item_{name}", _TIME) for name in ("usage_start_date", "usage_end_date")),
        *((f"line_item_{name}", pa.string()) for name in ("usage_type", "operation", "availability_zone")),
        *((f"line_item_{name}", pa.string()) for name in ("resource_id", "line_item_description", "iam_principal")),
        *((f"line_item_{name}", pa.float64()) for name in ("usage_amount", "normalized_usage_amount")),
        *((f"line_item_{name}", pa.float64()) for name in ("unblended_rate", "unblended_cost", "blended_cost")),
        *((f"pricing_{name}", pa.string()) for name in ("unit", "term", "purchase_option")),
        *((f"pricing_{name}", pa.float64()) for name in ("public_on_demand_rate", "public_on_demand_cost")),
        ("product", _PAIRS),
        *((f"product_{name}", pa.string()) for name in ("servicecode", "product_family", "region_code")),
        *((f"product_{name}", pa.string()) for name in ("instance_type", "sku")),
        ("reservation_reservation_a_r_n", pa.string()),
        *(
            (f"reservation_{name}", pa.float64())
            for name in (
                "effective_cost",
                "amortized_upfront_fee_for_billing_period",
                "unused_amortized_upfront_fee_for_billing_period",
                "unused_recurring_fee",
                "total_reserved_units",
                "unused_quantity",
            )
        ),
        *((f"savings_plan_{name}", pa.string()) for name in ("savings_plan_a_r_n", "offering_type")),
        *((f"savings_plan_{name}", pa.float64()) for name in ("savings_plan_rate", "savings_plan_effective_cost")),
        *((f"savings_plan_{name}", pa.float64()) for name in ("total_commitment_to_date", "used_commitment")),
        ("split_line_item_parent_resource_id", pa.string()),
        *((f"split_line_item_{name}", pa.float64()) for name in ("split_usage", "split_usage_ratio", "actual_usage")),
        *((f"split_line_item_{name}", pa.float64()) for name in ("reserved_usage", "split_cost", "unused_cost")),
        ("resource_tags", _PAIRS),
    ]
)
_STARTS, _ENDS, _ID = "line_item_usage_start_date", "line_item_usage_end_date", "identity_line_item_id"


def lines(account: Account, id_: str, starts: Times, length_ms: int, columns: Mapping[str, Any]) -> pa.Table:
    """A line for each of `starts` (ms), all of `account` and `length_ms` long; `id_` tells them from other lines.

    `columns` are named as in CUR 2.0, without `line_item_` where that makes no other column's name; text, a number or
    an array of them, and for maps a dict.
    """
    given = {
        "line_item_usage_account_id": account.id,
        "line_item_usage_account_name": account.name,
        "line_item_legal_entity": "Amazon Web Services, Inc.",
        "line_item_currency_code": "USD",
        **{_full(name): value for name, value in columns.items()},
        _STARTS: starts,
        _ENDS: starts + length_ms,
        _ID: [f"{id_}-{start // HOUR_MS:x}" for start in starts.tolist()],
    }
    given.setdefault("line_item_blended_cost", given.get("line_item_unblended_cost"))
    arrays = [_array(given.get(field.name), field.type, len(starts)) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def money(value: Any) -> Any:
    """Dollars, rounded to the ten digits of AWS's own reports."""
    return np.round(value, 10)


def _full(name: str) -> str:
    return f"line_item_{name}" if f"line_item_{name}" in SCHEMA.names else name


def _array(value: Any, type_: pa.DataType, rows: int) -> pa.Array:
    if value is None:
        return pa.nulls(rows, type_)
    if isinstance(value, np.ndarray):
        return pa.array(value.astype("datetime64[ms]") if type_ == _TIME else value).cast(type_)
    if isinstance(value, list):
        return pa.array(value, type_)
    return pa.repeat(pa.scalar(list(value.items()) if isinstance(value, dict) else value, type_), rows)
