"""How xdist hands out the tests: a file at a time, in the order of the collection; and a worker that dies is replaced.

Files that share a server (`shared_servers.py`) count as one.

xdist 3.8 loses its way when a worker dies: finished files come back as empty ones, for whose end it waits for ever, and
the test that took the worker down takes its successors down too (pytest-xdist issues 1323, 1327 and 1378).
"""

from collections import OrderedDict

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from shared_servers import scope_of

_AHEAD = 2  # a worker begins a test when it knows the next one


class ByFile(LoadFileScheduling):
    """xdist's `loadfile`, which goes on without the test that a worker died of."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(super()._split_scope(nodeid))

    def remove_node(self, node: WorkerController) -> str | None:
        workload = self.assigned_work.pop(node)
        pending = [(file, test) for file, tests in workload.items() for test, done in tests.items() if not done]
        if not pending:
            return None
        file, died = pending[0]
        workload[file][died] = True  # it is reported as failed
        again = OrderedDict((file, tests) for file, tests in workload.items() if not all(tests.values()))
        self.workqueue = OrderedDict(again | self.workqueue)
        for other in self.assigned_work:
            self._reschedule(other)
        return died

    def _reschedule(self, node: WorkerController) -> None:
        if node.shutting_down or node not in self.registered_collections:
            return
        while self.workqueue and self._pending_of(self.assigned_work[node]) < _AHEAD:
            self._assign_work_unit(node)
        if not self.workqueue:
            node.shutdown()  # when it has done what it has


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None  # type: ignore[arg-type]  # xdist's log
