"""How AutoML jobs search: a processing job looks at the data first, then candidates are trained.

Both run the command that the settings' file names for the image (`train.py`); without it the first fails, and with it
the AutoML job, which says why.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.ids import hash64
from trimtab.base.records import replace
from trimtab.batch.automl.asked import IMAGE, TRAINED_BY, Candidates, Wish, candidates_of, wish_of
from trimtab.batch.automl.problem import METRICS
from trimtab.batch.automl.train import ANALYSIS, ASKED, PROBLEM, TARGET
from trimtab.batch.containers.jobs import COMPLETED, RUNNING, STOPPING
from trimtab.batch.places import Places
from trimtab.inventory.served.model import PROCESSING, Served
from trimtab.inventory.served.store import ServedStore

_ROOT = "/opt/ml/processing"
_MACHINE = {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50}


class AutoMlWay(Struct, frozen=True):
    """`folder` is for copies of what lies in S3."""

    served: ServedStore
    places: Places
    folder: Path
    member: str = TRAINED_BY

    async def search(self, job: Served) -> Candidates | None:
        """The candidates, once the data have been looked at. Raises InvalidInput."""
        wish = wish_of(job.name, job.form)
        found = job.state.get("analysis")
        if found is not None:
            return candidates_of(wish, found["problem_type"])
        known = await self._analyses(job)
        if job.status == STOPPING:
            if not known or known[0].status not in (RUNNING, STOPPING):  # nothing was begun, and nothing will be
                return replace(candidates_of(wish, wish.problem or next(iter(METRICS))), trials=0)
            await self.served.change(known[0], status=STOPPING, only_from=(RUNNING,))
        elif not known:
            await self._begin(job, wish)
        elif known[0].status == COMPLETED:
            await self._keep(job, wish)
        elif known[0].status not in (RUNNING, STOPPING):
            raise InvalidInput(
                known[0].state.get("problem") or f"The analysis of the data has {known[0].status.lower()}."
            )
        return None

    def ended(self, job: Served, status: str, ended_ms: int) -> None:
        """The service puts no event of its own on the bus: those of the training jobs tell of it."""

    async def _analyses(self, job: Served) -> list[Served]:
        with contextlib.suppress(NotFound):
            return [await self.served.get((job.account, job.region), PROCESSING, analysis_name(job))]
        return []

    async def _begin(self, job: Served, wish: Wish) -> None:
        inputs = []
        for name, one in wish.channels.items():
            source = one["DataSource"]["S3DataSource"]
            packed = {"S3CompressionType": one["CompressionType"]} if "CompressionType" in one else {}
            given = {"S3Uri": source["S3Uri"], "S3DataType": source["S3DataType"], "S3InputMode": "File", **packed,
                     "LocalPath": f"{_ROOT}/input/{name}"}  # fmt: skip
            inputs.append({"InputName": name, "S3Input": given})
        output = {"S3Uri": _analysis_uri(wish), "LocalPath": f"{_ROOT}/output", "S3UploadMode": "EndOfJob"}
        form: Mapping[str, Any] = {
            "ProcessingJobName": analysis_name(job),
            "AppSpecification": {"ImageUri": IMAGE},
            ASKED: {TARGET: wish.target, PROBLEM: wish.problem},
            "ProcessingInputs": inputs,
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "analysis", "S3Output": output}]},
            "ProcessingResources": {"ClusterConfig": _MACHINE},
            "RoleArn": wish.role,
            TRAINED_BY: job.arn,
        }
        place, tagged = (job.account, job.region), await self.served.tags_of(job.arn)
        with contextlib.suppress(Conflict):  # a server that ended before it noted so had begun it
            await self.served.create(place, PROCESSING, analysis_name(job), form, RUNNING, tagged)

    async def _keep(self, job: Served, wish: Wish) -> None:
        text = await asyncio.to_thread(self._read, f"{_analysis_uri(wish)}/{ANALYSIS}")
        found = typed.loads(text)
        await self.served.change(job, state={**job.state, "analysis": found}, only_from=(RUNNING,))

    def _read(self, uri: str) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as copies:
            return self.places.text(uri, Path(copies))


def analysis_name(job: Served) -> str:
    """The name of the processing job that looks at a job's data."""
    return f"{job.name}-pr-1-{hash64(f'{job.arn}/{job.created_ms}'):016x}"[: len(job.name) + 14]


def _analysis_uri(wish: Wish) -> str:
    return f"{wish.output}/analysis"


def secondary_status(job: Served) -> str:
    """What a job does now, or how it ended, by AWS's words."""
    if job.status == COMPLETED:
        longest_s = wish_of(job.name, job.form).longest_s
        late = longest_s is not None and job.state["ended_ms"] - job.created_ms >= longest_s * 1000
        return "MaxAutoMLJobRuntimeReached" if late else COMPLETED
    if job.status != RUNNING:
        return job.status
    if job.state.get("analysis") is None:
        return "AnalyzingData"
    return "ModelTuning" if job.state.get("begun") else "FeatureEngineering"
