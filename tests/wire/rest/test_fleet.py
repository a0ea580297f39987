"""GPU time and the register of figures through a live server, its client and its command line."""

import pytest
from click.testing import CliRunner

from live_server import LiveServer
from trimtab.cli.main import root
from trimtab.client.api import Client
from trimtab.client.figures import Figures
from trimtab.client.fleet import Fleet


@pytest.fixture(scope="module")
def client(server: LiveServer):  # type: ignore[no-untyped-def]  # a generator's fixture
    with Client(server.url) as made:
        yield made


def command(server: LiveServer, *words: str) -> str:
    found = CliRunner().invoke(root, [*words, "--url", server.url])
    assert 0 == found.exit_code, found.output
    return found.output


def test_figures_are_listed_and_shown(server: LiveServer, client: Client) -> None:
    listed = Figures(client).listed()
    assert Figures(client).one("idle_cost") in listed
    assert "net amortised" in command(server, "figures", "show", "idle_cost")
    assert "gpu_hours_held" in command(server, "figures", "list", "--area", "GPU time")


def test_hours_add_up_and_remarks_are_told(server: LiveServer, client: Client) -> None:
    found = Fleet(client).hours(("team", "day"), start="-2d")
    assert found.total.existing == pytest.approx(sum(one.existing for one in found.groups))
    assert found.by == ["team", "day"]
    assert "cost is billed" in command(server, "fleet", "hours", "--by", "machine", "--basis", "billed")
    command(server, "fleet", "remarks")
