"""The chart's container, run by podman: nobody's user, no rights, a root that cannot be written to, and it works.

In place of the image stand this machine's programs and this Python, mounted read-only: what is tried is the command,
the environment and the rights of the chart, in a container of an OCI runtime.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from chart_templates import Chart
from patience import until
from real.parts import need_root, program

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

NAME = f"trimtab-real-{os.getpid()}"
LINKS = ("bin", "sbin", "lib", "lib64")
ASKS = "import sys, urllib.request as r; print(r.urlopen(f'http://127.0.0.1:{sys.argv[1]}', timeout=20).status)"


class Container:
    """The container of the chart's StatefulSet."""

    def __init__(self, folder: Path, chart: Chart) -> None:
        self._podman = [
            program("podman"), f"--root={folder}/store", f"--runroot={folder}/run", "--storage-driver=vfs",
            "--cgroup-manager=cgroupfs", f"--runtime={program('runc')}", f"--tmpdir={folder}/tmp",
        ]  # fmt: skip
        self.data, self._root, self._log = folder / "data", folder / "root", folder / "out"
        stateful = next(one for one in chart.documents({}) if one["kind"] == "StatefulSet")
        self.pod: dict[str, Any] = stateful["spec"]["template"]["spec"]
        [self.spec] = self.pod["containers"]
        self.user = f"{self.pod['securityContext']['runAsUser']}:{self.pod['securityContext']['runAsGroup']}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it in the foreground, as Kubernetes would: with what the chart says and nothing else."""
        self.data.mkdir()
        os.chown(self.data, *map(int, self.user.split(":")))
        for name in (*(_inside(path) for path in _mounted()), "etc", "proc", "sys", "dev", "tmp", "var/lib/trimtab"):
            (self._root / name).mkdir(parents=True, exist_ok=True)
        for name in LINKS:
            (self._root / name).symlink_to(f"usr/{name}")
        rights = self.spec["securityContext"]
        words = ["run", "--rm", f"--name={NAME}", "--network=none", f"--user={self.user}", "--workdir=/var/lib/trimtab"]
        words += [f"--cap-drop={one}" for one in rights["capabilities"]["drop"]]
        words += ["--read-only", "--read-only-tmpfs=false"] if rights["readOnlyRootFilesystem"] else []
        words += ["--security-opt=no-new-privileges"] if not rights["allowPrivilegeEscalation"] else []
        words += [f"--env={one['name']}={one['value']}" for one in self.spec["env"]]
        words += ["--env=TRIMTAB_DATA_DIR=/var/lib/trimtab", "--env=HOME=/var/lib/trimtab"]  # the image's own
        words += ["--env=PYTHONDONTWRITEBYTECODE=1", "--env=NUMBA_CACHE_DIR=/tmp/numba"]
        words += [f"--env=PYTHONPATH={Path(__file__).parents[2] / 'src'}"]
        for mount in self.spec["volumeMounts"]:
            at = mount["mountPath"]
            words.append(f"--tmpfs={at}:mode=1777" if mount["name"] == "tmp" else f"--volume={self.data}:{at}")
        words += [f"--volume={path}:{path}:ro" for path in _mounted()]
        entry = [sys.executable, "-m", "trimtab", *self.spec["args"]]
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                [*self._podman, *words, "--rootfs", str(self._root), *entry], stdout=out, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def inside(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a program in it, as its user."""
        command = [*self._podman, "exec", NAME, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def answers(self, probe: str) -> bool:
        """Whether a probe of the chart, asked from inside, is answered."""
        asked = self.spec[probe]["httpGet"]
        port = next(one["containerPort"] for one in self.spec["ports"] if one["name"] == asked["port"])
        assert self._process is not None
        assert self._process.poll() is None, self.output()[-3000:]
        return "200" == self.inside(sys.executable, "-c", ASKS, f"{port}{asked['path']}").stdout.strip()

    def output(self) -> str:
        """What it printed."""
        return self._log.read_text("utf-8", "replace")

    def stop(self) -> int:
        """Stop it as Kubernetes does: SIGTERM, and the time of grace that the chart gives. Its exit status."""
        assert self._process is not None
        seconds = self.pod["terminationGracePeriodSeconds"]
        subprocess.run([*self._podman, "stop", f"--time={seconds}", NAME], check=False, capture_output=True)
        return self._process.wait(seconds)

    def end(self) -> None:
        """Leave nothing."""
        subprocess.run([*self._podman, "rm", "--force", "--time=0", NAME], check=False, capture_output=True)
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _mounted() -> list[str]:
    """What of this machine is the container's: its programs, and Python with the packages and this source."""
    places = {"/usr", sys.base_prefix, sys.prefix, sysconfig.get_path("stdlib"), str(Path(__file__).parents[2])}
    places |= {str(Path(one).resolve()) for one in places}
    return sorted(one for one in places if not any(one.startswith(f"{other}/") for other in places))


def _inside(path: str) -> str:
    return path.lstrip("/")


@pytest.fixture
def container(repository: Path) -> Iterator[Container]:
    need_root("a container with cgroups")
    folder = Path(mkdtemp(prefix="trimtab-container"))
    folder.chmod(0o755)
    made = Container(folder, Chart(repository / "deploy" / "helm" / "trimtab"))
    try:
        made.start()
        yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_charts_container_serves_as_nobody_over_a_root_that_it_cannot_write_to(container: Container) -> None:
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        until(lambda probe=probe: container.answers(probe), f"the {probe} is not answered")
    status = dict(line.split(":\t", 1) for line in container.inside("cat", "/proc/1/status").stdout.splitlines())
    user, group = container.user.split(":")
    assert {user} == set(status["Uid"].split())
    assert {group} == set(status["Gid"].split())
    assert (0, "1", "2") == (int(status["CapEff"], 16), status["NoNewPrivs"], status["Seccomp"])
    for place in ("/", "/usr", "/etc", "/var/lib"):
        assert "Read-only file system" in container.inside("touch", f"{place}/x").stderr, place
    owners = {path.stat().st_uid for path in container.data.rglob("*")}
    assert {int(user)} == owners  # and it keeps something
    assert 0 == container.stop(), container.output()[-3000:]
