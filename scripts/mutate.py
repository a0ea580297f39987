"""Whether the unit tests bite: changes the code of a room in small ways and counts how many changes its tests notice.

    python scripts/mutate.py access alarms --each 25 --seed 1

A room's tests run once under coverage, which tells what tests run each line. Then mutants are drawn (the same for the
same seed and code), and each is met by the quickest of the tests that run its line, in a forked process that has the
changed module instead of the one on disk. A line that no test runs is a survivor. Survivors are listed: those that
mean something want a test. Exit status 1 where a room is below its share.
"""

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

import coverage
import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "trimtab"
UNIT = ROOT / "tests" / "unit"
ROOMS: dict[str, tuple[str, str, int]] = {
    "costs": ("costs/**/*.py", "costs", 85),
    "economics": ("economics/**/*.py", "economics", 85),
    "budgets": ("budgets/**/*.py", "budgets", 85),
    "alarms": ("alarms/**/*.py", "alarms", 85),
    "access": ("access/*.py", "access", 85),
    "guard": ("doors/*.py", "doors/test_*.py doors/front", 85),
    "store": ("store/state/**/*.py", "store/state", 85),
    "egress": ("egress/*.py", "egress", 85),
    "fleet": ("fleet/**/*.py", "fleet", 75),
    "capacity": ("capacity/**/*.py", "capacity", 75),
    "triggers": ("triggers/**/*.py", "triggers", 75),
    "traces": ("traces/**/*.py", "traces", 75),
    "logs": ("logs/**/*.py", "logs", 75),
}
"""Of each room: its files, its tests, and the share of mutants in percent that they must notice."""
MOST_TESTS = 30
LIMIT_S = 60
"""Of a mutant's tests; one that hangs is noticed."""


class Mutant(NamedTuple):
    """A change of one place of a file: `line` and `what` say which, `number` is its place among the file's."""

    file: Path
    line: int
    what: str
    number: int


_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}  # fmt: skip


class _Changer(ast.NodeVisitor):
    """Counts the places of a module that can be changed, and changes the one of a number."""

    def __init__(self, number: int | None = None) -> None:
        self.number = number
        self.places: list[tuple[int, str]] = []

    def _place(self, node: ast.AST, what: str) -> bool:
        self.places.append((node.lineno, what))  # type: ignore[attr-defined]  # only nodes with a place come here
        return len(self.places) - 1 == self.number

    def visit_Compare(self, node: ast.Compare) -> None:
        for place, operator in enumerate(node.ops):
            other = _COMPARISONS[type(operator)]
            if self._place(node, f"{type(operator).__name__} → {other.__name__}"):
                node.ops[place] = other()
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        if self._place(node, f"{type(node.op).__name__} → {other.__name__}"):
            node.op = other()
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        texts = any(isinstance(part, ast.Constant | ast.JoinedStr) and not _is_number(part) for part in _parts(node))
        other = _ARITHMETIC.get(type(node.op))
        if other is not None and not texts and self._place(node, f"{type(node.op).__name__} → {other.__name__}"):
            node.op = other()
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not) and self._place(node, "not dropped"):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if self._place(node, "if turned round"):
            node.test = ast.UnaryOp(ast.Not(), node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        if self._place(node, "choice turned round"):
            node.body, node.orelse = node.orelse, node.body
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool) and self._place(node, f"{node.value} → {not node.value}"):
            node.value = not node.value
        elif type(node.value) is int and self._place(node, f"{node.value} → {node.value + 1}"):
            node.value += 1

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant) and self._place(node, "returns None"):
            node.value = ast.Constant(None)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)  # not what is written of types

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.args.defaults, *(default for default in node.args.kw_defaults if default), *node.body):
            self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in node.body:
            self.visit(part)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Words of messages are no rules."""


def _parts(node: ast.BinOp) -> tuple[ast.expr, ast.expr]:
    return node.left, node.right


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def mutants(file: Path) -> list[Mutant]:
    """Every mutant of a file."""
    changer = _Changer()
    changer.visit(ast.parse(file.read_text()))
    return [Mutant(file, line, what, number) for number, (line, what) in enumerate(changer.places)]


def changed(mutant: Mutant) -> CodeType:
    """The module of a mutant."""
    tree = ast.parse(mutant.file.read_text())
    _Changer(mutant.number).visit(tree)
    return compile(ast.fix_missing_locations(tree), str(mutant.file), "exec")


class _Loader(importlib.abc.Loader):
    def __init__(self, code: CodeType) -> None:
        self.code = code

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


class _Finder(importlib.abc.MetaPathFinder):
    """Has one module be a mutant's."""

    def __init__(self, mutant: Mutant) -> None:
        names = mutant.file.relative_to(SOURCE.parent).with_suffix("").parts
        self.name = ".".join(names[:-1] if names[-1] == "__init__" else names)
        self.mutant = mutant

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        place = str(self.mutant.file)
        return importlib.util.spec_from_file_location(name, place, loader=_Loader(changed(self.mutant)))


class _Watch:
    """A pytest plugin: which test is running, and how long each took."""

    def __init__(self, cover: coverage.Coverage) -> None:
        self.cover = cover
        self.took: dict[str, float] = {}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.cover.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took[report.nodeid] = self.took.get(report.nodeid, 0.0) + report.duration


