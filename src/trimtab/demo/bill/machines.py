"""The hours of the company's machines, each paid for on its terms, with the volume that each boots from."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from trimtab.demo.bill import terms
from trimtab.demo.bill.lines import HOUR_MS, lines, money
from trimtab.demo.bill.terms import DAY_MS
from trimtab.demo.company import REGION, Account, Company, Node
from trimtab.demo.noise import Floats, Times, drift, keys_of
from trimtab.demo.world import World

SHARED = "platform"
"""The team that is billed for a machine that several teams use: what it costs each is for allocation to say."""
ZONE = f"{REGION}b"
_COMPUTE = ("AmazonEC2", "Amazon Elastic Compute Cloud")
_SKUS = {terms.ON_DEMAND: "6YS6EN2CT7", terms.SPOT: "SPOT0000"}
_SPOT_WAVE_S = 2 * 86_400
_VOLUME_GB, _VOLUME_RATE = 500, 0.08  # gp3 in us-east-1, dollars a GB and month


def machine_lines(world: World, hours: Times) -> Iterator[pa.Table]:
    """The lines of every machine in `hours` (ms), and what the Savings Plan takes back of them."""
    negated: dict[tuple[Account, str, float], int] = defaultdict(int)
    for node in world.company.nodes:
        bought = terms.purchase(node)
        yield lines(node.account, node.instance_id, hours, HOUR_MS, _hours_of(world, node, bought, hours))
        if bought == terms.SAVINGS_PLAN:
            negated[node.account, node.machine.type, node.machine.price] += 1
    for (account, type_, price), count in negated.items():
        yield lines(account, f"negation-{type_}", hours, HOUR_MS, _negation(type_, price * count, count))


def volume_lines(world: World, days: Times, month_hours: int) -> Iterator[pa.Table]:
    """What the machines' volumes cost on `days` of a month with `month_hours` hours."""
    months = _VOLUME_GB * 24 / month_hours
    for node in world.company.nodes:
        columns = {
            "line_item_type": "Usage",
            "product_code": _COMPUTE[0],
            "usage_type": "EBS:VolumeUsage.gp3",
            "operation": "CreateVolume-Gp3",
            "availability_zone": ZONE,
            "resource_id": f"vol-0{node.instance_id[3:]}",
            "line_item_description": "$0.08 per GB-month of General Purpose (gp3) provisioned storage",
            "usage_amount": months,
            "unblended_rate": _VOLUME_RATE,
            "unblended_cost": money(months * _VOLUME_RATE),
            "pricing_unit": "GB-Mo",
            "pricing_term": terms.ON_DEMAND,
            "pricing_public_on_demand_rate": _VOLUME_RATE,
            "pricing_public_on_demand_cost": money(months * _VOLUME_RATE),
            "product": {"product_name": _COMPUTE[1], "volume_type": "General Purpose"},
            "product_servicecode": _COMPUTE[0],
            "product_product_family": "Storage",
            "product_region_code": REGION,
            "product_sku": "EBSGP3",
            "resource_tags": tags_of(world.company, node),
        }
        yield lines(node.account, f"volume-{node.instance_id}", days, DAY_MS, columns)


def hourly_cost(world: World, node: Node, hours: Times) -> Floats:
    """Dollars that each of `hours` of a machine costs with its commitments spread over what they cover."""
    bought = terms.purchase(node)
    if bought == terms.SAVINGS_PLAN:
        return np.full(len(hours), terms.savings_plan_rate(node.machine))
    if bought == terms.RESERVED:
        return np.full(len(hours), terms.reservation_of(world.company, node).hourly)
    return _spot(world, node, hours) if bought == terms.SPOT else _on_demand(world, node, hours)


def tags_of(company: Company, node: Node) -> dict[str, str]:
    """The tags of a machine, as CUR 2.0 writes their keys. One team writes its name its own way."""
    teams = {pod.team for number in node.gpus if (pod := company.pod_of.get(number)) is not None}
    team = teams.pop() if len(teams) == 1 else SHARED
    key = "user_Team" if team == "search" else "user_team"
    value = team.title() if team == "search" else team
    return {"user_Name": node.name, key: value, "user_cluster": node.account.cluster}


