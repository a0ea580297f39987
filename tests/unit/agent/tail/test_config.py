"""What a user may write about log files, and what is said where it is wrong."""

from pathlib import Path

import pytest

from trimtab.agent.tail.config import FileSet, LogPlace, read
from trimtab.base.errors import SetupError


def test_globs_with_and_without_a_group() -> None:
    assert read("/var/log/*.log, app=/srv/app/**/*.log") == [
        FileSet(["/var/log/*.log"]),
        FileSet(["/srv/app/**/*.log"], group="app"),
    ]
    assert read("") == []


def test_a_file_of_sets_and_its_templates(tmp_path: Path) -> None:
    file = tmp_path / "logs.toml"
    file.write_text('[[file]]\npaths = ["~/x.log"]\ngroup = "/app/{parent}/{stem}"\ntimezone = "Europe/Berlin"\n')
    (found,) = read(str(file))
    assert found.paths == [str(Path("~/x.log").expanduser())]
    assert found.place(Path("/var/log/web/access.log"), "h") == LogPlace("/app/web/access", "h/access.log")
    assert FileSet(["/x"]).place(Path("/var/log/a.log"), "h") == LogPlace("/var/log", "h/a.log")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('paths = ["a.log"]', "expected an absolute path"),
        ("paths = []", "got no paths"),
        ('paths = ["/a"]\ngroup = "{nope}"', "expected one of host, dir"),
        ('paths = ["/a"]\ngroup = "{"', "got '{'"),
        ('paths = ["/a"]\ngroup = ""', "an empty group"),
        ('paths = ["/a"]\nbegin = "("', "no regular expression"),
        ('paths = ["/a"]\ntimezone = "Mars"', "expected local, UTC"),
        ('paths = ["/a"]\nstart = "middle"', "expected [[file]] tables"),
        ('paths = ["/a"]\nother = 1', "expected [[file]] tables"),
        ("not toml", "expected [[file]] tables"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, body: str, says: str) -> None:
    file = tmp_path / "logs.toml"
    file.write_text("[[file]]\n" + body)
    with pytest.raises(SetupError) as problem:
        read(str(file))
    assert says in str(problem.value)
