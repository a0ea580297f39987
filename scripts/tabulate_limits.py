"""Write the catalogue's limits of machines: `tabulate_limits.py instance_types.json[.gz]`.

The input is what EC2's DescribeInstanceTypes answers: objects by name, or a list of them. What is kept is what a type's
EBS and network keep up and reach, of the types that the catalogue has.
"""

import csv
import gzip
import json
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "src/trimtab/inventory/catalog/data"
COLUMNS = ("type", "ebs_mbps", "ebs_iops", "ebs_mbps_burst", "ebs_iops_burst", "network_gbps")


def main(path: str) -> None:
    """Write instance_limits.csv."""
    packed = Path(path).read_bytes()
    held = json.loads(gzip.decompress(packed) if path.endswith(".gz") else packed)
    types = {one["InstanceType"]: one for one in (held.values() if isinstance(held, dict) else held)}
    with (DATA / "instance_types.csv").open(newline="") as file:
        known = sorted(row["type"] for row in csv.DictReader(file))
    with (DATA / "instance_limits.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows(row for name in known if name in types and any((row := limits(types[name]))[1:]))


def limits(told: dict[str, Any]) -> tuple[str, ...]:
    """A row; what is not told is empty."""
    ebs = told.get("EbsInfo", {}).get("EbsOptimizedInfo", {})
    cards = told.get("NetworkInfo", {}).get("NetworkCards", ())
    network = sum(card.get("BaselineBandwidthInGbps", 0) for card in cards)
    names = ("BaselineThroughputInMBps", "BaselineIops", "MaximumThroughputInMBps", "MaximumIops")
    rates = [f"{ebs[name]:.10g}" if name in ebs else "" for name in names]
    return (told["InstanceType"], *rates, f"{network:g}" if network else "")


if __name__ == "__main__":
    main(sys.argv[1])