_OPTIONS = ("-q", "-x", "-n0", "--reruns", "0", "--no-header", "--durations=0", "-p", "no:cacheprovider",
            "-p", "no:randomly")  # fmt: skip


def _forked(work: Callable[[], int], limit_s: float) -> int:
    """The exit status of `work` in a process of its own without its output; 124 where it takes too long."""
    child = os.fork()
    if child == 0:
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(quiet, stream)
        status = 70
        try:
            status = work()
        finally:
            os._exit(status)
    ends_s = time.monotonic() + limit_s
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _end_group(child)
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > ends_s:
            _end_group(child)
            os.waitpid(child, 0)
            return 124
        time.sleep(0.02)


def _end_group(leader: int) -> None:
    """End what a run of tests leaves behind, such as an engine."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def run_by(sources: Sequence[Path], tests: Sequence[str], data: Path) -> dict[tuple[str, int], list[str]]:
    """The tests that run each line, the quickest first."""

    def work() -> int:
        cover = coverage.Coverage(data_file=str(data), include=[str(file) for file in sources], config_file=False)
        watch = _Watch(cover)
        cover.start()
        status = int(pytest.main([option for option in _OPTIONS if option != "-x"] + list(tests), plugins=[watch]))
        cover.stop()
        cover.save()
        data.with_suffix(".took").write_text("\n".join(f"{took} {name}" for name, took in watch.took.items()))
        return status

    status = _forked(work, 3600)
    if status not in (0, 1):
        raise SystemExit(f"cannot run {' '.join(tests)}: pytest ended with {status}")
    lines = data.with_suffix(".took").read_text().splitlines()
    took = {name: float(seconds) for seconds, _, name in (line.partition(" ") for line in lines)}
    stored = coverage.CoverageData(str(data))
    stored.read()
    return {
        (file, line): sorted((name for name in names if name in took), key=lambda name: took[name])
        for file in stored.measured_files()
        for line, names in stored.contexts_by_lineno(file).items()
    }


def noticed(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Whether one of the tests fails with the mutant."""

    def work() -> int:
        sys.meta_path.insert(0, _Finder(mutant))
        return int(pytest.main([*_OPTIONS, *tests]))

    return bool(tests) and _forked(work, LIMIT_S) != 0


def judged(room: str, each: int, seed: int) -> Iterator[tuple[Mutant, str]]:
    """Mutants of a room and what became of them: "noticed", "survived" or "not run"."""
    files, tests, _ = ROOMS[room]
    sources = sorted(file for file in SOURCE.glob(files) if "migrations/versions" not in str(file))
    found = [str(path) for pattern in tests.split() for path in sorted(UNIT.glob(pattern))]
    every = [mutant for file in sources for mutant in mutants(file)]
    drawn = random.Random(f"{room} {seed}").sample(every, min(each, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        by_line = run_by(sources, found, Path(folder) / "coverage")
    everywhere = [name for names in by_line.values() for name in names]
    calm = list(dict.fromkeys(name for mutant in drawn for name in by_line.get((str(mutant.file), mutant.line)) or ()))
    if _forked(lambda: int(pytest.main([*_OPTIONS, *calm[:MOST_TESTS]])), 600) != 0:
        raise SystemExit(f"cannot mutate {room}: its tests fail as it is")
    for mutant in sorted(drawn):
        names = by_line.get((str(mutant.file), mutant.line))
        if names is None:
            yield mutant, "not run"
        else:
            # A line that is run while modules are imported is run by no test: those of its file are asked.
            of_file = (name for (file, _), some in by_line.items() if file == str(mutant.file) for name in some)
            asked = list(dict.fromkeys(names or of_file or everywhere))[:MOST_TESTS]
            yield mutant, "noticed" if noticed(mutant, asked) else "survived"


def main(arguments: Sequence[str]) -> int:
    """Print the share of each room and its survivors."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rooms", nargs="*", help=f"of {', '.join(ROOMS)}; all of them by default")
    parser.add_argument("--each", type=int, default=25, metavar="N", help="mutants of each room (25)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another draw (1)")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.rooms) - set(ROOMS))
    if unknown:
        parser.error(f"cannot mutate {', '.join(unknown)}: expected some of {', '.join(ROOMS)}")
    os.chdir(ROOT)
    below = []
    for room in asked.rooms or ROOMS:
        begun = resource.getrusage(resource.RUSAGE_CHILDREN)
        results = list(judged(room, asked.each, asked.seed))
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        killed = sum(result == "noticed" for _, result in results)
        cpu_s = ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
        share = 100 * killed / len(results)
        print(f"{room}: {killed} of {len(results)} noticed ({share:.0f} %; {cpu_s:.0f} CPU-s)", flush=True)
        for mutant, result in results:
            if result != "noticed":
                print(f"    {result}: {mutant.file.relative_to(ROOT)}:{mutant.line} {mutant.what}", flush=True)
        if share < ROOMS[room][2]:
            below.append(f"{room} (expected {ROOMS[room][2]} %)")
    if below:
        print(f"mutate: too few are noticed in {', '.join(below)}", file=sys.stderr)
    return 1 if below else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
