#!/usr/bin/env python3
"""Write the prices of models' APIs from the package `genai-prices` as the book that trimtab reads.

Run as `uv run --no-project --with genai-prices python scripts/tabulate_api_prices.py [OUT]`. The package (MIT licence,
by Pydantic) brings pydantic and an HTTP client along, which a server needs for nothing else, so its table is kept here
as lines of JSON: the first says where from, then a vendor or a model a line. `trimtab tokens prices --file` takes the
same form.
"""

import dataclasses
import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "src/trimtab/genai/prices/data/api_prices.jsonl"
TIERS = ("processing", "service_tier")
"""What a variant may depend on: how a request was processed. Others (a route, a speed) no call tells."""


def main() -> int:
    """Write the book. A model without rates is free: the package says so by an empty price."""
    from genai_prices.data import providers

    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    rows: list[dict[str, Any]] = [
        {
            "source": f"genai-prices {version('genai-prices')}",
            "url": "https://github.com/pydantic/genai-prices",
            "licence": "MIT",
            "tabulated": datetime.now(UTC).date().isoformat(),
            "currency": "USD",
        }
    ]
    for vendor in providers:
        rows.append(
            _without_empty(
                {
                    "vendor": vendor.id,
                    "models": _clause(vendor.model_match),
                    "falls_back_on": vendor.fallback_model_providers,
                }
            )
        )
        for model in vendor.models:
            match = _clause(model.match)
            rows.append({"vendor": vendor.id, "model": model.id, "match": match, "prices": _prices(model)})
    out.parent.mkdir(exist_ok=True)
    out.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    print(f"{len(rows) - 1 - len(providers)} models of {len(providers)} vendors: {out}")
    return 0


def _prices(model: Any) -> list[dict[str, Any]]:
    conditional = model.prices if isinstance(model.prices, list) else [model]
    usual = [_price(one.prices, getattr(one, "constraint", None), "") for one in conditional]
    variants = [
        _price(variant.prices, variant.constraint, variant.when[name])
        for variant in model.price_variants or ()
        if len(variant.when) == 1 and (name := next(iter(variant.when))) in TIERS
    ]
    return [*usual, *variants]


def _price(prices: Any, constraint: Any, tier: str) -> dict[str, Any]:
    rates = {key: _rate(rate) for key, rate in vars(prices).items() if rate is not None}
    start, end = getattr(constraint, "start_time", None), getattr(constraint, "end_time", None)
    return _without_empty(
        {
            "from": constraint.start_date.isoformat() if hasattr(constraint, "start_date") else None,
            "hours": [start.strftime("%H:%M"), end.strftime("%H:%M")] if start and end else None,
            "tier": tier,
        }
    ) | {"rates": rates}


def _rate(rate: Any) -> str | list[Any]:
    if not hasattr(rate, "tiers"):
        return f"{rate:f}"
    return [f"{rate.base:f}", *([tier.start, f"{tier.price:f}"] for tier in rate.tiers)]


def _clause(clause: Any) -> dict[str, Any] | None:
    if clause is None:
        return None
    ((name, value),) = dataclasses.asdict(clause).items() if not _nested(clause) else ((_nested(clause), None),)
    if value is None:
        return {name: [_clause(one) for one in getattr(clause, f"{name}_")]}
    return {name: value}


def _nested(clause: Any) -> str:
    return next((name for name in ("or", "and") if hasattr(clause, f"{name}_")), "")


def _without_empty(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value}


if __name__ == "__main__":
    sys.exit(main())
