"""What share of each room's lines and branches its unit tests run, and which rooms are below their floor.

    python scripts/coverage_by_room.py costs alarms

A room is a package of `src/trimtab`; it is measured by the tests of the same name in `tests/unit`, so that one room's
tests do not hide that another's are missing. A floor is raised when a room has got better, and never lowered.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "trimtab"
FLOORS = {"access": 97, "budgets": 76, "egress": 91, "events": 82}
"""Percent of lines and branches, of the rooms that were measured; each more that is measured gets one."""
PLACES = {"store/state": "store/state"}
"""Rooms that are no package of their own."""


def rooms() -> list[str]:
    """Packages that have unit tests."""
    tests = ROOT / "tests" / "unit"
    return sorted([*PLACES, *(one.name for one in SOURCE.iterdir() if one.is_dir() and (tests / one.name).is_dir())])


def share_of(room: str) -> float:
    """Percent of a room's lines and branches that its unit tests run. Raises SystemExit where one fails."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "coverage"
        command = [
            sys.executable, "-m", "coverage", "run", f"--data-file={data}", "--branch", "--rcfile=/dev/null",
            f"--include={SOURCE / room}/*", "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--no-header",
            f"tests/unit/{room}",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"cannot measure {room}: its tests fail\n{done.stdout[-2000:]}")
        measured = coverage.Coverage(data_file=str(data), config_file=False)
        measured.load()
        files = [str(file) for file in (SOURCE / room).rglob("*.py")]
        return measured.report(morfs=files, file=(Path(folder) / "report").open("w"), ignore_errors=True)


def main(arguments: Sequence[str]) -> int:
    """Print the share of each room; 1 where one is below its floor."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rooms", nargs="*", help="some of the rooms; all of them by default")
    asked = parser.parse_args(arguments).rooms
    unknown = sorted(set(asked) - set(rooms()))
    if unknown:
        parser.error(f"cannot measure {', '.join(unknown)}: expected some of {', '.join(rooms())}")
    below = []
    for room in asked or rooms():
        share, floor = share_of(room), FLOORS.get(room, 0)
        print(f"{room}: {share:.1f} %" + (f" (floor {floor} %)" if floor else ""), flush=True)
        if share < floor:
            below.append(room)
    if below:
        print(f"coverage: below their floor: {', '.join(below)}", file=sys.stderr)
    return 1 if below else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
