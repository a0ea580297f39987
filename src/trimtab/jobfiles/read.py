"""`read`: what a file asks for, whatever kind of file it is. Pure: of its text, and of those beside it."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from trimtab.base.errors import InvalidInput
from trimtab.jobfiles import helm, sbatch, skypilot
from trimtab.jobfiles.documents import documents_of, parts_of
from trimtab.jobfiles.kubernetes.kinds import Files, asks_of, looks_like_object
from trimtab.jobfiles.model import Ask, Reading

YAMLS = frozenset({".yaml", ".yml", ".json", ".tpl"})
SCRIPTS = frozenset({".sbatch", ".slurm", ".sh", ".bash", ".job", ".batch", ""})

_TEMPLATE = "it is a template of a Helm chart; try `helm template … | trimtab price -`, or price its values file"


def read(text: str, file: str) -> Reading:
    """What a file asks for. What cannot be read is a problem of the Reading, in words, and nothing is guessed."""
    if PurePosixPath(file).suffix.lower() not in YAMLS and sbatch.looks_like_script(text):
        return sbatch.read(text, file)
    try:
        documents = documents_of(text, file)
    except InvalidInput as problem:
        if sbatch.looks_like_script(text):
            return sbatch.read(text, file)
        template = helm.looks_like_template(text)
        return Reading(file, problems=(f"cannot read {file}: {_TEMPLATE}" if template else problem.args[0],))
    return _of_documents(documents, file)


def _of_documents(documents: list[object], file: str) -> Reading:
    parts = [part for one in documents for part in parts_of(one)]
    objects = Files([one for one in parts if looks_like_object(one)])
    asks: list[Ask] = []
    name = ""
    for one in parts:
        if isinstance(one.get("kind"), str):
            asks += asks_of(one, objects)
        elif skypilot.looks_like_task(one) and not helm.looks_like_values(file, one):
            asks.append(skypilot.ask_of(one, name))
        elif helm.looks_like_values(file, one):
            asks += helm.asks_of(one)
        elif set(one) == {"name"}:  # SkyPilot's pipelines begin with a document that names them
            name = str(one["name"])
    return Reading(file, asks=tuple(asks)).named(file)


def read_all(texts: Mapping[str, str]) -> list[Reading]:
    """The same of several files, by name."""
    return [read(text, file) for file, text in texts.items()]
