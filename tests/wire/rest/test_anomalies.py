"""Anomalies, mutes and detectors through a live server with its engine, by the Python client and the command line."""

import subprocess
import sys

import pytest

from live_server import LiveServer
from trimtab.anomalies.model import Anomaly, Direction
from trimtab.anomalies.write import write
from trimtab.base.errors import NotFound
from trimtab.base.ids import new_id
from trimtab.client import anomalies_wire as wire
from trimtab.client.anomalies import Anomalies
from trimtab.client.api import Client
from trimtab.client.wire import Datum
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint

SLOT = 300_000


def command(server: LiveServer, *words: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "trimtab", *words, "--url", server.url], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def found(server: LiveServer) -> tuple[str, str]:
    """The host and the id of an anomaly, written as the jobs process does: the detector itself awaits history."""
    host = new_id()
    with Client(server.url) as client:
        now = client.health().time_ms
        client.put("shop", [Datum(name="cpu", value=93.0, time=now - SLOT, dimensions={"host": host}, unit="Percent")])
        client.query("shop", "cpu", fresh=True)
        [series] = client.all_metrics(namespace="shop", name="cpu", dimensions={"host": host})
    start = now // SLOT * SLOT - SLOT
    one = Anomaly(
        int(series.id), start, start + SLOT, series.account, series.region, True, 2.5, start, Direction.ABOVE, 93.0,
        20.0, 40.0, start - SLOT, (30.0, 93.0), (20.0, 20.0), (40.0, 40.0), 2,
    )  # fmt: skip
    telemetry = Telemetry(lambda: embedded_endpoint(server.data_dir / "engine"))
    write(telemetry, [one])
    telemetry.close()
    return host, one.id


def test_one_that_hardly_moved_is_listed_when_it_is_asked_for(server: LiveServer) -> None:
    """An uptime that is a minute ahead of what was predicted is no news, on pages and elsewhere."""
    host = new_id()
    with Client(server.url) as client:
        now = client.health().time_ms
        client.put("shop", [Datum(name="uptime", value=1_000_140.0, time=now - SLOT, dimensions={"host": host})])
        client.query("shop", "uptime", fresh=True)
        [series] = client.all_metrics(namespace="shop", name="uptime", dimensions={"host": host})
        start = now // SLOT * SLOT - SLOT
        one = Anomaly(
            int(series.id), start, start + SLOT, series.account, series.region, True, 5.0, start, Direction.ABOVE,
            1_000_140.0, 999_999.0, 1_000_001.0, start, (1_000_140.0,), (999_999.0,), (1_000_001.0,), 2,
        )  # fmt: skip
        telemetry = Telemetry(lambda: embedded_endpoint(server.data_dir / "engine"))
        write(telemetry, [one])
        telemetry.close()
        plain = Anomalies(client).find(dimensions={"host": host})
        assert ([], 0, 1) == (plain.anomalies, plain.total, plain.slight)
        every = Anomalies(client).find(dimensions={"host": host}, slight=True)
        assert ([one.id], 1, 0) == ([each.id for each in every.anomalies], every.total, every.slight)
        shown: tuple[tuple[dict[str, str], list[str]], ...] = (({}, []), ({"slight": "1"}, [one.id]))
        for more, ids in shown:
            page = client.call("GET", "/anomalies.json", dict, query=[("q", host), *more.items()])
            assert ids == [each["id"] for each in page["anomalies"]]
    words = ("anomalies", "list", "--dimension", f"host={host}")
    assert one.id not in command(server, *words)
    assert one.id in command(server, *words, "--slight")


def test_an_anomaly_is_listed_shown_muted_and_shown_again(server: LiveServer, found: tuple[str, str]) -> None:
    host, id_ = found
    with Client(server.url) as client:
        calls = Anomalies(client)
        [one] = calls.find(dimensions={"host": host}).anomalies
        assert (one.id, one.direction, one.place, one.open) == (id_, "above", f"host {host}", True)
        assert one.what == f"cpu of host {host} rose to 93 % (expected 20 to 40 %), for 5 minutes so far."
        detail = calls.get(id_)
        assert detail.points == [30.0, 93.0]
        assert calls.find(dimensions={"host": host}, end="-1d", start="-2d").anomalies == []
        calls.mute(one.series, hours=1)
        assert calls.find(dimensions={"host": host}).anomalies == []
        assert [True] == [other.muted for other in calls.find(dimensions={"host": host}, muted=True).anomalies]
        assert one.series in {mute.series for mute in calls.mutes()}
        calls.unmute(one.series)
        assert [id_] == [other.id for other in calls.find(series=[one.series]).anomalies]
        with pytest.raises(NotFound):
            calls.unmute(one.series)
        with pytest.raises(NotFound):
            calls.get("1-1")


def test_the_command_line_says_it_in_words(server: LiveServer, found: tuple[str, str]) -> None:
    host, id_ = found
    assert f"host {host} rose to 93 %" in command(server, "anomalies", "list", "--dimension", f"host={host}")
    shown = command(server, "anomalies", "show", id_)
    assert "rose to 93 %" in shown
    series = id_.partition("-")[0]
    assert "muted cpu of host" in command(server, "anomalies", "mute", series, "--hours", "2")
    assert host in command(server, "anomalies", "mutes")
    assert "unmuted" in command(server, "anomalies", "unmute", series)


def test_a_detector_is_put_listed_and_deleted(server: LiveServer) -> None:
    host = new_id()
    with Client(server.url) as client:
        calls = Anomalies(client)
        made = calls.put_detector(wire.PutDetector("shop", "cpu", {"host": host}, "p99", "Europe/Berlin", True))
        assert (made.state, made.statistic, made.zone) == ("PENDING_TRAINING", "p99", "Europe/Berlin")
        assert made.spikes
        assert made in calls.detectors().detectors
        assert host in command(server, "detectors", "list")
        assert made.id not in {one.id for one in calls.delete_detector(made.id)}
        with pytest.raises(NotFound):
            calls.delete_detector(made.id)
    assert "detector " in command(server, "detectors", "put", "shop", "cpu", "-d", f"host={host}")
