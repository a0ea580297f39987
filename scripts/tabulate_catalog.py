"""Write the catalogue's data files from a table of AWS instance types: `tabulate_catalog.py aws_instances.csv`.

The input has a line an instance type with its specification, its price on demand in us-east-1 and where each came from;
what is kept are the facts that trimtab uses. Rows of `OLDER` are prices that ended, so that last year's runs cost what
they cost then.
"""

import csv
import sys
from pathlib import Path

OUT = Path(__file__).parent.parent / "src/trimtab/inventory/catalog/data"
PRICES_AS_OF = "2026-07-20"
CHANGED = "2025-06-23"
OLDER = (
    ("p4d.24xlarge", "32.7726"),
    ("p4de.24xlarge", "40.9658"),
    ("p5.48xlarge", "98.32"),
    ("p5en.48xlarge", "84.80"),
)
SPECS = {
    "moto": "ec2-describe-instance-types",
    "karpenter-docs": "karpenter-instance-types",
    "ec2instances.info-2017": "ec2instances-2017",
    "manual": "aws-instance-pages",
}
NAMES = {
    ("V100", "16"): "V100 16GB",
    ("V100", "32.0"): "V100 32GB",
    ("A100", "40.0"): "A100 40GB",
    ("A100", "80.0"): "A100 80GB",
    ("Gaudi HL-205", "32"): "Gaudi",
    ("radeon-pro-v520", "8.0"): "Radeon Pro V520",
    ("RTX PRO Server 6000", "96.0"): "RTX PRO 6000",
    ("Qualcomm AI100", "15.6"): "Cloud AI 100",
}


def main(path: str) -> None:
    """Write instance_types.csv and prices.csv."""
    with Path(path).open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["instance_type"])
    with (OUT / "instance_types.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("type", "vcpus", "memory_gib", "accelerator", "accelerators", "network", "spot", "source"))
        for row in rows:
            name = NAMES.get((row["accel_name"], row["accel_mem_gib_each"]), row["accel_name"])
            spot = "yes" if "spot" in row["usage_classes"] else "no" if row["usage_classes"] else ""
            cells = (row["vcpu"], plain(row["mem_gib"]), name, plain(row["accel_count"]), row["network"], spot)
            out.writerow((row["instance_type"], *cells, SPECS[row["spec_src"]]))
    with (OUT / "prices.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("type", "region", "purchase", "currency", "per_hour", "as_of", "until", "source"))
        for name, price in OLDER:
            out.writerow((name, "us-east-1", "on-demand", "USD", price, "2025-04-28", CHANGED, "karpenter-prices"))
        for row in rows:
            if row["on_demand_usd_hr"]:
                cells = ("us-east-1", "on-demand", "USD", row["on_demand_usd_hr"], PRICES_AS_OF, "")
                out.writerow((row["instance_type"], *cells, "karpenter-prices"))


def plain(number: str) -> str:
    """`80.0` as `80`."""
    return number.removesuffix(".0")


if __name__ == "__main__":
    main(sys.argv[1])
