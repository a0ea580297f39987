"""SkyPilot's task files: `resources.accelerators` in all its forms, `num_nodes`, `any_of` and `ordered`, services and
pools (docs.skypilot.co, YAML specification).

    accelerators: H100            H100:8            {H100: 8}            one kind
    accelerators: {L4: 1, A10: 1} [L4:1, A10:1]     {L4, A10}            several, of which one is taken
"""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.jobfiles.documents import Document, items, mapping, text
from trimtab.jobfiles.model import Ask, Choice, Group, Hardware
from trimtab.jobfiles.quantity import count, quantity

_OTHERS = re.compile(r"tpu-.*|tpu.*|inferentia\d*|trainium\d*|gaudi.*", re.IGNORECASE)
_CLOUDS = frozenset({"aws", "gcp", "azure", "kubernetes", "k8s", "lambda", "oci", "ibm", "nebius", "runpod"})
_KEYS = frozenset(
    {"name", "workdir", "num_nodes", "resources", "file_mounts", "volumes", "envs", "secrets", "setup", "run"}
    | {"service", "pool", "inputs", "outputs", "config", "experimental", "event_callback", "volume_mounts"}
    | {"file_mounts_mapping", "api_server", "local_user_config", "metadata", "_metadata"}
)
"""Keys of a task; SkyPilot refuses others (sky/utils/schemas.py)."""
_OF_RESOURCES = frozenset(
    {"accelerators", "any_of", "ordered", "instance_type", "cpus", "memory", "infra", "cloud", "use_spot", "image_id"}
)
_INSTANCE = "it names an instance type and no accelerator"
_OPEN_CHOICE = "it names several accelerators, of which one is taken; the first is counted"


def looks_like_task(document: Any) -> bool:
    """Whether a document is a task: nothing but a task's own keys, and something to run or hardware to run it on."""
    if not isinstance(document, Mapping) or not set(document) <= _KEYS:
        return False
    commands = [document[key] for key in ("run", "setup") if key in document]
    if not all(one is None or isinstance(one, str) for one in commands):
        return False
    return bool(_OF_RESOURCES & set(mapping(document.get("resources")))) or isinstance(document.get("run"), str)


def ask_of(document: Document, default_name: str = "") -> Ask:
    """What a task asks for."""
    resources = mapping(document.get("resources"))
    nodes = 1 if document.get("num_nodes") is None else count(document["num_nodes"])
    alternatives = [mapping(one) for one in items(resources.get("any_of")) or items(resources.get("ordered"))]
    forms = [{**resources, **one} for one in alternatives] or [dict(resources)]
    choices = [choice for one in forms for choice in _choices(one)]
    distinct = list(dict.fromkeys(choices))
    service, pool = mapping(document.get("service")), mapping(document.get("pool"))
    replicas, workers = _replicas(service), count(pool.get("workers"))
    name = document.get("name")
    pods = None if nodes is None else nodes * (workers or replicas or 1)
    return Ask(
        kind="SkyPilotTask",
        name=name if isinstance(name, str) else default_name or None,
        groups=(_group(distinct, pods),),
        choices=tuple(distinct) if len(distinct) > 1 else (),
        unknown=_OPEN_CHOICE if len(distinct) > 1 else "",
        spot=resources.get("use_spot") is True,
        ends=not service and not pool,
        facts={
            "nodes": nodes,
            "cpus": _words(resources.get("cpus")),
            "memory": _words(resources.get("memory")),
            "any_of": bool(alternatives),
            "replicas": replicas,
            "pool_workers": workers,
        },
    )


def _group(choices: list[Choice], pods: int | None) -> Group:
    why = "" if pods is not None else "its number of nodes is a placeholder"
    if len(choices) != 1:
        return Group(name="nodes", pods=pods, unknown=why)
    one = choices[0]
    name = one.hardware.gpu_type
    if _OTHERS.fullmatch(name):
        return Group(name="nodes", pods=pods, hardware=one.hardware, others={name: one.gpus_each}, unknown=why)
    known = bool(name) or not one.hardware.instance_type
    return Group(
        name="nodes",
        pods=pods,
        gpus_each=one.gpus_each if known else None,
        hardware=one.hardware,
        devices={name: one.gpus_each} if name and one.gpus_each else {},
        unknown=why
        or ("" if known else f"it names an instance type ({one.hardware.instance_type}) and no accelerator"),
    )


def _choices(resources: Mapping[str, Any]) -> list[Choice]:
    """The kinds of hardware of one form of `resources`; one without GPUs where it names none."""
    instance, spot = text(resources.get("instance_type")), resources.get("use_spot") is True
    found = [(name, number) for name, number in _accelerators(resources.get("accelerators"))]
    return [Choice(Hardware(name, instance), number, spot) for name, number in found or [("", 0.0)]]


def _accelerators(value: Any) -> list[tuple[str, float]]:
    if isinstance(value, Mapping):  # YAML reads the set {L4, A10} as a mapping to nothing
        return [(_name(str(key)), 1.0 if number is None else quantity(number) or 0.0) for key, number in value.items()]
    if isinstance(value, list | set | tuple):
        return [pair for one in value for pair in _accelerators(one)]
    words = text(value).strip()
    if not words:
        return []
    name, _, number = words.rpartition(":") if ":" in words else (words, "", "1")
    return [(_name(name), quantity(number) or 0.0)]


def _name(text: str) -> str:
    return text.partition(":")[2] if text.partition(":")[0].casefold() in _CLOUDS and ":" in text else text


def _replicas(service: Mapping[str, Any]) -> int | None:
    policy = mapping(service.get("replica_policy"))
    return count(service.get("replicas", policy.get("min_replicas")))


def _words(value: Any) -> str | None:
    return None if value is None else str(value)
