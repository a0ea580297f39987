"""Releases: what must hold before one is made, and what its bill of materials says."""

import importlib.util
import json
import re
import subprocess
import zipfile
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import pytest

from trimtab.base.deprecated import Deprecation, Kind

LOCK = """# written by uv
one==1.2.3 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via trimtab
Two_b[extra]==4.5 ; python_full_version < '3.14' \\
    --hash=sha256:{a}
""".format(a="a" * 64, b="b" * 64)
CHANGES = """# Changelog

## 0.3.0 — 2026-12-01

- Something that users notice.

## 0.2.0 — unreleased

- Another.

## 0.1.0 — 2026-01-01

Only words.
"""


def loaded(repository: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, repository / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def release(repository: Path) -> ModuleType:
    return loaded(repository, "release")


@pytest.fixture(scope="module")
def sbom(repository: Path) -> ModuleType:
    return loaded(repository, "sbom")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose version is 0.3.0."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.3.0"\n')
    (tmp_path / "src/trimtab").mkdir(parents=True)
    (tmp_path / "src/trimtab/__init__.py").write_text('__version__ = "0.3.0"\n')
    (tmp_path / "deploy/helm/trimtab").mkdir(parents=True)
    (tmp_path / "deploy/helm/trimtab/Chart.yaml").write_text("version: 0.3.0\nappVersion: 0.3.0\n")
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    (tmp_path / "tests/crash/releases").mkdir(parents=True)
    (tmp_path / "tests/crash/releases/0.3.0.names.txt").write_text("setting TRIMTAB_URL\n")
    (tmp_path / "tests/crash/releases/0.2.0.tar.xz").touch()
    return tmp_path


def test_a_release_has_the_notes_of_its_version(release: ModuleType, project: Path) -> None:
    assert "# trimtab 0.3.0\n\n- Something that users notice.\n" == release.check(
        "0.3.0", ["v0.2.0", "x"], root=project
    )


@pytest.mark.parametrize(
    ("version", "tags", "said"),
    [
        ("0.3", [], "expected a version such as"),
        ("0.3.0", ["v0.3.0"], "v0.3.0 is there already"),
        ("0.3.0", ["v0.10.0"], "v0.10.0 is there already"),
        ("0.3.1", [], "pyproject.toml has 0.3.0"),
    ],
)
def test_what_must_hold_is_said(release: ModuleType, project: Path, version: str, tags: list[str], said: str) -> None:
    with pytest.raises(release.Refused, match=re.escape(said)):
        release.check(version, tags, root=project)


def test_what_a_version_said_would_be_gone_has_to_be(
    release: ModuleType, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for until, refused in (("0.3.1", False), ("0.3.0", True), ("0.2.0", True)):
        old = Deprecation(kind=Kind.SETTING, name="TRIMTAB_OLD", since="0.1.0", until=until, instead="-")
        monkeypatch.setattr(release, "DEPRECATED", (old,))
        with pytest.raises(release.Refused, match="it still has TRIMTAB_OLD") if refused else nullcontext():
            release.check("0.3.0", [], root=project)


def test_the_names_of_a_release_are_kept_before_it_is_made(release: ModuleType, project: Path) -> None:
    (project / release.NAMES.format("0.3.0")).unlink()
    with pytest.raises(release.Refused, match=r"0\.3\.0\.names\.txt is missing; try --names"):
        release.check("0.3.0", [], root=project)


def test_the_program_says_the_version_of_its_release(release: ModuleType, project: Path) -> None:
    (project / "src/trimtab/__init__.py").write_text('__version__ = "0.2.0"\n')
    with pytest.raises(release.Refused, match=r"trimtab/__init__\.py has another one"):
        release.check("0.3.0", [], root=project)


def test_upgrades_from_every_tag_are_tested(release: ModuleType, project: Path) -> None:
    with pytest.raises(
        release.Refused, match=r"releases/0\.1\.0\.tar\.xz is missing, so no test upgrades from 0\.1\.0"
    ):
        release.check("0.3.0", ["v0.2.0", "v0.1.0"], root=project)


def test_the_chart_goes_with_it(release: ModuleType, project: Path) -> None:
    (project / "deploy/helm/trimtab/Chart.yaml").write_text("version: 0.3.0\nappVersion: 0.2.0\n")
    with pytest.raises(release.Refused, match="appVersion of the chart"):
        release.check("0.3.0", [], root=project)


def test_notes_are_what_users_notice_and_not_the_whole_list(release: ModuleType) -> None:
    section = "## 0.3.0 — 2026-12-01\n\n- Bills.\n\n### Every change\n\n- Bills are read\n  whole.\n- Files are, too.\n"
    expected = "# trimtab 0.3.0\n\n- Bills.\n\nCHANGELOG.md lists all 2 changes.\n"
    assert expected == release.notes_of(f"{section}\n## 0.2.0 — 2026-01-01\n\n- Older.\n", "0.3.0")


def test_a_long_list_alone_is_no_notes(release: ModuleType) -> None:
    lines = "- Another change.\n" * 21
    with pytest.raises(release.Refused, match="has 21 lines; expected at most 20 before `### Every change`"):
        release.notes_of(f"## 0.3.0 — 2026-12-01\n\n{lines}", "0.3.0")


def test_the_notes_of_the_next_release_are_written(release: ModuleType, repository: Path) -> None:
    """The version's section can be released as soon as it has its day."""
    log = (repository / "CHANGELOG.md").read_text().replace("— unreleased", "— 2026-12-01", 1)
    version = log.partition("\n## ")[2].split()[0]
    notes = release.notes_of(log, version)
    assert 5 <= len(notes.splitlines()) <= 24
    assert re.search(r"lists all \d+ changes", notes)


@pytest.mark.parametrize(
    ("version", "said"), [("0.2.0", "not of a day"), ("0.1.0", "has no line"), ("0.4.0", "has no section")]
)
def test_notes_need_a_day_and_a_line(release: ModuleType, version: str, said: str) -> None:
    with pytest.raises(release.Refused, match=said):
        release.notes_of(CHANGES, version)


def test_a_candidate_comes_before_its_release(release: ModuleType) -> None:
    assert release.order("0.3.0rc2") < release.order("0.3.0") < release.order("0.10.0rc1")


def wheel(folder: Path, *names: str) -> Path:
    path = folder / "trimtab-0.3.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
        about = "Name: trimtab\nVersion: 0.3.0\nSummary: s\nLicense-Expression: Apache-2.0\n"
        archive.writestr("trimtab-0.3.0.dist-info/METADATA", about)
    return path


def test_a_wheel_without_pages_or_with_more_than_the_package_is_refused(release: ModuleType, tmp_path: Path) -> None:
    release.checked_wheel(wheel(tmp_path, *release._NEEDED))
    with pytest.raises(release.Refused, match=r"it lacks trimtab/web/static/manifest\.json"):
        release.checked_wheel(wheel(tmp_path, *release._NEEDED[1:]))
    with pytest.raises(release.Refused, match=r"it lacks trimtab/reports/pictures/a\.py \(1 files\)"):
        release.checked_wheel(wheel(tmp_path, *release._NEEDED), ["trimtab/reports/pictures/a.py"])
    with pytest.raises(release.Refused, match="it has tests"):
        release.checked_wheel(wheel(tmp_path, *release._NEEDED, "tests/conftest.py"))


def test_git_ignores_no_source_as_the_build_leaves_out_what_git_ignores(repository: Path) -> None:
    listed = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    done = subprocess.run(listed, cwd=repository, capture_output=True, text=True, check=True, timeout=30)
    assert "" == done.stdout


def test_a_bill_of_materials_lists_the_lock_and_is_the_same_whenever_it_is_made(
    sbom: ModuleType, tmp_path: Path
) -> None:
    lock = tmp_path / "server.lock"
    lock.write_text(LOCK)
    made = sbom.document(lock, wheel(tmp_path))
    assert made == sbom.document(lock, tmp_path / "trimtab-0.3.0-py3-none-any.whl")
    assert ("CycloneDX", "1.6") == (made["bomFormat"], made["specVersion"])
    one, two = made["components"]
    assert ("pkg:pypi/one@1.2.3", "required", 2) == (
        one["purl"], one["scope"], len(one["externalReferences"][0]["hashes"]),
    )  # fmt: skip
    assert ("pkg:pypi/two-b@4.5", "optional") == (two["purl"], two["scope"])
    [root] = made["dependencies"]
    assert ["pkg:pypi/one@1.2.3", "pkg:pypi/two-b@4.5"] == root["dependsOn"]
    lock.write_text(LOCK.replace("1.2.3", "1.2.4"))
    assert made["serialNumber"] != sbom.document(lock, tmp_path / "trimtab-0.3.0-py3-none-any.whl")["serialNumber"]


def test_every_package_of_the_locks_is_listed(sbom: ModuleType, repository: Path) -> None:
    for name in ("server", "base"):
        lock = (repository / "requirements" / f"{name}.lock").read_text()
        pinned = re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)  # two versions, where Pythons need two
        assert len(pinned) == len(list(sbom.components(lock)))
    assert json.dumps(list(sbom.components(lock)))


def test_a_package_without_a_hash_is_no_material(sbom: ModuleType) -> None:
    with pytest.raises(ValueError, match="cannot list one: the lock has no hash"):
        list(sbom.components("one==1\n"))
