"""From release 0.1.0: stretches of before get what is known of their node, and powered-down ones their name."""

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from trimtab.store.state.database import State


def _migrated(path: Path, to: str) -> State:
    state = State(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(resources.files("trimtab.store.state") / "migrations"))
    with state.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return state


def test_stretches_of_before_keep_their_sense(tmp_path: Path) -> None:
    state = _migrated(tmp_path / "state.sqlite", "0042")
    nodes = [("n1", "up", "IDLE+CLOUD+POWERED_DOWN", 0.0, "i-1"), ("cpu", "up", "IDLE", 0.0, "")]
    states = [("n1", 0, 10, "up", 8.0), ("n1", 10, 1 << 62, "up", 0.0), ("cpu", 0, 1 << 62, "up", 0.0)]
    with state.engine.begin() as connection:
        for name, condition, said, gpus, instance in nodes:
            connection.execute(
                text(
                    "INSERT INTO cluster_nodes (account, cluster, name, condition, state, reason, gpus, allocated, "
                    "gpu_type, instance_type, instance_id, partitions, labels, seen_ms) VALUES ('1', 'c', :name, "
                    ":condition, :said, '', :gpus, 0, 'h100', 'p5', :instance, '[]', '{}', 20)"
                ),
                {"name": name, "condition": condition, "said": said, "gpus": gpus, "instance": instance},
            )
        for name, from_ms, to_ms, condition, gpus in states:
            connection.execute(
                text(
                    "INSERT INTO node_states (account, cluster, name, from_ms, to_ms, condition, reason, gpus, "
                    "allocated) VALUES ('1', 'c', :name, :from_ms, :to_ms, :condition, '', :gpus, 0)"
                ),
                {"name": name, "from_ms": from_ms, "to_ms": to_ms, "condition": condition, "gpus": gpus},
            )
    state.migrate()
    query = text("SELECT name, from_ms, condition, gpu_type, instance_id FROM node_states ORDER BY name, from_ms")
    found = state.read_sync(lambda connection: [tuple(row) for row in connection.execute(query)])
    assert [
        ("cpu", 0, "up", "h100", ""),
        ("n1", 0, "up", "h100", "i-1"),
        ("n1", 10, "powered down", "h100", "i-1"),
    ] == found
    conditions = text("SELECT name, condition FROM cluster_nodes ORDER BY name")
    assert [("cpu", "up"), ("n1", "powered down")] == state.read_sync(
        lambda connection: [tuple(row) for row in connection.execute(conditions)]
    )
