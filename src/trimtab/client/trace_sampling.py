"""Tail sampling of traces, as typed calls over a `Client`. Errors are those of `Client`."""

from trimtab.client import trace_sampling_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/tail-sampling"


def get(client: Client) -> wire.TailSampling:
    """What is kept of traces."""
    return client.call("GET", _PATH, wire.TailSampling)


def put(client: Client, policy: wire.PutTailSampling) -> wire.TailSampling:
    """Say what to keep."""
    return client.call("PUT", _PATH, wire.TailSampling, body=policy)
