"""`Serverless`: functions, their invocations, and short jobs as typed Python calls, over a `Client`."""

from trimtab.client import serverless_wire as wire
from trimtab.client.calls import Calls

_PATH = "/rest/v1/serverless"


class Serverless(Calls):
    """The calls about what runs for a short time. Errors are those of `Client`."""

    def functions(
        self, *, start: str = "-24h", end: str = "now", function: str = "", by_version: bool = False
    ) -> wire.FunctionList:
        """What the invocations of each function add up to; each version apart with `by_version`."""
        return self._call(
            "GET",
            f"{_PATH}/functions",
            wire.FunctionList,
            start=start,
            end=end,
            function=function,
            by_version="true" if by_version else "",
        )

    def invocations(
        self,
        function: str = "",
        *,
        start: str = "-24h",
        end: str = "now",
        version: str = "",
        order: wire.OrderName = "newest",
        only: wire.OnlyName = "",
        limit: int = 100,
    ) -> wire.InvocationList:
        """Single invocations of a function, or of all."""
        return self._call(
            "GET",
            f"{_PATH}/invocations",
            wire.InvocationList,
            function=function,
            start=start,
            end=end,
            version=version,
            order=order,
            only=only,
            limit=limit,
        )

    def jobs(self, *, start: str = "-24h", end: str = "now", longest_s: float = 3600) -> wire.JobFamilyList:
        """Runs of schedulers that took no longer than `longest_s`, by name."""
        return self._call("GET", f"{_PATH}/jobs", wire.JobFamilyList, start=start, end=end, longest_s=f"{longest_s:g}")
