"""A job's folder, laid out as a container finds `/opt/ml`: inputs are copied in, what it leaves is copied out. Blocks.

Source: SageMaker developer guide, "How Amazon SageMaker Provides Training Information" and "Build Your Own Processing
Container"; the names of the environment are those of SageMaker's training toolkit.
"""

import json
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.batch.containers.asked import Asked, Output
from trimtab.batch.containers.commands import SUBMITTED, plain, script_of
from trimtab.batch.places import Places, chosen
from trimtab.inventory.served.model import TRAINING, Served

HOST = "algo-1"
_FAILURE = "output/failure"
_LONGEST = 1024  # characters of a FailureReason


class Folder(Struct, frozen=True):
    """The folder of one attempt: `ml` is its `/opt/ml`, beside it lie copies that are still packed, and its log."""

    path: Path
    places: Places

    @property
    def ml(self) -> Path:
        """What a container has as `/opt/ml`."""
        return self.path / "ml"

    @property
    def log(self) -> Path:
        """What the command says."""
        return self.path / "log"

    def prepare(self, job: Served, asked: Asked) -> None:
        """Lay it out anew, with the inputs. Raises InvalidInput for an input that is not there, Unavailable."""
        shutil.rmtree(self.path, ignore_errors=True)
        for name in ("input/config", "input/data", "model", "output/data"):
            (self.ml / name).mkdir(parents=True)
        self._configure(job, asked)
        for number, one in enumerate(asked.inputs):
            source = self.places.source(one.source, self.path / "copies" / str(number))
            root = source.path if source.path.is_dir() else source.path.parent
            for file in chosen(source):
                target = self.ml / one.path / file.relative_to(root.resolve() if source.only else root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        for output in asked.outputs:
            (self.ml / output.path).mkdir(parents=True, exist_ok=True)
        if script_of(asked):
            self._unpack(plain(asked.parameters.get(SUBMITTED, "")), script_of(asked))

    def _configure(self, job: Served, asked: Asked) -> None:
        config = self.ml / ("input/config" if job.kind == TRAINING else "config")
        config.mkdir(parents=True, exist_ok=True)
        hosts = {"current_host": HOST, "hosts": [HOST], "network_interface_name": "lo"}
        files: dict[str, Any] = {"resourceconfig.json": hosts}
        if job.kind == TRAINING:
            channels = {one.source["ChannelName"]: _shown(one.source) for one in asked.inputs}
            files |= {"hyperparameters.json": dict(asked.parameters), "inputdataconfig.json": channels}
        else:
            files["processingjobconfig.json"] = {"ProcessingJobArn": job.arn, **job.form}
        for name, content in files.items():
            (config / name).write_text(json.dumps(content), encoding="utf-8")

    def _unpack(self, uri: str, script: str) -> None:
        if not uri.startswith("s3://"):
            raise InvalidInput(f"the job's script {script} must come in an archive of a bucket, got {uri or 'none'}")
        found = self.places.read(uri, self.path / "copies" / "code")
        archive = found if found.is_file() else found / uri.rpartition("/")[2]
        code = self.ml / "code"
        code.mkdir()
        try:
            with tarfile.open(archive) as packed:
                packed.extractall(code, filter="data")
        except (OSError, tarfile.TarError) as problem:
            raise InvalidInput(f"cannot unpack {uri}: {problem}") from None
        if not (code / script).resolve().is_relative_to(code.resolve()) or not (code / script).is_file():
            raise InvalidInput(f"the archive {uri} has no script {script}")

    def deliver(self, asked: Asked) -> list[Output]:
        """Copy out what the command left; those outputs that held something. Raises InvalidInput, Unavailable."""
        done = []
        for number, one in enumerate(asked.outputs):
            folder = self.ml / one.path
            if not any(folder.iterdir()):
                continue
            if one.packed:
                out = self.path / "packed" / str(number)
                out.mkdir(parents=True, exist_ok=True)
                with tarfile.open(out / one.packed, "w:gz") as archive:
                    for file in sorted(folder.iterdir()):
                        archive.add(file, file.name)
                folder = out
            self.places.write(folder, one.uri)
            done.append(one)
        return done

    def failure(self) -> str:
        """Why the command says that it failed, in the file that containers write it to."""
        try:
            return (self.ml / _FAILURE).read_text(encoding="utf-8", errors="replace").strip()[:_LONGEST]
        except OSError:
            return ""

    def clear(self) -> None:
        """Remove it; what it said is in the log group."""
        shutil.rmtree(self.path, ignore_errors=True)

    def environment(self, job: Served, asked: Asked) -> Mapping[str, str]:
        """What the command finds in its environment of the folder and the job."""
        ml = self.ml
        if job.kind != TRAINING:
            return {"PROCESSING_JOB_NAME": job.name, "TRIMTAB_ML_FOLDER": str(ml)}
        channels = {one.source["ChannelName"]: str(ml / one.path) for one in asked.inputs}
        own = {key: value for key, value in asked.parameters.items() if not key.startswith("sagemaker_")}
        return {
            "TRAINING_JOB_NAME": job.name,
            "TRAINING_JOB_ARN": job.arn,
            "TRIMTAB_ML_FOLDER": str(ml),
            "SM_MODEL_DIR": str(ml / "model"),
            "SM_OUTPUT_DATA_DIR": str(ml / "output/data"),
            "SM_OUTPUT_DIR": str(ml / "output"),
            "SM_INPUT_DIR": str(ml / "input"),
            "SM_INPUT_CONFIG_DIR": str(ml / "input/config"),
            "SM_CHANNELS": json.dumps(sorted(channels)),
            "SM_HPS": json.dumps(own),
            "SM_HOSTS": json.dumps([HOST]),
            "SM_CURRENT_HOST": HOST,
            **{f"SM_CHANNEL_{name.upper()}": path for name, path in channels.items()},
            **{f"SM_HP_{name.upper()}": value for name, value in own.items()},
        }


def _shown(source: Mapping[str, Any]) -> dict[str, str]:
    """A channel, as `inputdataconfig.json` has it."""
    kind = source["DataSource"]["S3DataSource"].get("S3DataDistributionType") or "FullyReplicated"
    shown = {"TrainingInputMode": source.get("InputMode") or "File", "S3DistributionType": kind}
    return shown | {"RecordWrapperType": source.get("RecordWrapperType") or "None"}
