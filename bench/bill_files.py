"""Writes a bill to try imports on: a month of CUR 2.0 Parquet with 400 accounts, Reserved Instances, Savings Plans,
spot, split lines of containers, taxes, refunds and credits. Deterministic for a number of rows and a seed.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = np.datetime64("2026-08-01T00:00:00")
HOURS = 744
ACCOUNTS = 400
ROW_GROUP = 500_000
FILE_ROWS = 2_000_000
PAYER = "100000000000"

TYPES = (
    ("Usage", 0.60),
    ("SavingsPlanCoveredUsage", 0.27),  # each line has its SavingsPlanNegation
    ("DiscountedUsage", 0.08),
    ("Split", 0.05),  # a Usage line of a container: its costs are in split_line_item_*
)
"""What a resource's lines are."""
RARE = (
    ("SavingsPlanRecurringFee", 0.01),
    ("RIFee", 0.005),
    ("Tax", 0.01),
    ("Refund", 0.002),
    ("Credit", 0.003),
)
"""Lines of no resource."""
NAMES = (*(name for name, _ in TYPES), "SavingsPlanNegation", *(name for name, _ in RARE))
OFF_LIST = ("SavingsPlanNegation", "SavingsPlanRecurringFee", "RIFee", "Tax", "Refund", "Credit")
SERVICES = (
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "BoxUsage", "RunInstances"),
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "SpotUsage", "RunInstances:SV001"),
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "EBS:VolumeUsage.gp3", "CreateVolume-Gp3"),
    ("AmazonSageMaker", "Amazon SageMaker", "Host:ml", "RunInstance"),
    ("AmazonSageMaker", "Amazon SageMaker", "Train:ml", "RunInstance"),
    ("AmazonS3", "Amazon Simple Storage Service", "TimedStorage-ByteHrs", "StandardStorage"),
    ("AmazonS3", "Amazon Simple Storage Service", "Requests-Tier1", "PutObject"),
    ("AmazonRDS", "Amazon Relational Database Service", "InstanceUsage", "CreateDBInstance:0002"),
    ("AWSLambda", "AWS Lambda", "Lambda-GB-Second", "Invoke"),
    ("AmazonEKS", "Amazon Elastic Container Service for Kubernetes", "AmazonEKS-Hours:perCluster", "CreateOperation"),
    ("AWSDataTransfer", "AWS Data Transfer", "DataTransfer-Out-Bytes", "RunInstances"),
    ("AmazonCloudWatch", "AmazonCloudWatch", "CW:MetricMonitorUsage", "MetricStorage"),
)
INSTANCES = ("p4d.24xlarge", "p5.48xlarge", "g5.xlarge", "g6.12xlarge", "m7i.2xlarge", "c7g.4xlarge", "r7i.xlarge", "")
RATES = (21.9576, 55.04, 1.006, 4.6016, 0.4032, 0.58, 0.2646, 0.0125)
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1")
TEAMS = ("ranking", "vision", "speech", "search", "platform", "ads", "safety", "research")
ENVIRONMENTS = ("prod", "staging", "dev")
PROJECTS = tuple(f"project-{number:03d}" for number in range(60))


