"""`Runs`: what schedulers ran, what it cost, and what waits, as typed Python calls over a `Client`."""

import msgspec

from trimtab.client import inventory_wire as wire
from trimtab.client.api import Client

_PART = 1000
"""Runs of one request: some 300 kB."""


class Runs:
    """The calls about runs. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def report(self, report: wire.ReportRuns) -> wire.RunsTaken:
        """Tell of any number of runs of a cluster (role write), in parts; repeating it changes nothing."""
        taken, changed, lost = 0, 0, 0
        for at in range(0, max(len(report.runs), 1), _PART):
            last = at + _PART >= len(report.runs)
            part = report.runs[at : at + _PART]
            body = msgspec.structs.replace(report, runs=part, open=report.open if last else None)
            answer = self._client.call("POST", "/rest/v1/runs", wire.RunsTaken, body=body)
            taken, changed, lost = taken + answer.runs, changed + answer.changed, lost + answer.lost
        return wire.RunsTaken(taken, changed, lost)
