"""Argo Workflows (v1alpha1): the most pods of each kind that run at once, by steps and by the levels of a DAG.

Steps run one after another, what stands in one step together; tasks of a DAG run level by level (a level: how many
tasks must end before). A loop over written items counts each; over items of a run (`withParam`) it is not known.
"""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.jobfiles.documents import items, mapping, text
from trimtab.jobfiles.kubernetes.pods import group_of_spec
from trimtab.jobfiles.kubernetes.workloads import Files, Made
from trimtab.jobfiles.model import Group, times
from trimtab.jobfiles.quantity import count

_Templates = Mapping[str, Mapping[str, Any]]
_WORD = re.compile(r"[\w-]+")
_LOOP = "its number of pods is not known: it loops over what an earlier step makes"
_MOST_LEVELS = 20
"""Templates inside templates; recursion is Argo's way to repeat, one round at a time."""


def workflow(spec: Mapping[str, Any], files: Files) -> Made:
    """Workflow, WorkflowTemplate and ClusterWorkflowTemplate."""
    inner = mapping(spec.get("workflowSpec")) or spec
    by_name = {text(mapping(one).get("name")): mapping(one) for one in items(inner.get("templates"))}
    seconds = count(inner.get("activeDeadlineSeconds"))
    entry = text(inner.get("entrypoint"))
    if entry not in by_name:
        return Made(unknown="its templates come from another workflow", seconds=seconds)
    return Made(groups=_most(by_name, entry, inner, files, 0), seconds=seconds)


def _most(by_name: _Templates, name: str, spec: Mapping[str, Any], files: Files, depth: int) -> tuple[Group, ...]:
    """The groups of a template at its fullest moment."""
    template = by_name.get(name)
    if template is None or depth > _MOST_LEVELS:
        return ()
    container = template.get("container") or template.get("script")
    together = items(mapping(template.get("containerSet")).get("containers"))
    if container or together:
        parts = together or [container]
        sides = [*items(template.get("sidecars")), *parts]
        return (group_of_spec({**spec, **template, "containers": sides, "resources": None}, 1, name, files.claims),)
    levels = _levels(items(mapping(template.get("dag")).get("tasks"))) or items(template.get("steps"))
    moments = []
    for level in levels:
        parts = level if isinstance(level, list) else [level]
        groups: list[Group] = []
        for part in map(mapping, parts):
            inner = _inner(part, by_name)
            groups += times(_most(inner[0], inner[1], spec, files, depth + 1), _loops(part), _LOOP)
        moments.append(tuple(groups))
    return max(moments, key=_weight, default=())


def _inner(
    part: Mapping[str, Any], by_name: Mapping[str, Mapping[str, Any]]
) -> tuple[Mapping[str, Mapping[str, Any]], str]:
    """The templates to look in, and the name, of a step; its own one may stand in it (`inline`)."""
    inline = mapping(part.get("inline"))
    return ({**by_name, "": inline}, "") if inline else (by_name, text(part.get("template")))


def _weight(groups: tuple[Group, ...]) -> tuple[bool, float, int]:
    gpus = [group.gpus for group in groups]
    return (None in gpus, sum(number or 0.0 for number in gpus), sum(group.pods or 0 for group in groups))


def _loops(part: Mapping[str, Any]) -> int | None:
    if "withParam" in part:
        return None
    if isinstance(part.get("withItems"), list):
        return len(part["withItems"])
    sequence = mapping(part.get("withSequence"))
    if not sequence:
        return 1
    start, end, number = (count(sequence.get(key)) for key in ("start", "end", "count"))
    return number if number is not None else None if end is None else abs(end - (start or 0)) + 1


def _levels(tasks: list[Any]) -> list[list[Any]]:
    """Tasks of a DAG by how long the chain before each is."""
    by_name = {text(mapping(one).get("name")): mapping(one) for one in tasks}
    depths: dict[str, int] = {}
    for _ in range(len(by_name)):  # a chain is at most that long; a circle never settles
        for name, one in by_name.items():
            before = [depths.get(need, 0) + 1 for need in _needs(one) if need in by_name]
            depths[name] = max(before, default=0)
    levels: dict[int, list[Any]] = {}
    for name, depth in depths.items():
        levels.setdefault(depth, []).append(by_name[name])
    return [levels[depth] for depth in sorted(levels)]


def _needs(task: Mapping[str, Any]) -> list[str]:
    """The tasks before a task: listed, or in an expression (`a.Succeeded && (b || c)`)."""
    listed = [text(one) for one in items(task.get("dependencies"))]
    return listed or _WORD.findall(text(task.get("depends")))