def write_bill(directory: Path, rows: int, seed: int = 7) -> Decimal:
    """Write `rows` lines as Parquet files; returns the exact sum of their unblended cost."""
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    world = _World(random, max(1, rows // HOURS))
    total, written, number = Decimal(0), 0, 0
    while written < rows:
        wanted = min(FILE_ROWS, rows - written)
        with pq.ParquetWriter(directory / f"bill-{number:05d}.snappy.parquet", world.schema) as writer:
            for at in range(0, wanted, ROW_GROUP):
                table, part = world.lines(min(ROW_GROUP, wanted - at), written + at)
                writer.write_table(table, row_group_size=ROW_GROUP)
                total += part
        written += wanted
        number += 1
    return total


class _World:
    """The resources of the company, each with an account, a product and tags; lines are their hours."""

    def __init__(self, random: np.random.Generator, resources: int) -> None:
        self._random = random
        self._service = random.integers(0, len(SERVICES), resources)
        self._instance = random.integers(0, len(INSTANCES), resources)
        self._account = random.zipf(1.3, resources) % ACCOUNTS
        self._region = random.integers(0, len(REGIONS), resources)
        self._ids = pa.array([f"i-{value:017x}" for value in random.integers(0, 1 << 60, resources)])
        sets: list[list[tuple[str, str]]] = [[]]
        sets += [
            [("user_team", team), ("user_env", environment), ("user_project", project)]
            for team in TEAMS
            for environment in ENVIRONMENTS
            for project in PROJECTS
        ]
        self._sets = pa.array(sets, pa.map_(pa.string(), pa.string()))
        self._set = np.where(random.random(resources) < 0.2, 0, random.integers(1, len(sets), resources))
        products = [
            [("product_name", service[1]), ("instance_type", instance), ("operating_system", "Linux")]
            for service in SERVICES
            for instance in INSTANCES
        ]
        self._products = pa.array(products, pa.map_(pa.string(), pa.string()))
        self._kind = np.searchsorted(np.cumsum([share for _, share in TYPES]), random.random(resources))
        self._kind = np.minimum(self._kind, len(TYPES) - 1)
        self.schema = self.lines(2, 0)[0].schema

    def lines(self, rows: int, first: int) -> tuple[pa.Table, Decimal]:
        """`rows` lines from line `first` on, and the exact sum of their cost."""
        random = self._random
        resource = random.integers(0, len(self._service), rows)
        hour = ((np.arange(first, first + rows) // max(1, len(self._service))) % HOURS).astype("timedelta64[h]")
        kind = self._kinds(resource, rows)
        usage = np.round(random.random(rows), 8)
        list_cost = np.round(np.array(RATES)[self._instance[resource]] * usage, 10)
        columns = self._columns(rows, first, resource, START + hour, kind, usage, list_cost)
        unblended = columns["line_item_unblended_cost"]
        units = np.rint(unblended * 1e10).astype(np.int64)  # rounded to 10 digits, so these are exact
        return pa.table(columns), Decimal(int(units.sum())).scaleb(-10)

    def _kinds(self, resource: np.ndarray, rows: int) -> np.ndarray:
        """The type of each line, an index of NAMES: that of its resource, but for the rare ones."""
        kind = self._kind[resource]
        negation = (kind == 1) & (np.arange(rows) % 2 == 1)
        kind = np.where(negation, len(TYPES), kind)
        rare = np.searchsorted(np.cumsum([share for _, share in RARE]), self._random.random(rows))
        return np.where(rare < len(RARE), len(TYPES) + 1 + rare, kind)

    def _columns(
        self,
        rows: int,
        first: int,
        resource: np.ndarray,
        start: np.ndarray,
        kind: np.ndarray,
        usage: np.ndarray,
        list_cost: np.ndarray,
    ) -> dict[str, object]:
        names = np.array(NAMES)
        type_ = names[kind]
        is_ = {name: type_ == name for name in names}
        account = self._account[resource]
        instance, service = self._instance[resource], self._service[resource]
        unblended = np.select(
            [is_["SavingsPlanNegation"], is_["DiscountedUsage"] | is_["Split"], is_["Refund"] | is_["Credit"]],
            [-list_cost, np.zeros(rows), np.round(-list_cost * 0.3, 10)],
            list_cost,
        )
        covered = is_["SavingsPlanCoveredUsage"] | is_["SavingsPlanNegation"] | is_["SavingsPlanRecurringFee"]
        reserved = is_["DiscountedUsage"] | is_["RIFee"]
        effective = np.round(list_cost * 0.62, 10)
        zero = np.zeros(rows)
        end = start + np.timedelta64(1, "h")
        usage_types = [f"{one[2]}:{name}" if name else one[2] for one in SERVICES for name in INSTANCES]
        product = service * len(INSTANCES) + instance
        return {
            "bill_payer_account_id": _fixed(PAYER, rows),
            "bill_payer_account_name": _fixed("Example Holding", rows),
            "bill_billing_period_start_date": _time(np.full(rows, START)),
            "bill_billing_period_end_date": _time(np.full(rows, np.datetime64("2026-09-01T00:00:00"))),
            "bill_bill_type": _picked(np.where(is_["Refund"], 1, 0), ("Anniversary", "Refund")),
            "bill_billing_entity": _fixed("AWS", rows),
            "bill_invoice_id": _fixed("2026080001", rows),
            "identity_line_item_id": _ids(first, rows),
            "line_item_line_item_type": _picked(
                np.where(is_["Split"], 0, kind), [name if name != "Split" else "Usage" for name in names]
            ),
            "line_item_usage_account_id": _picked(account, [f"2{number:011d}" for number in range(ACCOUNTS)]),
            "line_item_usage_account_name": _picked(account, [f"account-{number}" for number in range(ACCOUNTS)]),
            "line_item_legal_entity": _fixed("Amazon Web Services, Inc.", rows),
            "line_item_usage_start_date": _time(start),
            "line_item_usage_end_date": _time(end),
            "line_item_product_code": _picked(service, [one[0] for one in SERVICES]),
            "line_item_usage_type": _picked(product, usage_types),
            "line_item_operation": _picked(service, [one[3] for one in SERVICES]),
            "line_item_availability_zone": _picked(self._region[resource], [f"{name}a" for name in REGIONS]),
            "line_item_resource_id": self._ids.take(pa.array(resource)),
            "line_item_currency_code": _fixed("USD", rows),
            "line_item_usage_amount": usage,
            "line_item_normalized_usage_amount": usage * 4,
            "line_item_unblended_cost": unblended,
            "line_item_blended_cost": unblended,
            "line_item_net_unblended_cost": np.round(unblended * 0.97, 10),
            "line_item_line_item_description": _picked(product, [f"$ per unit of {name}" for name in usage_types]),
            "pricing_public_on_demand_cost": np.where(np.isin(type_, OFF_LIST), 0, list_cost),
            "pricing_public_on_demand_rate": np.array(RATES)[instance],
            "pricing_unit": _picked(np.where(service == 5, 1, 0), ("Hrs", "GB-Mo")),
            "pricing_term": _picked(np.where(reserved, 1, 0), ("OnDemand", "Reserved")),
            "product": self._products.take(pa.array(product)),
            "product_region_code": _picked(self._region[resource], REGIONS),
            "product_product_family": _picked(np.where(service < 5, 0, 1), ("Compute Instance", "Storage")),
            "reservation_reservation_a_r_n": _picked(
                np.where(reserved, 1 + account % 40, 0),
                ["", *(_arn("ec2", "reserved-instances", n) for n in range(40))],
            ),
            "reservation_effective_cost": np.where(is_["DiscountedUsage"], effective, zero),
            "reservation_unused_amortized_upfront_fee_for_billing_period": np.where(is_["RIFee"], 0.25, zero),
            "reservation_unused_recurring_fee": np.where(is_["RIFee"], 0.125, zero),
            "savings_plan_savings_plan_a_r_n": _picked(
                np.where(covered, 1 + account % 20, 0),
                ["", *(_arn("savingsplans", "savingsplan", n) for n in range(20))],
            ),
            "savings_plan_savings_plan_effective_cost": np.where(is_["SavingsPlanCoveredUsage"], effective, zero),
            "savings_plan_total_commitment_to_date": np.where(is_["SavingsPlanRecurringFee"], 10.0, zero),
            "savings_plan_used_commitment": np.where(is_["SavingsPlanRecurringFee"], 9.5, zero),
            "split_line_item_parent_resource_id": _picked(np.where(is_["Split"], 1, 0), ("", "i-0parent")),
            "split_line_item_split_usage_ratio": np.where(is_["Split"], 0.25, zero),
            "split_line_item_split_cost": np.where(is_["Split"], np.round(list_cost * 0.25, 10), zero),
            "split_line_item_unused_cost": np.where(is_["Split"], np.round(list_cost * 0.05, 10), zero),
            "resource_tags": self._sets.take(pa.array(self._set[resource])),
        }


def _picked(indices: np.ndarray, values: object) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(list(values)))  # type: ignore[call-overload] # values is a sequence of str


def _fixed(value: str, rows: int) -> pa.DictionaryArray:
    return _picked(np.zeros(rows, np.int32), [value])


def _time(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype("datetime64[ms]"), pa.timestamp("ms", "UTC"))


def _ids(first: int, rows: int) -> pa.Array:
    """Ids as long as AWS's: 52 letters and digits."""
    numbers = np.arange(first, first + rows, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return pa.array(np.char.add("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", numbers.astype("U20")).tolist())


def _arn(service: str, kind: str, number: int) -> str:
    return f"arn:aws:{service}:us-east-1:{PAYER}:{kind}/{number:08d}"
