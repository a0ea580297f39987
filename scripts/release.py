"""Make a release: check what must hold, build, list what is in it, and tag. It pushes and publishes nothing.

python scripts/release.py 0.3.0            check, build into dist/, tag v0.3.0
python scripts/release.py 0.3.0 --names    write the names that the release promises to keep, to be committed before it
python scripts/release.py 0.3.0 --dry-run  check and build, without a tag; a working tree that is not clean is told only

What must hold: the version is new and higher than every tag; pyproject.toml, the package and the chart have it;
CHANGELOG.md has a dated section of it with lines; what was to be gone is gone; its names are kept; a data folder of
every tag is there, so that upgrades from it are tested; nothing is uncommitted. What comes out, in dist/: the wheel and
the sdist, built twice with the same bytes; `trimtab-VERSION.cdx.json` and `trimtab-agent-VERSION.cdx.json`, the bills
of materials; `NOTES.md` with what users notice: the section of the changelog as far as its list `### Every change`;
`SHA256SUMS` of all of them. Signing is the publisher's:
`cosign sign-blob` or `gpg --sign` over SHA256SUMS.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from trimtab.base.deprecated import DEPRECATED

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
_VERSION = re.compile(r"^(\d+)\.(\d+)\.(\d+)(?:rc(\d+))?$")
_NEEDED = (
    "trimtab/web/static/manifest.json",
    "trimtab/cli/units/trimtab.service",
    "trimtab/agent/deploy/daemonset.yaml",
)
_MOST_BYTES = 30 << 20
EVERY_CHANGE = "### Every change"
"""What the list of a section begins with, after the lines that a release says of itself."""
_MOST_LINES = 20
"""What somebody reads before an upgrade; the list is for who looks for something."""
NAMES = "tests/crash/releases/{}.names.txt"
"""Settings, commands and operations of a release; tests/docs/test_deprecations.py holds them against later versions."""
DATA = "tests/crash/releases/{}.tar.xz"
"""A data folder that a release wrote (tests/crash/release_data.py); tests/crash/test_upgrade.py opens each of them."""


class Refused(Exception):
    """What must hold does not."""


def order(version: str) -> tuple[int, int, int, int]:
    """How versions follow each other: a candidate before its release. Raises Refused."""
    found = _VERSION.match(version)
    if found is None:
        raise Refused(f"cannot release {version}: expected a version such as 0.3.0 or 0.3.0rc1")
    return int(found[1]), int(found[2]), int(found[3]), int(found[4]) if found[4] else 1_000_000


def notes_of(changelog: str, version: str) -> str:
    """What users notice of a version.

    Raises Refused where its section is missing, undated, empty or only a long list.
    """
    found = re.search(rf"^## {re.escape(version)} — (.+?)\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise Refused(f"cannot release {version}: CHANGELOG.md has no section `## {version} — YYYY-MM-DD`")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", found[1].strip()):
        raise Refused(f"cannot release {version}: its section of CHANGELOG.md is of {found[1].strip()!r}, not of a day")
    if "\n- " not in f"\n{found[2]}":
        raise Refused(f"cannot release {version}: its section of CHANGELOG.md has no line")
    noticed, listed, changes = found[2].partition(f"\n{EVERY_CHANGE}\n")
    noticed = noticed.strip()
    if len(noticed.splitlines()) > _MOST_LINES:
        raise Refused(
            f"cannot release {version}: what users notice has {len(noticed.splitlines())} lines; expected at most "
            f"{_MOST_LINES} before `{EVERY_CHANGE}`"
        )
    count = len(re.findall(r"^- ", changes, re.MULTILINE))
    return f"# trimtab {version}\n\n{noticed}\n" + (f"\nCHANGELOG.md lists all {count} changes.\n" if listed else "")


def check(version: str, tags: Sequence[str], *, root: Path = ROOT) -> str:
    """The notes of a release that may be made. Raises Refused."""
    wanted = order(version)
    for tag in tags:
        if _VERSION.match(tag.removeprefix("v")) and order(tag.removeprefix("v")) >= wanted:
            raise Refused(f"cannot release {version}: {tag} is there already; expected a higher version")
    stated = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if stated != version:
        raise Refused(f"cannot release {version}: pyproject.toml has {stated}")
    package = "src/trimtab/__init__.py"
    if f'__version__ = "{version}"' not in (root / package).read_text(encoding="utf-8"):
        raise Refused(f"cannot release {version}: {package} has another one, which is what the program says of itself")
    chart = (root / "deploy/helm/trimtab/Chart.yaml").read_text(encoding="utf-8")
    for key in ("version", "appVersion"):
        if not re.search(rf"^{key}: {re.escape(version)}$", chart, re.MULTILINE):
            raise Refused(f"cannot release {version}: {key} of the chart is another one")
    due = [one.name for one in DEPRECATED if order(one.until) <= wanted]
    if due:
        raise Refused(f"cannot release {version}: it still has {', '.join(due)}, which it said would be gone")
    for tag in (one.removeprefix("v") for one in tags if _VERSION.match(one.removeprefix("v"))):
        if not (root / DATA.format(tag)).is_file():
            raise Refused(f"cannot release {version}: {DATA.format(tag)} is missing, so no test upgrades from {tag}")
    if not (root / NAMES.format(version)).is_file():
        raise Refused(f"cannot release {version}: {NAMES.format(version)} is missing; try --names")
    return notes_of((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)


def names(root: Path = ROOT) -> list[str]:
    """Every setting, command and operation that the reference pages have: what a release promises to keep."""
    reference = root / "docs" / "reference"
    found = {
        "setting": re.findall(r"^\| `(TRIMTAB_\w+)`", (reference / "settings.md").read_text("utf-8"), re.MULTILINE),
        "command": re.findall(r"^#+ (trimtab.*)$", (reference / "commands.md").read_text("utf-8"), re.MULTILINE),
        "operation": re.findall(
            r"^\| `([A-Z]+ /\S+)`", (reference / "rest-operations.md").read_text("utf-8"), re.MULTILINE
        ),
    }
    return sorted(f"{kind} {name}" for kind, listed in found.items() for name in listed)


def checked_wheel(wheel: Path, sources: Sequence[str] = ()) -> None:
    """Look into a wheel: the pages and every source are there, and nothing of tests. Raises Refused."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    missing = [one for one in (*_NEEDED, *sources) if one not in names]
    if missing:
        raise Refused(f"cannot release {wheel.name}: it lacks {', '.join(missing[:10])} ({len(missing)} files)")
    foreign = sorted({one.split("/")[0] for one in names} - {"trimtab"})
    if any(not one.endswith(".dist-info") for one in foreign):
        raise Refused(f"cannot release {wheel.name}: it has {', '.join(foreign)}")
    if wheel.stat().st_size > _MOST_BYTES:
        raise Refused(f"cannot release {wheel.name}: it has {wheel.stat().st_size >> 20} MiB; expected at most 30")


