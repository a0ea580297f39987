"""`BatchJobs`: the REST API of batch jobs as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import batch_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/batch-jobs"


class BatchJobs:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def report(self, report: wire.Report) -> wire.Job:
        """Say how far a job is (role write)."""
        return self._client.call("POST", _PATH, wire.Job, body=report)

    def listed(self, name: str = "", status: str = "") -> list[wire.Job]:
        """Jobs, the last begun first."""
        query = [(key, value) for key, value in (("name", name), ("status", status)) if value]
        return self._client.call("GET", _PATH, wire.Jobs, query=query).jobs

    def get(self, job_id: str) -> wire.Job:
        """One job."""
        return self._client.call("GET", f"{_PATH}/{quote(job_id, safe='')}", wire.Job)

    def delete(self, job_id: str) -> wire.Removed:
        """Forget a job (role write)."""
        return self._client.call("DELETE", f"{_PATH}/{quote(job_id, safe='')}", wire.Removed)

    def plan(self, asked: wire.AskPlan) -> wire.Plan:
        """The cheapest machines that meet a deadline and a budget."""
        return self._client.call("POST", f"{_PATH}/plan", wire.Plan, body=asked)

    def placement(self, job_id: str, *, on: str, up_h: float, rule: str) -> wire.Placement:
        """Where a job with a deadline should run now."""
        query = [("on", on), ("up_h", f"{up_h:g}"), ("rule", rule)]
        return self._client.call("GET", f"{_PATH}/{quote(job_id, safe='')}/placement", wire.Placement, query=query)
