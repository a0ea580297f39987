"""Schedulers that are read in a thread: a Kubernetes cluster by its API server, SLURM by its tools or their output."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path

import httpx

from trimtab.base.clock import Clock
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.runs import Runs
from trimtab.sources.kubernetes.api import Api
from trimtab.sources.kubernetes.config import Access
from trimtab.sources.kubernetes.cursor import Cursor as ClusterCursor
from trimtab.sources.kubernetes.follow import Follow
from trimtab.sources.readings.reading import Progress, Waiter
from trimtab.sources.slurm.commands import Files, Printed, Tools
from trimtab.sources.slurm.cursor import Cursor as SlurmCursor
from trimtab.sources.slurm.pull import Pull

_KUBERNETES_S, _SLURM_S = 15.0, 30.0
_SERVER = "this server"
_SHOWN = 5


class KubernetesReading:
    """A cluster: its pods and nodes with GPUs, by lists and watches."""

    follows = True

    def __init__(
        self,
        access: Access,
        client: Client,
        clock: Clock,
        directory: Path,
        transport: Callable[[Access], httpx.BaseTransport],
    ) -> None:
        """`client` is of trimtab's own API; `transport` connects to the cluster. Raises SetupError."""
        name = access.cluster or httpx.URL(access.server).host
        self._api = Api(access, transport(access))
        self._found = Follow(
            api=self._api,
            runs=Runs(client),
            inventory=Inventory(client),
            cursor=ClusterCursor(directory, f"{access.server}|{name}|", _SERVER),
            clock=clock,
            cluster=name,
        )

    def run(self, stop: threading.Event) -> None:
        """Read all as it is now, then watch."""
        try:
            self._found.read()
            self._found.follow(_KUBERNETES_S, stop)
        finally:
            self._api.close()

    def progress(self) -> Progress:
        """Runs and nodes."""
        totals = self._found.totals
        note = f"{totals.pods:,} pods read, {totals.nodes:,} GPU nodes"
        return Progress(rows=totals.runs, unit="runs", share=float(totals.reports > 0), note=note)


class SlurmReading:
    """A SLURM cluster: by its tools on this machine, or out of files that they printed."""

    def __init__(
        self, client: Client, clock: Clock, directory: Path, since_ms: int, files: Sequence[Path] = ()
    ) -> None:
        """With `files` they are read once; without, the tools are run again and again. Raises SetupError."""
        self.follows = not files
        self._since_ms = since_ms
        self._pull = Pull(
            tools=Printed(Files(others=tuple(files))) if files else Tools(),
            runs=Runs(client),
            inventory=Inventory(client),
            cursor=None if files else SlurmCursor(directory, "||", _SERVER),
            clock=clock,
            zone=UTC,
            whole=not files,
        )
        self._share = 0.0

    def run(self, stop: threading.Event) -> None:
        """Read the files; or the past by accounting, then what is new."""
        wait = Waiter(stop)
        if not self.follows:
            self._pull.look()
            self._share = 1.0
            return

        def on_step(done_ms: int, whole_ms: int) -> None:
            self._share = done_ms / max(whole_ms, 1)
            wait.check()

        self._pull.on_step = on_step
        self._pull.history(self._since_ms)
        self._share = 1.0
        self._pull.follow(_SLURM_S, stop.wait)

    def progress(self) -> Progress:
        """Runs and nodes, and the lines that could not be read."""
        totals = self._pull.totals
        left = (
            [f"{totals.skipped_lines:,} lines were left out; the last: {totals.skipped[-1]}"] if totals.skipped else []
        )
        note = f"cluster {self._pull.cluster}, {totals.nodes:,} nodes" if self._pull.cluster else ""
        return Progress(rows=totals.runs, unit="runs", share=self._share, left_out=tuple(left[:_SHOWN]), note=note)