def sources() -> list[str]:
    """Every file of the package that git knows, by its name in a wheel."""
    return [one.removeprefix("src/") for one in _run("git", "ls-files", "src/trimtab").splitlines()]


def build(version: str, notes: str) -> list[Path]:
    """Wheel and sdist, built twice with the same bytes; bills of materials, notes and sums beside them."""
    shutil.rmtree(DIST, ignore_errors=True)
    built = _built(DIST)
    with tempfile.TemporaryDirectory() as again:
        for one in _built(Path(again)):
            if one.read_bytes() != (DIST / one.name).read_bytes():
                raise Refused(f"cannot release {one.name}: building it again gave other bytes")
    [wheel] = [one for one in built if one.suffix == ".whl"]
    checked_wheel(wheel, sources())
    for lock, name in (("server.lock", "trimtab"), ("base.lock", "trimtab-agent")):
        listed = _run(sys.executable, "scripts/sbom.py", f"requirements/{lock}", str(wheel))
        json.loads(listed)
        (DIST / f"{name}-{version}.cdx.json").write_text(listed, encoding="utf-8")
    (DIST / "NOTES.md").write_text(notes, encoding="utf-8")
    files = sorted(one for one in DIST.iterdir() if one.name not in ("SHA256SUMS", ".gitignore"))
    sums = "".join(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in files)
    (DIST / "SHA256SUMS").write_text(sums, encoding="utf-8")
    return [*files, DIST / "SHA256SUMS"]


def _built(folder: Path) -> list[Path]:
    when = _run("git", "log", "-1", "--format=%ct").strip()
    command = ("uv", "build", "--quiet", "--no-build-isolation", "--python", sys.executable, "--out-dir", str(folder))
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    _run(*command, environment={"SOURCE_DATE_EPOCH": when, "PATH": beside})
    return sorted(one for one in folder.iterdir() if one.suffix in (".whl", ".gz"))


def _run(*command: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
    )
    if done.returncode:
        raise Refused(f"cannot run {' '.join(command[:3])}: {done.stderr.strip()[-800:]}")
    return done.stdout


def main() -> int:
    """Make the release that the command line names."""
    parser = argparse.ArgumentParser(description="Make a release.")
    parser.add_argument("version")
    parser.add_argument(
        "--names", action="store_true", help="write what the release promises to keep, and nothing else"
    )
    parser.add_argument("--dry-run", action="store_true", help="no tag")
    asked = parser.parse_args()
    if asked.names:
        (ROOT / NAMES.format(asked.version)).write_text("\n".join([*names(), ""]), encoding="utf-8")
        return 0
    try:
        notes = check(asked.version, _run("git", "tag", "--list", "v*").split())
        dirty = _run("git", "status", "--porcelain").strip()
        if dirty and not asked.dry_run:
            raise Refused(f"cannot release {asked.version}: {len(dirty.splitlines())} files are not committed")
        files = build(asked.version, notes)
        if not asked.dry_run:
            _run("git", "tag", "--annotate", f"v{asked.version}", "--message", notes)
    except Refused as problem:
        print(problem, file=sys.stderr)
        return 1
    for one in files:
        print(f"{one.stat().st_size:>12,}  {one.relative_to(ROOT)}")
    print(
        "no tag was made"
        if asked.dry_run
        else f"tagged v{asked.version}; push it with: git push origin v{asked.version}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
