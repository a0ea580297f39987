"""`BatchJobs`: the REST API of batch jobs as typed Python calls, over a `Client`."""

from trimtab.client import batch_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/batch-jobs"


class BatchJobs(Calls):
    """The calls. Errors are those of `Client`."""

    def report(self, report: wire.Report) -> wire.Job:
        """Say how far a job is (role write)."""
        return self._call("POST", _PATH, wire.Job, body=report)

    def listed(self, name: str = "", status: str = "") -> list[wire.Job]:
        """Jobs, the last begun first."""
        return self._call("GET", _PATH, wire.Jobs, name=name, status=status).jobs

    def get(self, job_id: str) -> wire.Job:
        """One job."""
        return self._call("GET", path_of(_PATH, job_id), wire.Job)

    def delete(self, job_id: str) -> wire.Removed:
        """Forget a job (role write)."""
        return self._call("DELETE", path_of(_PATH, job_id), wire.Removed)

    def plan(self, asked: wire.AskPlan) -> wire.Plan:
        """The cheapest machines that meet a deadline and a budget."""
        return self._call("POST", f"{_PATH}/plan", wire.Plan, body=asked)

    def placement(self, job_id: str, *, on: str, up_h: float, rule: str) -> wire.Placement:
        """Where a job with a deadline should run now."""
        return self._call(
            "GET", path_of(_PATH, job_id, "placement"), wire.Placement, on=on, up_h=f"{up_h:g}", rule=rule
        )
