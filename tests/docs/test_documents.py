"""The documents hold together: links resolve, the change log has the version, the README says two commands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from trimtab import __version__

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```", re.DOTALL)


def documents(repository: Path) -> list[Path]:
    return [*sorted(repository.glob("*.md")), *sorted((repository / "docs").rglob("*.md"))]


def anchors(text: str) -> set[str]:
    """GitHub's and mkdocs' anchors of headings: lower case, dashes for spaces, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> list[str]:
    broken = []
    for link in _LINK.findall(_CODE.sub("", document.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            broken.append(link)
    return broken


def test_links_resolve(repository: Path) -> None:
    broken = {str(one.relative_to(repository)): broken_links(one) for one in documents(repository)}
    assert {} == {name: links for name, links in broken.items() if links}


def test_the_change_log_has_this_version(repository: Path) -> None:
    log = (repository / "CHANGELOG.md").read_text()
    entry = re.search(rf"^## {re.escape(__version__)}\b.*?(?=^## |\Z)", log, re.MULTILINE | re.DOTALL)
    assert entry is not None
    assert "\n- " in entry.group()


def test_the_package_has_the_version_of_the_project(repository: Path) -> None:
    assert f'\nversion = "{__version__}"\n' in (repository / "pyproject.toml").read_text()


def test_the_readme_sets_up_in_two_commands(repository: Path) -> None:
    first = re.search(r"```sh\n(.*?)```", (repository / "README.md").read_text(), re.DOTALL)
    assert first is not None
    clone, up = first.group(1).strip().splitlines()
    assert clone.startswith("git clone ")
    assert "make up" == up


def test_the_architecture_stays_two_pages(repository: Path) -> None:
    assert len((repository / "ARCHITECTURE.md").read_text().splitlines()) <= 120


def test_the_architecture_names_every_package(repository: Path) -> None:
    text = (repository / "ARCHITECTURE.md").read_text()
    source = repository / "src" / "trimtab"
    packages = [one.parent.name + "/" for one in source.glob("*/__init__.py")]
    modules = [one.name for one in source.glob("*.py") if one.name != "__init__.py"]
    assert [] == [name for name in packages + modules if name not in text]


def test_where_the_architecture_says_something_is_there_is_something(repository: Path) -> None:
    where = (repository / "ARCHITECTURE.md").read_text().partition("**Where is")[2].partition("\n## ")[0]
    places = re.findall(r"`([\w/.]+)`", where)[1:]  # the first is the folder that they are below
    assert len(places) > 30
    assert [] == [place for place in places if not (repository / "src" / "trimtab" / place).exists()]


def test_no_committed_file_names_a_registry(repository: Path) -> None:
    packages = [
        repository / "frontend" / "package-lock.json",
        repository / "tests" / "wire" / "js" / "package-lock.json",
    ]
    locks = [*(repository / "requirements").glob("*.lock"), *packages]
    named = re.compile(r"--index-url|--find-links|\"resolved\":|https?://[^\s\"]*(?:pypi|npmjs|simple/)")
    assert [] == [lock.name for lock in locks if named.search(lock.read_text())]


def test_every_locked_package_has_hashes(repository: Path) -> None:
    for lock in (repository / "requirements").glob("*.lock"):
        pins = re.findall(r"^([a-z0-9][\w.\-]*)==\S+(.*?)(?=^[a-z0-9#]|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
        assert pins
        assert [] == [name for name, rest in pins if "--hash=sha256:" not in rest], lock.name


def test_the_base_install_is_light(repository: Path) -> None:
    base = set(
        re.findall(r"^([a-z0-9][\w.\-]*)==", (repository / "requirements" / "base.lock").read_text(), re.MULTILINE)
    )
    assert {"click", "httpx", "msgspec", "psutil", "rich"} <= base
    assert set() == base & {"botocore", "chdb", "numpy", "pandas", "pyarrow", "sqlalchemy", "starlette"}


def test_smaller_locks_pin_the_same_versions_as_the_whole(repository: Path) -> None:
    def pins(name: str) -> set[str]:
        text = (repository / "requirements" / name).read_text()
        return set(re.findall(r"^([a-z0-9][\w.\-]*==[^\s;]+)", text, re.MULTILINE))

    whole = pins("dev.lock")
    assert {"server.lock": set(), "base.lock": set(), "build.lock": set()} == {
        name: pins(name) - whole for name in ("server.lock", "base.lock", "build.lock")
    }


def test_the_documentation_builds(repository: Path, tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=100, check=False)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "index.html").exists()