def _hours_of(world: World, node: Node, bought: str, hours: Times) -> dict[str, Any]:
    machine = node.machine
    spot = bought == terms.SPOT
    rate = _spot(world, node, hours) if spot else _on_demand(world, node, hours)
    columns = {
        **_machine_columns(node, "SpotUsage" if spot else "BoxUsage", "RunInstances:SV001" if spot else "RunInstances"),
        "line_item_type": "Usage",
        "unblended_rate": rate,
        "unblended_cost": money(rate),
        "pricing_term": terms.SPOT if spot else terms.ON_DEMAND,
        "product_sku": _SKUS[terms.SPOT if spot else terms.ON_DEMAND],
        "resource_tags": tags_of(world.company, node),
    }
    if bought == terms.SAVINGS_PLAN:
        plan = terms.savings_plan_rate(machine)
        columns |= {
            "line_item_type": "SavingsPlanCoveredUsage",
            "unblended_rate": machine.price,
            "unblended_cost": machine.price,
            "savings_plan_savings_plan_a_r_n": terms.SAVINGS_PLAN_ARN,
            "savings_plan_offering_type": "ComputeSavingsPlans",
            "savings_plan_savings_plan_rate": plan,
            "savings_plan_savings_plan_effective_cost": plan,
        }
    elif bought == terms.RESERVED:
        held = terms.reservation_of(world.company, node)
        columns |= {
            "line_item_type": "DiscountedUsage",
            "unblended_rate": 0.0,
            "unblended_cost": 0.0,
            "pricing_term": terms.RESERVED,
            "pricing_purchase_option": "Partial Upfront",
            "reservation_reservation_a_r_n": held.arn,
            "reservation_effective_cost": held.hourly,
        }
    return columns


def _machine_columns(node: Node, usage: str, operation: str) -> dict[str, Any]:
    type_, price = node.machine.type, node.machine.price
    return {
        "product_code": _COMPUTE[0],
        "usage_type": f"{usage}:{type_}",
        "operation": operation,
        "availability_zone": ZONE,
        "resource_id": node.instance_id,
        "line_item_description": f"${price:g} per hour on demand of Linux {type_}",
        "usage_amount": 1.0,
        "pricing_unit": "Hrs",
        "pricing_public_on_demand_rate": price,
        "pricing_public_on_demand_cost": price,
        "product": {"product_name": _COMPUTE[1], "operating_system": "Linux", "tenancy": "Shared"},
        "product_servicecode": _COMPUTE[0],
        "product_product_family": "Compute Instance",
        "product_region_code": REGION,
        "product_instance_type": type_,
    }


def _negation(type_: str, amount: float, count: int) -> dict[str, Any]:
    return {
        "line_item_type": "SavingsPlanNegation",
        "product_code": _COMPUTE[0],
        "usage_type": f"BoxUsage:{type_}",
        "operation": "RunInstances",
        "line_item_description": f"SavingsPlanNegation used by AccountId : {terms.PAYER.id} and UsageSku : {type_}",
        "usage_amount": float(count),
        "unblended_cost": money(-amount),
        "product": {"product_name": _COMPUTE[1]},
        "product_servicecode": _COMPUTE[0],
        "product_region_code": REGION,
        "product_instance_type": type_,
        "savings_plan_savings_plan_a_r_n": terms.SAVINGS_PLAN_ARN,
        "savings_plan_offering_type": "ComputeSavingsPlans",
    }


def _on_demand(world: World, node: Node, hours: Times) -> Floats:
    """Dollars of each hour: the list price, and before it changed the negotiated one."""
    share = np.where(hours < terms.negotiated_until_ms(world.anchor_ms), terms.NEGOTIATED_SHARE, 1.0)
    shares = share if terms.is_negotiated(node.machine) else np.ones(len(hours))
    rates: Floats = np.round(node.machine.price * shares, 6)
    return rates


def _spot(world: World, node: Node, hours: Times) -> Floats:
    """Dollars of each hour: a price that wanders over days, the same for all machines of a type."""
    wave = drift(keys_of(world.seed, "spot", [node.machine.type]), hours, _SPOT_WAVE_S)[0]
    rates: Floats = np.round(node.machine.price * terms.SPOT_SHARE * (1 + 0.12 * wave), 4)
    return rates
