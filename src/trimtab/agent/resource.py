"""What a batch is about: the machine, and this agent on it, as OpenTelemetry resource attributes."""

from collections.abc import Mapping

from trimtab.agent.collect import host
from trimtab.agent.collect.roots import Roots

# The server's namespace of these metrics is made of the two: trimtab/Host.
SERVICE_NAMESPACE = "trimtab"
SERVICE_NAME = "Host"


def attributes(roots: Roots, agent_id: str, version: str, extra: Mapping[str, str]) -> dict[str, str]:
    """The attributes of every batch. `extra` wins, so that a node may be named as its cluster names it."""
    return {
        "service.namespace": SERVICE_NAMESPACE,
        "service.name": SERVICE_NAME,
        "service.instance.id": agent_id,
        "service.version": version,
        **host.attributes(roots),
        **extra,
    }
