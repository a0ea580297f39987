"""Connections that are not there: one that is read, one that goes on, one that failed; and what is near."""

from collections.abc import Sequence
from pathlib import Path

from trimtab.access.principal import Principal
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound
from trimtab.base.loading import Loading
from trimtab.client.api import Client
from trimtab.sources.readings.prometheus import Wanted
from trimtab.sources.readings.reading import Progress
from trimtab.web.connect.model import Kind, Near, Standing, State

NEAR = (
    Near(Kind.PROMETHEUS, "Prometheus", "http://127.0.0.1:9090", "answers queries here"),
    Near(Kind.KUBERNETES, "prod", "prod", "~/.kube/config, its current context"),
    Near(Kind.SLURM, "SLURM", "", "sacct, scontrol, squeue are on this machine", "the settings do not allow commands"),
    Near("aws", "AWS profile ops", "ops", "~/.aws/config"),
)


class PretendConnector:
    """Keeps what it is asked for; connects nothing."""

    commands_allowed = False

    def __init__(self, now_ms: int, *, empty: bool = False) -> None:
        self._now_ms = now_ms
        self.asked: list[tuple[str, object]] = []
        self.loading: Loading | None = None
        hour = 3_600_000
        reading = Progress(
            rows=1_204_331,
            unit="samples",
            span=(now_ms - 30 * hour, now_ms),
            share=0.42,
            left_out=("refused: too old",),
        )
        self._standings = [] if empty else [
            Standing("1", Kind.PROMETHEUS, "http://prometheus:9090", State.READING, now_ms - hour, "ann", reading),
            Standing("2", Kind.SLURM, "SLURM files", State.DONE, now_ms - 2 * hour, "ann",
                     Progress(rows=1, unit="runs", share=1.0, note="cluster atlas, 4 nodes")),
            Standing("3", Kind.KUBERNETES, "Kubernetes prod", State.FAILED, now_ms - 3 * hour, "ann",
                     Progress(rows=0, unit="runs"), "cannot list pods: <b>403</b>"),
        ]  # fmt: skip

    def announced(self) -> Loading | None:
        return self.loading

    def near(self) -> Sequence[Near]:
        return NEAR

    def client(self, principal: Principal) -> Client:
        raise NotFound("there is no API behind it")

    async def prometheus(self, wanted: Wanted, by: str) -> Standing:
        if "nowhere" in wanted.url:
            raise InvalidInput(f"cannot reach {wanted.url}")
        return self._noted("prometheus", wanted)

    async def kubernetes(self, context: str, by: str) -> Standing:
        return self._noted("kubernetes", context)

    async def slurm(self, by: str, files: Sequence[Path] = ()) -> Standing:
        if not files:
            raise AccessDenied("the settings do not allow it")
        return self._noted("slurm", files)

    def standings(self) -> Sequence[Standing]:
        return self._standings

    async def stop(self, id_: str) -> None:
        self._noted("stop", id_)

    def _noted(self, what: str, about: object) -> Standing:
        self.asked.append((what, about))
        return Standing("9", Kind.PROMETHEUS, what, State.READING, self._now_ms, "ann", Progress(rows=0, unit="rows"))
