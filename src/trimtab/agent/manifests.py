"""The manifests that ship with the agent: a systemd unit and a Kubernetes DaemonSet."""

import sys
from pathlib import Path
from string import Template

from trimtab import __version__

_DIRECTORY = Path(__file__).parent / "deploy"


def systemd(url: str, interval_s: float) -> str:
    """A unit that runs this installation's agent as a service."""
    return _fill("trimtab-agent.service", url, interval_s)


def kubernetes(url: str, interval_s: float) -> str:
    """A DaemonSet that runs the agent on every node."""
    return _fill("daemonset.yaml", url, interval_s)


def _fill(name: str, url: str, interval_s: float) -> str:
    text = (_DIRECTORY / name).read_text(encoding="utf-8")
    return Template(text).substitute(python=sys.executable, url=url, interval=f"{interval_s:g}", version=__version__)
