"""The units that `trimtab service install` writes: the text of each, and where it goes.

A system's unit runs the server as a user that exists while it runs (DynamicUser). Where this installation lies in a
folder that such a user cannot read, as what pipx installs below a home, it runs as the folder's owner.
"""

import stat
import sys
from pathlib import Path
from string import Template

from msgspec import Struct

from trimtab.agent import manifests

SERVER, AGENT = "server", "agent"
MARK = "# Written by `trimtab service install"
"""What the first line of a unit says that may be replaced and removed."""
_UNITS = Path(__file__).parent / "units"
_NAMES = {SERVER: "trimtab.service", AGENT: "trimtab-agent.service"}
_SEARCHED_BY_ALL = stat.S_IXOTH


class Unit(Struct, frozen=True):
    """A unit, and the file with its settings; both as paths below the root that they are installed to."""

    name: str
    text: str
    path: Path
    environment: Path


def server_unit(root: Path, *, user: bool, home: Path, data: str = "") -> Unit:
    """The server's; `user`: of a person's own systemd, whose home is `home`. `data`: where everything durable lies."""
    name = _NAMES[SERVER]
    if user:
        environment = home / ".config/trimtab/server.env"
        text = _filled("trimtab-user.service", environment, data="", account="", devices="")
        return Unit(name, text, home / ".config/systemd/user" / name, environment)
    environment = Path("/etc/trimtab/server.env")
    account = account_lines(Path(sys.prefix), Path(sys.executable))
    text = _filled(name, environment, data=data or "%S/trimtab", account=account, devices=_devices())
    return Unit(name, text, root / "etc/systemd/system" / name, root / "etc/trimtab/server.env")


def agent_unit(root: Path, url: str, interval_s: float) -> Unit:
    """The agent's, which ships with it."""
    name = _NAMES[AGENT]
    text = f"{MARK} agent`; what it wrote it replaces.\n{manifests.systemd(url, interval_s)}"
    return Unit(name, text, root / "etc/systemd/system" / name, root / "etc/trimtab/agent.env")


def account_lines(*needed: Path) -> str:
    """Whom the server runs as: nobody in particular, where all can read the installation, else its owner."""
    for path in needed:
        for folder in (path, *path.parents):
            if not folder.stat().st_mode & _SEARCHED_BY_ALL:
                return f"User={folder.owner()}"
    return "DynamicUser=yes"


def _devices() -> str:
    """Whether it has none of the machine's devices: its agent reads GPUs through theirs."""
    return "no" if Path("/dev/nvidiactl").exists() else "yes"


def _filled(file: str, environment: Path, *, data: str, account: str, devices: str) -> str:
    text = (_UNITS / file).read_text(encoding="utf-8")
    named = {"docs": Path(__file__).parent.parent, "python": sys.executable, "environment": environment}
    return Template(text).substitute(named | {"data": data, "account": account, "devices": devices})
