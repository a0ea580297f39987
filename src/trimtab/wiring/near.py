"""What is near this server and can be connected: by its own addresses, files and commands. Nothing else is asked."""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from trimtab.base import typed
from trimtab.base.errors import TrimtabError
from trimtab.egress.gate import Gate
from trimtab.egress.http import HttpClient, HttpOptions
from trimtab.egress.request import Outgoing
from trimtab.egress.this_machine import ThisMachine, own_addresses
from trimtab.sources.kubernetes.config import POD_SECRETS
from trimtab.web.connect.model import Kind, Near

_PORTS = {9090: "Prometheus", 8428: "VictoriaMetrics", 10902: "Thanos", 9009: "Mimir"}
"""Where these listen unless they are told otherwise."""
_STEP_S, _WHOLE_S = 0.4, 0.8
_TOOLS = ("sacct", "scontrol", "squeue")
_MOST_ADDRESSES, _AT_ONCE = 8, 4


def kubeconfig() -> Path:
    """Where kubectl keeps how to reach clusters."""
    return Path.home() / ".kube" / "config"


def what_is_near(
    gate: Gate,
    *,
    commands_allowed: bool,
    ports: Sequence[int] = tuple(_PORTS),
    addresses: Callable[[], Sequence[str]] = own_addresses,
    home: Path | None = None,
    which: Callable[[str], str | None] = shutil.which,
) -> list[Near]:
    """Prometheus servers on this machine's addresses, clusters of a kubeconfig, SLURM's commands, AWS's files."""
    folder = home or Path.home()
    return [
        *_prometheus(gate, [(address, port) for port in ports for address in addresses()[:_MOST_ADDRESSES]]),
        *clusters(folder / ".kube" / "config"),
        *slurm(which, commands_allowed=commands_allowed),
        *profiles(folder / ".aws"),
    ]


def _prometheus(gate: Gate, places: Sequence[tuple[str, int]]) -> list[Near]:
    asker = HttpClient(ThisMachine.beside(gate), HttpOptions(step_s=_STEP_S, whole_s=_WHOLE_S))

    def answers(place: tuple[str, int]) -> bool:
        url = f"http://{place[0]}:{place[1]}/api/v1/query?query=vector(1)"
        try:
            found = asker.ask(Outgoing(url, {"Accept": "application/json"}, b"", "GET"))
        except TrimtabError:
            return False
        return found.status == 200 and b'"success"' in found.body

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answered = [place for place, yes in zip(places, pool.map(answers, places), strict=True) if yes]
    first: dict[int, str] = {}
    for address, port in answered:
        first.setdefault(port, address)
    return [
        Near(Kind.PROMETHEUS, _PORTS.get(port, "Prometheus"), f"http://{address}:{port}", "answers queries here")
        for port, address in first.items()
    ]


def clusters(config: Path) -> list[Near]:
    """Each context of a kubeconfig, and the cluster that this server is a pod of."""
    found = []
    if (POD_SECRETS / "token").exists():
        found.append(Near(Kind.KUBERNETES, "this pod's cluster", "", "by its service account"))
    try:
        read = typed.convert(msgspec.yaml.decode(config.read_bytes()), dict[str, object])
    except FileNotFoundError:
        return found
    except (OSError, msgspec.MsgspecError) as problem:
        return [*found, Near(Kind.KUBERNETES, str(config), problem=f"cannot be read: {problem}")]
    current, contexts = read.get("current-context"), read.get("contexts")
    for one in contexts if isinstance(contexts, list) else ():
        name = one.get("name") if isinstance(one, dict) else None
        if isinstance(name, str):
            detail = f"{config}{', its current context' if name == current else ''}"
            found.append(Near(Kind.KUBERNETES, name, name, detail))
    return found


def slurm(which: Callable[[str], str | None], *, commands_allowed: bool) -> list[Near]:
    """SLURM's commands, where they are on this machine."""
    missing = [name for name in _TOOLS if which(name) is None]
    if len(missing) == len(_TOOLS):
        return []
    problem = f"{', '.join(missing)} is not on this machine" if missing else ""
    if not problem and not commands_allowed:
        problem = "the settings do not allow commands: set TRIMTAB_CONNECT_COMMANDS=1"
    return [Near(Kind.SLURM, "SLURM", "", f"{', '.join(_TOOLS)} are on this machine", problem)]


def profiles(folder: Path) -> list[Near]:
    """Profiles of AWS's own files; nothing of them is read but names."""
    names: dict[str, str] = {}
    for file, begin in (("credentials", ""), ("config", "profile ")):
        try:
            lines = (folder / file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            head = line.strip()
            if head.startswith("[") and head.endswith("]"):
                section = head[1:-1].strip()
                name = section.removeprefix(begin).strip()
                if name and (section.startswith(begin) or section == "default"):
                    names.setdefault(name, str(folder / file))
    return [Near("aws", f"AWS profile {name}", name, file) for name, file in names.items()]
