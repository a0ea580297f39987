"""Cost exports of LLM APIs, as their consoles write them in CSV (their JSON is laid flat first, see files/flatten.py).

OpenAI's costs: `start_time`, `end_time`, `amount_value`, `amount_currency`, `line_item`, `project_id`. Anthropic's:
`usage_date_utc`, `model`, `workspace`, `api_key`, `token_type`, `cost_usd`. Source: both vendors' documentation of
their usage and cost APIs, November 2026. Usage without a price has no cost here: it is counted, not guessed.
"""

from trimtab.costs.readers import coerce
from trimtab.costs.readers.columns import Columns, SourceColumn
from trimtab.costs.readers.lines import LineMap

FORMAT = "llm"

_START = ("usage_date_utc", "start_time_iso", "starting_at", "start_time", "date", "usage_date")
_END = ("end_time_iso", "ending_at", "end_time")
_COST = ("cost_usd", "amount_value", "amount", "cost")
_QUANTITY = ("quantity", "tokens", "usage_tokens", "total_tokens")
_TAGS = {
    "model": ("model",),
    "project": ("project_name", "project_id", "project"),
    "workspace": ("workspace", "workspace_name", "workspace_id"),
    "api_key": ("api_key", "api_key_name", "api_key_id"),
    "user": ("user_email", "user_id", "user"),
}
_PROPERTIES = ("token_type", "context_window", "usage_type", "cost_type", "service_tier", "inference_geo", "line_item")


def recognises(columns: Columns) -> bool:
    """Whether a file has a date, and what only these exports have."""
    dated = any(columns.has(name) for name in _START)
    priced = columns.has("amount_value") or columns.has("cost_usd") or columns.has("amount", "currency")
    return dated and (priced or (columns.has("model") and any(columns.has(name) for name in _QUANTITY)))


def read(columns: Columns) -> LineMap:
    """How the file becomes lines."""
    cost, quantity = columns.find(*_COST), columns.find(*_QUANTITY)
    item, model = columns.find("line_item", "description"), columns.find("model")
    anthropic = columns.has("workspace") or columns.has("workspace_id") or columns.has("token_type")
    provider = "Anthropic" if anthropic else "OpenAI"
    tags = [(key, column) for key, names in _TAGS.items() if (column := columns.find(*names)) is not None]
    kept = [(name, column) for name in _PROPERTIES if (column := columns.find(name)) is not None]
    typed = {
        "charge_period_start": coerce.time(columns.find(*_START)),
        "charge_period_end": coerce.time(columns.find(*_END)),
        "billed_cost": coerce.money(cost),
        "consumed_quantity": coerce.money(quantity),
        "list_cost": coerce.money(columns.find("list_price_usd")),
        "billing_currency": f"upper({coerce.text(columns.find('amount_currency', 'currency'), 'USD')})",
        "billing_account_id": coerce.text(columns.find("organization_id", "organization")),
        "billing_account_name": coerce.text(columns.find("organization_name")),
        "sub_account_id": coerce.text(columns.find("project_id", "workspace_id", "workspace")),
        "sub_account_name": coerce.text(columns.find("project_name", "workspace_name", "workspace")),
        "charge_description": coerce.text(item if item is not None else model),
        "sku_id": coerce.text(model if model is not None else item),
        "usage_type": coerce.text(columns.find("token_type", "usage_type", "line_item")),
        "tags": coerce.collected(tags),
        "properties": coerce.collected(kept),
    }
    return LineMap(
        FORMAT,
        typed,
        derived=_derived(provider, columns.has("list_price_usd"), quantity),
        raw={"billed_cost": cost.sql} if cost is not None else {},
        beyond=coerce.beyond(cost, typed["billed_cost"]),
        line=f"sipHash64({', '.join(f'toString({column.sql})' for column in columns.columns)})",
        keep=coerce.given(columns.find(*_START)),
        notes=() if cost is not None else ("the export has usage and no cost: its lines cost 0",),
    )


def _derived(provider: str, listed: bool, quantity: SourceColumn | None) -> dict[str, str]:
    return {
        "provider_name": f"'{provider}'",
        "publisher_name": f"'{provider}'",
        "invoice_issuer_name": f"'{provider}'",
        "billing_entity": f"'{provider}'",
        "service_name": f"'{provider} API'",
        "service_category": "'AI and Machine Learning'",
        "charge_category": "'Usage'",
        "line_item_type": "'Usage'",
        "charge_frequency": "'Usage-Based'",
        "pricing_category": "'Standard'",
        "purchase_option": "'On-Demand'",
        "consumed_unit": "'Tokens'" if quantity is not None else "''",
        "effective_cost": "billed_cost",
        "blended_cost": "billed_cost",
        "net_billed_cost": "billed_cost",
        "net_effective_cost": "billed_cost",
        "contracted_cost": "billed_cost",
        "list_cost": f"ifNull(_list_cost, {coerce.ZERO})" if listed else "billed_cost",
    }
