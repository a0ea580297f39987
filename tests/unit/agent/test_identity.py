from pathlib import Path

from trimtab.agent.identity import agent_id


def test_an_id_is_made_once(tmp_path: Path) -> None:
    first = agent_id(tmp_path, "machine-1")
    assert agent_id(tmp_path, "machine-1") == first
    assert [path.name for path in tmp_path.iterdir()] == ["agent-id.json"]


def test_a_copy_of_the_directory_on_another_machine_gets_its_own(tmp_path: Path) -> None:
    first = agent_id(tmp_path, "machine-1")
    second = agent_id(tmp_path, "machine-2")
    assert second != first
    assert agent_id(tmp_path, "machine-2") == second


def test_a_machine_without_an_id_keeps_what_is_there(tmp_path: Path) -> None:
    first = agent_id(tmp_path, "machine-1")
    assert agent_id(tmp_path, "") == first


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "agent-id.json").write_text("{")
    assert len(agent_id(tmp_path, "m")) == 36
