"""What the machine is: its identity as OpenTelemetry resource attributes, and how long it has been up."""

import platform
import socket

import psutil

from trimtab.agent.collect.roots import Roots
from trimtab.agent.reading import Reading

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "x86", "i386": "x86"}
_MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")


def boot_ms() -> int:
    """When the machine started, in ms since the epoch: what its counters count from."""
    return int(psutil.boot_time() * 1000)


def uptime(now_ms: int, booted_ms: int) -> list[Reading]:
    """Seconds since the machine started."""
    return [Reading("system.uptime", "s", max(0.0, (now_ms - booted_ms) / 1000))]


def machine_id(roots: Roots) -> str:
    """The identity that systemd or D-Bus gave this installation; empty where there is none."""
    for path in _MACHINE_IDS:
        try:
            text = roots.on_host(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text and text != "uninitialized":
            return text
    return ""


def description(roots: Roots) -> str:
    """The operating system as a person would name it, e.g. `Debian GNU/Linux 13 (trixie), kernel 6.12.9`."""
    try:
        release = roots.on_host("/etc/os-release").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"{platform.system()} {platform.release()}"
    for line in release.splitlines():
        if line.startswith("PRETTY_NAME="):
            name = line.partition("=")[2].strip().strip("\"'")
            return f"{name}, kernel {platform.release()}"
    return f"{platform.system()} {platform.release()}"


def attributes(roots: Roots) -> dict[str, str]:
    """Resource attributes of this machine (host.*, os.*)."""
    machine = platform.machine().lower()
    found = {
        "host.name": socket.gethostname(),
        "host.id": machine_id(roots),
        "host.arch": _ARCHITECTURES.get(machine, machine),
        "os.type": platform.system().lower(),
        "os.description": description(roots),
    }
    return {key: value for key, value in found.items() if value}
