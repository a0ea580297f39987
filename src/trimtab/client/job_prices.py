"""`JobPrices`: what jobs would cost and how long they would wait, as typed Python calls over a `Client`."""

from collections.abc import Sequence

from trimtab.client import job_prices_wire as wire
from trimtab.client.calls import Calls

_MOST = 1000
"""Jobs of one request."""


class JobPrices(Calls):
    """The calls about prices of jobs that are not there yet. Errors are those of `Client`."""

    def of(self, jobs: Sequence[wire.JobAsk]) -> list[wire.JobPrice]:
        """What an hour of each costs, and how long each waits."""
        found: list[wire.JobPrice] = []
        for at in range(0, len(jobs), _MOST):
            body = wire.PriceJobs(list(jobs[at : at + _MOST]))
            found += self._client.call("POST", "/rest/v1/prices/jobs", wire.JobPrices, body=body).jobs
        return found
