"""DescribeSpotPriceHistory: what the account's instance types, and all that have accelerators, cost as spot."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from trimtab.accounts.describe.contract import Calls, chunks
from trimtab.base.clock import to_datetime, to_ms
from trimtab.inventory.catalog.spot import LINUX, SpotPrice

_TYPES_AT_ONCE = 100


def read(calls: Calls, region: str, types: Sequence[str], since_ms: int, now_ms: int) -> Iterator[SpotPrice]:
    """Prices of the types as they changed. Blocks."""
    for part in chunks(sorted(set(types)), _TYPES_AT_ONCE):
        found = calls.pages(
            *("ec2", region, "DescribeSpotPriceHistory", "SpotPriceHistory"),
            InstanceTypes=part,
            ProductDescriptions=[LINUX],
            StartTime=to_datetime(since_ms),
            EndTime=to_datetime(now_ms),
        )
        for item in found:
            if item["InstanceType"] in part:
                yield SpotPrice(
                    item["InstanceType"],
                    region,
                    item.get("AvailabilityZone", ""),
                    to_ms(item["Timestamp"]),
                    Decimal(item["SpotPrice"]),
                    item.get("ProductDescription", LINUX),
                )
