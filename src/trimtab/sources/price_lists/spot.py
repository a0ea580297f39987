"""Histories of spot prices: what `aws ec2 describe-spot-price-history` prints, as JSON or as a table with a header."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimtab.base.errors import InvalidInput, SetupError
from trimtab.base.timerange import parse_instant_ms
from trimtab.client.prices_wire import SpotPoint
from trimtab.sources.tables.csv_file import rows_of, sorted_out

COLUMNS = {
    "AvailabilityZone": ("zone", "az"),
    "InstanceType": ("type",),
    "ProductDescription": ("product", "system"),
    "SpotPrice": ("price",),
    "Timestamp": ("time", "date"),
}


def read(path: Path) -> list[SpotPoint]:
    """The prices of a file. Raises InvalidInput, SetupError where it cannot be read."""
    if path.suffix == ".json":
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise SetupError(f"cannot read {path}: {problem}") from None
        items = told.get("SpotPriceHistory", []) if isinstance(told, dict) else told
        return [_point(one, f"{path}, entry {at}") for at, one in enumerate(items, 1)]
    return [_point(sorted_out(row, COLUMNS)[0], f"{path}, line {row.line}") for row in rows_of(path)]


def _point(item: Mapping[str, Any], where: str) -> SpotPoint:
    try:
        return SpotPoint(
            str(item["InstanceType"]),
            str(item["AvailabilityZone"]),
            parse_instant_ms(str(item["Timestamp"]), 0),
            str(item["SpotPrice"]),
            str(item.get("ProductDescription") or "Linux/UNIX"),
        )
    except (KeyError, TypeError) as problem:
        raise InvalidInput(f"cannot read {where}: it has no {problem}") from None
