"""What a release had is there still, or said for two minor versions that it goes: settings, commands, operations."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from trimtab.base.deprecated import DEPRECATED, Deprecation


@pytest.fixture(scope="module")
def release(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", repository / "scripts" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_name_of_every_release_is_there_or_on_the_list(release: ModuleType, repository: Path) -> None:
    now = set(release.names(repository)) | {f"{one.kind} {one.name}" for one in DEPRECATED}
    files = sorted((repository / "tests/crash/releases").glob("*.names.txt"))
    assert files
    for file in files:
        kept = file.read_text().splitlines()
        assert len(kept) > 700
        assert [] == [name for name in kept if name not in now], file.name


def test_every_release_has_its_names_and_its_data(repository: Path) -> None:
    folder = repository / "tests/crash/releases"
    versions = {one.name.removesuffix(".tar.xz") for one in folder.glob("*.tar.xz")}
    assert versions
    assert versions == {one.name.removesuffix(".names.txt") for one in folder.glob("*.names.txt")}


@pytest.mark.parametrize("entry", DEPRECATED, ids=lambda one: one.name)
def test_what_goes_stays_for_two_minor_versions(release: ModuleType, entry: Deprecation) -> None:
    since, until = release.order(entry.since), release.order(entry.until)
    assert until[0] > since[0] or until[1] >= since[1] + 2
    assert entry.instead
