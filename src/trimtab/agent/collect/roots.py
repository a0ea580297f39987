"""Where the machine's own trees are seen from: other paths than usual inside a container."""

from pathlib import Path

from msgspec import Struct


class Roots(Struct, frozen=True):
    """`procfs` is the host's /proc; `rootfs` is where the host's / is mounted; `sysfs` is /sys."""

    procfs: Path = Path("/proc")
    rootfs: Path = Path("/")
    sysfs: Path = Path("/sys")

    def on_host(self, path: str) -> Path:
        """The host's absolute `path` as this process reaches it."""
        return self.rootfs / path.lstrip("/")
