"""Containerfiles and the compose file: what they name exists, and the container has no more rights than it needs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from trimtab.cli.main import COMMANDS
from trimtab.settings import describe

IMAGES = ("Containerfile", "Containerfile.agent")


def steps(path: Path) -> list[tuple[str, str]]:
    """Each instruction and its arguments, continued lines in one."""
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE))
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if line.strip()]  # type: ignore[misc] # two parts


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_built_in_stages_of_locked_packages_and_runs_as_nobody(repository: Path, name: str) -> None:
    found = steps(repository / "deploy" / "container" / name)
    assert [2, "${BASE} AS build"] == [
        sum(word == "FROM" for word, _ in found), next(what for word, what in found if word == "FROM")
    ]  # fmt: skip
    last = found[max(at for at, (word, _) in enumerate(found) if word == "FROM") :]
    assert [("USER", "10001:10001")] == [one for one in last if one[0] == "USER"]
    assert not any("pip install" in what for _, what in last)
    assert any("--require-hashes" in what for word, what in found if word == "RUN")
    entry, command = (json.loads(next(what for word, what in last if word == one)) for one in ("ENTRYPOINT", "CMD"))
    assert ["trimtab"] == entry
    assert command[0] in COMMANDS


@pytest.mark.parametrize("name", IMAGES)
def test_what_an_image_copies_is_there_and_not_ignored(repository: Path, name: str) -> None:
    copied = [what.split()[0] for word, what in steps(repository / "deploy/container" / name) if word == "COPY"]
    kept = {
        line[1:] for line in (repository / ".containerignore").read_text().splitlines() if line.startswith("!")
    }  # fmt: skip
    own = [one for one in copied if not one.startswith("--from")]
    assert own
    assert set(own) <= kept
    assert all((repository / one).exists() for one in own if "*" not in one)
    assert (repository / ".containerignore").read_text() == (repository / ".dockerignore").read_text()


def test_the_settings_of_images_and_of_compose_are_trimtabs_own(repository: Path) -> None:
    known = {one.name for one in describe({})}
    texts = [(repository / "deploy/container" / name).read_text() for name in IMAGES]
    texts.append((repository / "deploy/compose.yaml").read_text())
    named = {name for text in texts for name in re.findall(r"\bTRIMTAB_[A-Z_]+\b", text)}
    assert named - known == {"TRIMTAB_IMAGE"}  # of compose alone


def test_compose_opens_the_machines_loopback_alone_and_takes_rights_away(repository: Path) -> None:
    found: dict[str, Any] = yaml.safe_load((repository / "deploy/compose.yaml").read_text())
    server = found["services"]["trimtab"]
    assert all(one.startswith("127.0.0.1:") for one in server["ports"])
    assert (True, ["ALL"], "10001:10001") == (server["read_only"], server["cap_drop"], server["user"])
    assert {one.partition(":")[0] for one in server["volumes"]} == set(found["volumes"])
    assert (repository / "deploy" / server["build"]["context"] / server["build"]["dockerfile"]).is_file()
    assert server["command"][0] in COMMANDS
