"""Batch scripts of SLURM: what their `#SBATCH` lines ask for (sbatch(1)).

Directives count until the first command; `#SBATCH hetjob` begins another component of a heterogeneous job. A script
that names no GPUs may still get them: whole nodes by `--exclusive`, or what the site gives by default. Then how many is
not known, and what the script sets for its own use (`GPUS_PER_NODE=8`) is told beside it, and never counted.
"""

import math
import re
import shlex
from collections.abc import Mapping

from trimtab.base.records import replace
from trimtab.jobfiles.gpu_names import accelerator_in
from trimtab.jobfiles.model import Ask, Group, Hardware, Reading
from trimtab.jobfiles.quantity import quantity
from trimtab.sources.slurm.asked import options_of, total_of, wish_of
from trimtab.sources.slurm.gres import Gpus

_DIRECTIVE = re.compile(r"#SBATCH(?:\s+(.*))?$")
_COMPONENT = re.compile(r"(?:hetjob|packjob)\b")
_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
_VARIABLE = re.compile(
    r"^\s*(?:export\s+|declare\s+-x\s+|readonly\s+)?(?:N?_?GPUS?_PER_NODE|NUM_GPUS_PER_NODE|GPU_PER_NODE|GPUS_PER_HOST)="
    r"[\"']?(?:\$\{\w+:-)?(\d+)",
    re.MULTILINE | re.IGNORECASE,
)
_RANGE = re.compile(r"(\d+)(?:-(\d+))?(?::(\d+))?")
_MEGABYTES = {"": 1.0, "K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 1024.0 * 1024}
_WHOLE = "it takes whole nodes (--exclusive) and names no GPUs"
_NONE = "it names no GPUs"
_SOCKETS = "it asks for GPUs by socket and does not say how many sockets a node has"
_PLACEHOLDER = "its number of nodes or GPUs is a placeholder, which SLURM does not fill in"


def looks_like_script(text: str) -> bool:
    """Whether a text is a batch script: it has a directive."""
    return re.search(r"^#SBATCH\s+(?:-|hetjob|packjob)", text, re.MULTILINE) is not None


def read(text: str, file: str) -> Reading:
    """What a batch script asks for: one job, of several groups where it is a heterogeneous one."""
    components = [options_of(words) for words in _components(text)]
    first = components[0]
    groups: list[Group] = []
    for place, options in enumerate(components):
        groups += _groups(options, f"component {place}" if len(components) > 1 else "")
    tasks, at_once = _array(first.get("array", ""))
    wish = wish_of(first)
    limits = [_seconds(one["time"]) for one in components if "time" in one]
    ask = Ask(
        kind="sbatch",
        name=first.get("job-name"),
        file=file,
        groups=tuple(groups),
        seconds=max((one for one in limits if one is not None), default=None),
        tasks=tasks,
        at_once=at_once,
        team=first.get("account", ""),
        user=first.get("uid", ""),
        queue=first.get("partition", ""),
        cluster=first.get("clusters", ""),
        facts={
            "nodes": sum(_nodes(options) or 0 for options in components),
            "ntasks": _int(first.get("ntasks")),
            "ntasks_per_node": _int(first.get("ntasks-per-node")),
            "gpus_from": wish.option if wish else None,
            "exclusive": "exclusive" in first,
            "cpus_per_task": _int(first.get("cpus-per-task")),
            "mem": first.get("mem"),
            "array": first.get("array"),
            "qos": first.get("qos", ""),
            "gpus_per_node_variable": _variable(text),
        },
    )
    return Reading(file, (ask,))


def _components(text: str) -> list[list[str]]:
    """The words of each component's directives."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        bare = line.strip()
        directive = _DIRECTIVE.match(line.rstrip())
        if directive:
            rest = directive[1] or ""
            if _COMPONENT.match(rest.strip()):
                found.append([])
            else:
                found[-1] += _words(rest)
        elif bare and not bare.startswith("#"):
            break
    return found


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a quote that is not closed
        return line.split("#")[0].split()


def _groups(options: Mapping[str, str], name: str) -> list[Group]:
    """The nodes of a component, with the GPUs of each; one group for each type of GPU."""
    nodes, wish = _nodes(options), wish_of(options)
    hardware = Hardware(accelerator_in(f"{options.get('constraint', '')} {options.get('prefer', '')}"))
    cpus, memory = _cpus(options, nodes or 1), _memory(options)
    if _placeholders(options) or nodes is None:
        return [Group(name=name, pods=nodes, gpus_each=None, hardware=hardware, unknown=_PLACEHOLDER)]
    if wish is None:
        why = _WHOLE if "exclusive" in options else _NONE
        group = Group(name=name, pods=nodes, gpus_each=None, hardware=hardware, unknown=why)
        return [replace(group, cpu_each=cpus, memory_each=memory)]
    parts = total_of(wish, nodes, _tasks(options, nodes), _sockets(options))
    if parts is None:
        return [Group(name=name, pods=nodes, gpus_each=None, hardware=hardware, unknown=_SOCKETS)]
    return [_group(one, place, nodes, name, hardware, cpus, memory) for place, one in enumerate(parts)]


def _group(one: Gpus, place: int, nodes: int, name: str, hardware: Hardware, cpus: float, memory: float) -> Group:
    """Nodes with GPUs of a type; of several types the first has the nodes, so that they are counted once."""
    each = {"gpus_each": one.count / nodes, "pods": nodes} if place == 0 else {"gpus_each": one.count, "pods": 1}
    typed = Hardware(one.type) if one.type else hardware
    named = name or (f"and {one.type}" if place else "")
    first = place == 0
    return Group(name=named, hardware=typed, cpu_each=cpus * first, memory_each=memory * first, **each)  # type: ignore[arg-type]  # two numbers of one Group


def _placeholders(options: Mapping[str, str]) -> bool:
    """Whether a variable stands where GPUs are counted: SLURM takes it as it is written, and refuses."""
    named = ("gpus", "gpus-per-node", "gres", "gpus-per-task", "gpus-per-socket")
    return any("$" in options.get(one, "") for one in named)


def _nodes(options: Mapping[str, str]) -> int | None:
    """Nodes, the fewest of a range; as many as the tasks need where none are named; None for a placeholder."""
    tasks, each = _int(options.get("ntasks")), _int(options.get("ntasks-per-node"))
    if "nodes" in options:
        found = _RANGE.match(options["nodes"].strip())
        return max(int(found[1]), 1) if found else None
    if tasks and each:
        return math.ceil(tasks / each)
    listed = options.get("nodelist", "")
    return max(_listed(listed), 1) if listed else 1


def _listed(text: str) -> int:
    """Nodes that a list names."""
    from_brackets = re.findall(r"[^,\[]+(?:\[([^\]]*)\])?", text)
    total = 0
    for inside in from_brackets:
        if not inside:
            total += 1
            continue
        for part in inside.split(","):
            low, _, high = part.partition("-")
            total += int(high) - int(low) + 1 if low.isdecimal() and high.isdecimal() else 1
    return total


def _tasks(options: Mapping[str, str], nodes: int) -> int:
    tasks, each = _int(options.get("ntasks")), _int(options.get("ntasks-per-node"))
    return tasks or (each or 1) * nodes


def _sockets(options: Mapping[str, str]) -> int | None:
    return _int(options.get("sockets-per-node")) or _int(options.get("extra-node-info", "").partition(":")[0])


def _cpus(options: Mapping[str, str], nodes: int) -> float:
    each = _int(options.get("cpus-per-task")) or 1
    return each * _tasks(options, nodes) / nodes


def _memory(options: Mapping[str, str]) -> float:
    """Bytes of a node that `--mem` asks for; 0 where it does not, or for all of it."""
    found = re.fullmatch(r"(\d+)([KMGT]?)B?", options.get("mem", "").strip().upper())
    return int(found[1]) * _MEGABYTES[found[2]] * 2**20 if found else 0.0


def _array(text: str) -> tuple[int, int | None]:
    """Tasks of an array (`0-31:4%8`, `1,3,7`), and how many may run at once."""
    if not text:
        return 1, None
    ids, _, limit = text.partition("%")
    total = 0
    for part in ids.split(","):
        found = _RANGE.fullmatch(part.strip())
        if not found:
            return 1, None
        low, high, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
        total += max((high - low) // max(step, 1) + 1, 0)
    return max(total, 1), int(limit) if limit.isdecimal() and int(limit) else None


def _seconds(text: str) -> int | None:
    """A time limit: `min`, `min:s`, `h:min:s`, `d-h`, `d-h:min`, `d-h:min:s`; None for none (`UNLIMITED`, 0)."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    days, first, second, third = (int(one) if one else 0 for one in found.groups())
    if found[1] is not None:
        seconds = days * 86_400 + first * 3600 + second * 60 + third
    elif found[4] is not None:
        seconds = first * 3600 + second * 60 + third
    else:
        seconds = first * 60 + second
    return seconds or None


def _variable(text: str) -> int | None:
    found = _VARIABLE.search(text)
    return int(found[1]) if found else None


def _int(text: str | None) -> int | None:
    number = quantity(text) if text else None
    return int(number) if number is not None and number == int(number) else None
