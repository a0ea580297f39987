"""What is near: contexts of a kubeconfig, SLURM's commands, AWS's profiles, and what answers on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gates import gate_of
from trimtab.base.clock import ManualClock
from trimtab.egress.address import Forbidden
from trimtab.egress.gate import Gate
from trimtab.egress.this_machine import ThisMachine
from trimtab.store.state.database import State
from trimtab.wiring.near import clusters, profiles, slurm, what_is_near

KUBECONFIG = """
current-context: prod
contexts:
  - {name: prod, context: {cluster: prod, user: me}}
  - {name: "*odd*", context: {}}
"""


class Prometheus(BaseHTTPRequestHandler):
    """Says that a query succeeded."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"success","data":{}}')

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Prometheus) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def gate(state: State) -> Gate:
    return gate_of(state, ManualClock())


def test_the_contexts_of_a_kubeconfig(tmp_path: Path) -> None:
    config = tmp_path / "config"
    assert [] == clusters(config)
    config.write_text(KUBECONFIG)
    first, second = clusters(config)
    assert ("prod", "prod", True) == (first.name, first.place, "current context" in first.detail)
    assert ("*odd*", False) == (second.place, "current" in second.detail)
    config.write_text("contexts: [")
    assert "cannot be read" in clusters(config)[0].problem


def test_slurm_is_near_with_all_its_commands_and_where_they_may_be_run() -> None:
    def all_there(name: str) -> str:
        return f"/usr/bin/{name}"

    assert [] == slurm(lambda name: None, commands_allowed=True)
    assert "" == slurm(all_there, commands_allowed=True)[0].problem
    assert "TRIMTAB_CONNECT_COMMANDS=1" in slurm(all_there, commands_allowed=False)[0].problem
    assert "scontrol" in slurm(lambda name: None if name == "scontrol" else name, commands_allowed=True)[0].problem


def test_profiles_of_aws_by_name_alone(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_secret_access_key = SECRET\n[ops]\n")
    (tmp_path / "config").write_text("[profile audit]\n[sso-session corp]\n[profile ops]\n")
    found = profiles(tmp_path)
    assert ["default", "ops", "audit"] == [one.place for one in found]
    assert "SECRET" not in str(found)
    assert [] == profiles(tmp_path / "nowhere")


def test_a_prometheus_that_answers_here_is_near(gate: Gate, port: int, tmp_path: Path) -> None:
    nothing = {"home": tmp_path, "which": lambda name: None, "addresses": lambda: ["127.0.0.1"]}
    found = what_is_near(gate, commands_allowed=False, ports=(port,), **nothing)  # type: ignore[arg-type]  # of several types
    assert [("prometheus", f"http://127.0.0.1:{port}")] == [(one.kind, one.place) for one in found]
    assert [] == gate.entries.listed(), "to look needs no entry, and makes none"


def test_to_look_reaches_this_machine_alone(gate: Gate, port: int) -> None:
    here = ThisMachine.beside(gate)
    assert [(2, "127.0.0.1")] == [(family, str(address)) for family, address in here.addresses("127.0.0.1", port)]
    for host in ("93.184.216.34", "localhost", "example.com"):
        with pytest.raises(Forbidden, match="no address of this machine"):
            here.addresses(host, 9090)
