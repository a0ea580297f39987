"""Lines that cost nothing and say what of a Kubernetes machine's cost each pod used: split cost allocation data of EKS.

Source: AWS, "Understanding split cost allocation data". A pod's share of a machine is that of its GPUs; what no pod
holds is shared out by the same measure as `unused_cost`. Both together are the machine's amortised cost of the day.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from trimtab.demo.bill.lines import HOUR_MS, lines, money
from trimtab.demo.bill.machines import hourly_cost
from trimtab.demo.bill.terms import DAY_MS, ON_DEMAND
from trimtab.demo.company import REGION, TRAINING, Node, Pod
from trimtab.demo.noise import Floats, Times
from trimtab.demo.world import World

_EKS = ("AmazonEKS", "Amazon Elastic Container Service for Kubernetes")
_HOURS = DAY_MS // HOUR_MS


def container_lines(world: World, days: Times) -> Iterator[pa.Table]:
    """A line for every pod that holds GPUs and each of `days` (ms)."""
    pods: dict[str, list[Pod]] = defaultdict(list)
    for pod in world.company.pods:
        if pod.node.account is not TRAINING:  # whose machines are SLURM's
            pods[pod.node.name].append(pod)
    for name, held in pods.items():
        node = world.company.node_of[name]
        hours = (days[:, None] + np.arange(_HOURS) * HOUR_MS).ravel()
        cost: Floats = hourly_cost(world, node, hours).reshape(len(days), _HOURS).sum(axis=1)
        taken = sum(len(pod.gpus) for pod in held)
        for pod in held:
            yield lines(node.account, f"pod-{pod.name}", days, DAY_MS, _columns(node, pod, cost, taken))


def _columns(node: Node, pod: Pod, cost: Floats, taken: int) -> dict[str, Any]:
    gpu_hours, ratio = float(len(pod.gpus) * _HOURS), len(pod.gpus) / node.machine.gpus
    split = cost * ratio
    cluster, account = node.account.cluster, node.account.id
    return {
        "line_item_type": "Usage",
        "product_code": _EKS[0],
        "usage_type": "EKS-EC2-GPU-Hours",
        "operation": "EKSPod-EC2",
        "resource_id": f"arn:aws:eks:{REGION}:{account}:pod/{cluster}/{pod.team}/{pod.name}",
        "line_item_description": "Split cost allocation data: GPU-hours of a pod",
        "usage_amount": gpu_hours,
        "unblended_rate": 0.0,
        "unblended_cost": 0.0,
        "pricing_unit": "GPU-Hours",
        "pricing_term": ON_DEMAND,
        "pricing_public_on_demand_rate": 0.0,
        "pricing_public_on_demand_cost": 0.0,
        "product": {"product_name": _EKS[1]},
        "product_servicecode": _EKS[0],
        "product_region_code": REGION,
        "product_sku": "EKSSPLITGPU",
        "split_line_item_parent_resource_id": node.instance_id,
        "split_line_item_split_usage": gpu_hours,
        "split_line_item_split_usage_ratio": ratio,
        "split_line_item_actual_usage": gpu_hours,
        "split_line_item_reserved_usage": gpu_hours,
        "split_line_item_split_cost": money(split),
        "split_line_item_unused_cost": money(cost * len(pod.gpus) / taken - split),
        "resource_tags": {
            "user_team": pod.team,
            "aws_eks_cluster_name": cluster,
            "aws_eks_namespace": pod.team,
            "aws_eks_workload_name": pod.app,
            "aws_eks_node": node.name,
        },
    }
