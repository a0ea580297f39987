"""Simulations of scaling, and plans of provisioned concurrency."""

from trimtab.client import scaling_wire as wire
from trimtab.client.api import Client


def simulate(client: Client, asked: wire.Simulate) -> wire.SimulationAnswer:
    """Replay policies on a history. Raises InvalidInput."""
    return client.call("POST", "/rest/v1/simulations", wire.SimulationAnswer, body=asked)


def plan_provisioned(client: Client, asked: wire.PlanProvisioned) -> wire.ProvisionedPlan:
    """Plan the provisioned concurrency of a function. Raises InvalidInput."""
    return client.call("POST", "/rest/v1/provisioned-concurrency/plans", wire.ProvisionedPlan, body=asked)


def tune_memory(client: Client, asked: wire.TuneMemory) -> wire.MemoryCurve:
    """The memory curve of a function from measured runs. Raises InvalidInput."""
    return client.call("POST", "/rest/v1/function-memory/curves", wire.MemoryCurve, body=asked)
