"""Build a Debian package of the agent: the base install below /opt, a launcher and the unit.

python scripts/deb.py dist/trimtab-0.1.0-py3-none-any.whl [--python python3] [--out dist]

It is for the Python that builds it, whose version it depends on, and for this machine's architecture. The unit is
enabled by the person who installs it, once /etc/trimtab/agent.env names the server.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = "opt/trimtab-agent/lib"
_LAUNCHER = """#!/bin/sh
export PYTHONPATH=/opt/trimtab-agent/lib PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python{version} -m trimtab "$@"
"""
_SETTINGS = """# The server that the agent sends to, and a token of the role `write` (trimtab keys create).
#TRIMTAB_URL=https://trimtab.example.com:4750
#TRIMTAB_TOKEN=
"""
_AFTER = """#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
"""
_BEFORE = """#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --now trimtab-agent || true; fi
"""


def control(version: str, python: str, architecture: str, kilobytes: int) -> str:
    """What the package says of itself."""
    major, minor = (int(one) for one in python.split("."))
    return (
        f"Package: trimtab-agent\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: trimtab\n"
        f"Installed-Size: {kilobytes}\nDepends: python3 (>= {python}), python3 (<< {major}.{minor + 1})\n"
        "Section: admin\nPriority: optional\n"
        "Description: telemetry of this machine for trimtab\n"
        " Reads the host, its processes and its NVIDIA GPUs, and sends them to a trimtab server by OTLP.\n"
    )


def unit() -> str:
    """The unit: that which ships with the agent, started through the launcher and told by its settings' file."""
    text = (ROOT / "src/trimtab/agent/deploy/trimtab-agent.service").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, count=4, flags=re.MULTILINE)
    start = "ExecStart=/usr/bin/trimtab agent --spool-dir /var/lib/trimtab-agent"
    made = re.sub(r"^ExecStart=.*$", start, text, flags=re.MULTILINE)
    if "$" in made or start not in made:
        raise ValueError("cannot write the unit: what ships with the agent has changed its form")
    return made


def lay_out(folder: Path, wheel: Path, python: str, architecture: str, library: Path) -> None:
    """Write the tree of the package; `library` holds the wheel and what it depends on."""
    version = next(one for one in wheel.name.split("-")[1:2])
    shutil.copytree(library, folder / LIBRARY, ignore=shutil.ignore_patterns("bin", "__pycache__"))
    _write(folder / "usr/bin/trimtab", _LAUNCHER.format(version=python.split(".")[0]), 0o755)
    _write(folder / "lib/systemd/system/trimtab-agent.service", unit(), 0o644)
    _write(folder / "etc/trimtab/agent.env", _SETTINGS, 0o600)
    size = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
    _write(folder / "DEBIAN/control", control(version, python, architecture, size // 1024 + 1), 0o644)
    _write(folder / "DEBIAN/conffiles", "/etc/trimtab/agent.env\n", 0o644)
    _write(folder / "DEBIAN/postinst", _AFTER, 0o755)
    _write(folder / "DEBIAN/prerm", _BEFORE, 0o755)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _call(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    """Build the package that the command line asks for."""
    parser = argparse.ArgumentParser(description="Build a Debian package of the agent.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    asked = parser.parse_args()
    if not zipfile.is_zipfile(asked.wheel):
        print(f"cannot build the package: {asked.wheel} is no wheel", file=sys.stderr)
        return 2
    python = _call(asked.python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    architecture = _call("dpkg", "--print-architecture")
    with tempfile.TemporaryDirectory() as scratch:
        library, folder = Path(scratch) / "lib", Path(scratch) / "deb"
        uv = str(Path(sys.executable).parent / "uv")
        install = (uv, "pip", "install", "--quiet", "--python", asked.python, "--target", str(library))
        _call(*install, "--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / "requirements/base.lock"))
        _call(*install, "--no-deps", str(asked.wheel))
        shutil.rmtree(library / "trimtab/web/static", ignore_errors=True)  # the pages are of the server alone
        lay_out(folder, asked.wheel, python, architecture, library)
        made = _call("dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(folder), str(asked.out))
    print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
