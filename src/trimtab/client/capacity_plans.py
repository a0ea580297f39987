"""Joint plans of services: machine type, policy and purchase option together."""

from trimtab.client import capacity_plans_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/capacity-plans"


def services(client: Client) -> list[str]:
    """The services that can be planned for."""
    return client.call("GET", _PATH, wire.MeasuredServices).services


def plan(client: Client, asked: wire.PlanCapacity) -> wire.CapacityPlan:
    """Plan a service. Raises NotFound, InvalidInput."""
    return client.call("POST", _PATH, wire.CapacityPlan, body=asked)
