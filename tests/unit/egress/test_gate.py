"""The gate: what is let out, on whose word, and that a name which changes its answer gains nothing."""

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.notify.receiver import Receiver, receiving

from gates import gate_of
from trimtab.base.clock import ManualClock
from trimtab.base.errors import LimitExceeded, NotFound, SetupError, Unavailable
from trimtab.base.records import replace
from trimtab.egress import entries
from trimtab.egress.address import Address, Forbidden, Place, host_of
from trimtab.egress.asker import NOBODY, Asker, asking
from trimtab.egress.blocking import Transport
from trimtab.egress.client import Client, HTTPError, read_whole
from trimtab.egress.entries import Entries
from trimtab.egress.gate import Gate, resolve
from trimtab.egress.http import HttpClient, HttpOptions
from trimtab.egress.own import OwnPorts, is_ours, write_listening
from trimtab.egress.request import Outgoing
from trimtab.settings import OFF, Settings
from trimtab.store.state.database import State

ADMIN, WRITER = Asker("ann", may_allow=True), Asker("wim")
PUBLIC, INNER = "93.184.216.34", "10.0.0.5"


@dataclass
class Names:
    """A resolver whose answers change from one time to the next; the last one stays."""

    answers: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, port: int) -> list[tuple[int, Address]]:
        self.asked.append(host)
        if host not in self.answers:
            return list(resolve(host, port)) if host[0].isdigit() or ":" in host else self._unknown()
        left = self.answers[host]
        found = left.pop(0) if len(left) > 1 else left[0]
        read = [ipaddress.ip_address(one) for one in found]
        return [(int(socket.AF_INET if one.version == 4 else socket.AF_INET6), one) for one in read]

    def _unknown(self) -> list[tuple[int, Address]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def gate(state: State, names: Names) -> Gate:
    return replace(gate_of(state, ManualClock()), resolve=names)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def admit(gate: Gate, url: str, who: Asker = WRITER) -> None:
    with asking(who):
        asyncio.run(gate.admit(url, "channel ops"))


def places(gate: Gate) -> list[str]:
    return [str(one.place) for one in gate.entries.listed()]


def test_what_is_public_needs_no_entry(gate: Gate, names: Names) -> None:
    names.answers["hooks.example"] = [[PUBLIC]]
    admit(gate, "https://hooks.example/x")
    assert [(socket.AF_INET, ipaddress.ip_address(PUBLIC))] == gate.addresses("hooks.example", 443)
    assert places(gate) == []


@pytest.mark.parametrize(
    "url", [f"http://{INNER}:8080/x", "http://127.0.0.1:9/x", "http://169.254.1.1/", "http://[fd00::5]/"]
)
def test_what_is_not_public_joins_the_list_when_an_administrator_puts_it(gate: Gate, url: str) -> None:
    with pytest.raises(Forbidden, match="an administrator must allow it first: `trimtab egress allow "):
        admit(gate, url)
    assert places(gate) == []
    admit(gate, url, ADMIN)
    (made,) = gate.entries.listed()
    assert (made.note, made.made_by) == ("channel ops", "ann")
    admit(gate, url)  # from now on others may put it too
    assert gate.addresses(made.place.host, made.place.port)


def test_an_entry_is_of_one_port(gate: Gate) -> None:
    admit(gate, f"http://{INNER}:8080/", ADMIN)
    with pytest.raises(Forbidden, match=re.escape("10.0.0.5:8081")):
        gate.addresses(INNER, 8081)


def test_an_entry_of_an_address_lets_names_of_it_out_and_one_of_a_name_all_its_addresses(
    gate: Gate, names: Names
) -> None:
    names.answers["models.internal"] = [[INNER, "10.0.0.6"]]
    with asking(ADMIN):
        gate.allow(f"{INNER}:80", "by address")
    assert [ipaddress.ip_address(INNER)] == [one for _, one in gate.addresses("models.internal", 80)]
    with asking(ADMIN):
        gate.allow("models.internal:80", "by name")
    assert len(gate.addresses("models.internal", 80)) == 2


def test_of_public_and_private_addresses_only_the_public_are_used(gate: Gate, names: Names) -> None:
    names.answers["both.example"] = [[INNER, PUBLIC]]
    assert [ipaddress.ip_address(PUBLIC)] == [one for _, one in gate.addresses("both.example", 80)]


def test_a_name_that_does_not_resolve_joins_for_an_administrator_and_waits_for_others(gate: Gate, names: Names) -> None:
    admit(gate, "http://later.internal/")
    assert places(gate) == []
    admit(gate, "http://later.internal/", ADMIN)
    assert places(gate) == ["later.internal:80"]
    names.answers["later.internal"] = [[INNER]]
    assert gate.addresses("later.internal", 80)


def test_a_name_that_takes_long_to_resolve_keeps_nobody_waiting(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.egress.gate._PUT_S", 0.0)
    admit(gate, "http://slow.internal/", ADMIN)
    assert places(gate) == ["slow.internal:80"]


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0"])
def test_a_metadata_service_is_refused_whatever_the_list_says(gate: Gate, names: Names, address: str) -> None:
    gate.entries.add(Place("innocent.example", 80), "", "ann")
    gate.entries.add(Place(address, 80), "", "ann")
    names.answers["innocent.example"] = [[address, PUBLIC]]
    with pytest.raises(Forbidden, match=re.escape("innocent.example:80: it resolves to")):
        gate.addresses("innocent.example", 80)
    with pytest.raises(Forbidden, match="resolves to"):
        admit(gate, "http://innocent.example/", ADMIN)
    with asking(ADMIN), pytest.raises(Forbidden, match=re.escape("cannot allow innocent.example:80")):
        gate.allow("innocent.example:80", "")


@pytest.mark.parametrize("place", ["169.254.169.254:80", "0xa9fea9fe:80", "metadata.google.internal:80"])
def test_who_puts_a_metadata_service_is_told_and_counted(gate: Gate, names: Names, place: str) -> None:
    names.answers["metadata.google.internal"] = [[PUBLIC]]
    for who in (WRITER, ADMIN):
        with pytest.raises(Forbidden, match="metadata service"):
            admit(gate, f"http://{place}/latest", who)
    (seen,) = gate.entries.refusals()
    assert (seen.place.port, seen.count, places(gate)) == (80, 1, [])
    with asking(ADMIN), pytest.raises(Forbidden, match=r"cannot allow .* metadata service"):
        gate.allow(place, "")
    with pytest.raises(SetupError, match="metadata service"):
        gate.naming([f"http://{place}/"])
    assert names.asked == []


def test_a_metadata_services_name_is_refused_before_it_is_resolved(gate: Gate, names: Names) -> None:
    names.answers["metadata.google.internal"] = [[PUBLIC]]
    with pytest.raises(Forbidden, match="metadata service"):
        gate.addresses("metadata.google.internal", 80)
    assert names.asked == []
    assert [str(one.place) for one in gate.entries.refusals()] == ["metadata.google.internal:80"]


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield int(one.getsockname()[1])


def owning(gate: Gate, directory: Path, **settings: Any) -> Gate:
    quiet = dict.fromkeys(
        ("http_addr", "otlp_http_addr", "otlp_grpc_addr", "emf_addr", "statsd_addr", "xray_udp_addr"), OFF
    )
    return replace(gate, own=OwnPorts(Settings(**{**quiet, "data_dir": directory, **settings})))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"])
def test_trimtabs_own_ports_are_refused_whatever_the_list_says(gate: Gate, tmp_path: Path, host: str) -> None:
    gate.entries.add(Place(host_of(host), 4750), "", "ann")
    with pytest.raises(Forbidden, match="trimtab itself listens there"):
        owning(gate, tmp_path, http_addr="127.0.0.1:4750").addresses(host, 4750)
    assert gate.addresses(host, 4750)  # of a trimtab that listens elsewhere


def test_a_port_is_trimtabs_own_on_this_machine_only(gate: Gate, tmp_path: Path) -> None:
    gate.entries.add(Place(INNER, 4750), "", "ann")
    assert owning(gate, tmp_path, http_addr="0.0.0.0:4750").addresses(INNER, 4750)
    assert is_ours(ipaddress.ip_address("127.0.0.1"))
    assert not is_ours(ipaddress.ip_address(INNER))


def test_the_engines_port_and_what_the_server_wrote_down_are_trimtabs_own(gate: Gate, tmp_path: Path) -> None:
    own = owning(gate, tmp_path)
    with listening() as port:
        gate.entries.add(Place("127.0.0.1", port), "", "ann")
        assert own.addresses("127.0.0.1", port)
        (tmp_path / "engine").mkdir()
        (tmp_path / "engine" / "engine.json").write_text(json.dumps({"port": port, "password": "x"}))
        with pytest.raises(Forbidden, match="itself listens"):
            own.addresses("127.0.0.1", port)
        (tmp_path / "engine" / "engine.json").write_text("{")  # as it is written just now
        assert own.addresses("127.0.0.1", port)
        write_listening(tmp_path)
        with pytest.raises(Forbidden, match="itself listens"):
            own.addresses("127.0.0.1", port)


def test_trimtabs_databases_are_refused_whatever_the_list_says(gate: Gate, tmp_path: Path, names: Names) -> None:
    names.answers |= {"ch.internal": [[INNER]], "pg.internal": [[INNER]]}
    for place in (Place("ch.internal", 8123), Place("pg.internal", 5432)):
        gate.entries.add(place, "", "ann")
    own = owning(
        gate, tmp_path, clickhouse_url="http://u:p@CH.internal", state_url="postgresql+psycopg://u@pg.internal/db"
    )
    for host, port in (("ch.internal", 8123), ("pg.internal", 5432)):
        with pytest.raises(Forbidden, match="database of trimtab's own"):
            own.addresses(host, port)
        assert gate.addresses(host, port)


def test_what_the_settings_name_needs_no_entry(gate: Gate) -> None:
    named = gate.naming([f"https://{INNER}:6443/"])
    assert named.addresses(INNER, 6443)
    admit(named, f"https://{INNER}:6443/x")
    assert places(gate) == []
    with pytest.raises(Forbidden, match="is on no public network"):
        gate.addresses(INNER, 6443)
    with pytest.raises(SetupError, match="a URL of the settings"):
        gate.naming(["ftp://x/"])


def test_the_address_of_a_name_of_this_network_is_told_to_administrators_only(gate: Gate, names: Names) -> None:
    names.answers["db.internal"] = [[INNER]]
    with pytest.raises(Forbidden) as caught:
        admit(gate, "http://db.internal/")
    assert INNER not in str(caught.value)
    (kept,) = gate.entries.refusals()
    assert (kept.reason, kept.asked_by) == (f"it is on no public network ({INNER})", "wim")


def test_refusals_are_counted_by_place_and_written_no_more_often_than_every_five_seconds(state: State) -> None:
    clock = ManualClock()
    kept = Entries(state, clock)
    place = Place(INNER, 80)
    for _ in range(3):
        kept.refused(place, "no", "wim")
    assert [one.count for one in kept.refusals()] == [1]
    clock.advance(5)
    kept.refused(place, "never", "ann")
    (found,) = kept.refusals()
    assert (found.count, found.unaudited, found.reason, found.asked_by) == (4, 4, "never", "ann")
    assert found.last_ms - found.first_ms == 5000
    kept.audited([], [found])
    assert [one.unaudited for one in kept.refusals()] == [0]
    kept.add(place, "", "ann")
    assert kept.refusals() == []  # what is allowed is asked for no more


def test_the_oldest_refusal_goes_where_there_are_too_many(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MOST_REFUSALS", 2)
    clock = ManualClock()
    kept = Entries(state, clock)
    for port in (1, 2, 3):
        clock.advance(1)
        kept.refused(Place(INNER, port), "no", "wim")
    assert [one.place.port for one in kept.refusals()] == [3, 2]


def test_the_list_has_an_end(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MOST_ENTRIES", 1)
    kept = Entries(state, ManualClock())
    kept.add(Place(INNER, 1), "", "ann")
    assert kept.add(Place(INNER, 1), "again", "bob").made_by == "ann"  # what is listed stays as it is
    with pytest.raises(LimitExceeded, match="there are 1 entries"):
        kept.add(Place(INNER, 2), "", "ann")


def test_what_another_process_allows_counts_at_once_and_what_it_removes_in_two_seconds(state: State) -> None:
    clock = ManualClock()
    here, there, place = Entries(state, clock), Entries(state, clock), Place(INNER, 80)
    assert not here.has(place)
    there.add(place, "", "ann")
    assert here.has(place)
    there.remove(place)
    clock.advance(2)
    assert not here.has(place)
    with pytest.raises(NotFound, match=re.escape("cannot find 10.0.0.5:80")):
        there.remove(place)


def ask(gate: Gate, url: str, **options: Any) -> Any:
    return HttpClient(gate, HttpOptions(**options)).ask(Outgoing(url, {}, b"x"))


def test_a_name_that_answers_otherwise_the_second_time_is_connected_to_as_it_was_judged(
    gate: Gate, names: Names, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is looked at, this machine when it is connected to."""
    port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    names.answers["rebind.example"] = [[PUBLIC], ["127.0.0.1"]]
    connected: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        connected.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Unavailable, match="not in a test"):
        ask(gate, f"http://rebind.example:{port}/")
    assert connected == [(PUBLIC, port)]
    with pytest.raises(Forbidden, match="is on no public network"):  # the second answer
        ask(gate, f"http://rebind.example:{port}/")
    assert (len(connected), receiver.requests) == (1, [])


def test_the_asynchronous_client_connects_to_what_was_judged_too(gate: Gate, names: Names, receiver: Receiver) -> None:
    port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    names.answers["rebind.example"] = [["127.0.0.1"], ["127.0.0.2"], [INNER]]

    async def asked(url: str) -> int:
        async with Client(gate, timeout_s=5) as client:
            return (await client.post(url, content=b"x")).status_code

    with pytest.raises(Forbidden, match="is on no public network"):
        asyncio.run(asked(f"http://rebind.example:{port}/"))
    assert receiver.requests == []
    gate.entries.add(Place("127.0.0.1", port), "", "ann")
    names.answers["rebind.example"] = [["127.0.0.1"], [INNER]]
    assert asyncio.run(asked(f"http://rebind.example:{port}/")) == 200
    with pytest.raises(Forbidden):
        asyncio.run(asked(f"http://rebind.example:{port}/"))
    with pytest.raises(HTTPError, match="Name or service not known"):
        asyncio.run(asked("http://nowhere.example/"))
    assert len(receiver.requests) == 1


def test_the_blocking_transport_connects_to_what_was_judged_too(gate: Gate, names: Names, receiver: Receiver) -> None:
    port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    names.answers["rebind.example"] = [["127.0.0.1"], ["127.0.0.1"], [INNER]]
    url = f"http://rebind.example:{port}/"

    def asked(url: str) -> int:
        with httpx.Client(transport=Transport(gate)) as client:
            return client.post(url, content=b"x").status_code

    with pytest.raises(Forbidden, match="is on no public network"):
        asked(url)
    assert receiver.requests == []
    gate.entries.add(Place("127.0.0.1", port), "", "ann")
    assert asked(url) == 200
    with pytest.raises(Forbidden):
        asked(url)
    with pytest.raises(HTTPError, match="Name or service not known"):
        asked("http://nowhere.example/")
    assert len(receiver.requests) == 1


def test_a_blocking_connection_that_is_kept_busy_ends_with_its_entry(gate: Gate) -> None:
    clock = gate.entries.clock
    assert isinstance(clock, ManualClock)
    with receiving(kept=True) as receiver, httpx.Client(transport=Transport(gate)) as client:
        admit(gate, receiver.url, ADMIN)
        (entry,) = gate.entries.listed()
        assert client.post(receiver.url).status_code == 200
        gate.entries.remove(entry.place)
        clock.advance(1.9)
        assert client.post(receiver.url).status_code == 200
        clock.advance(0.2)
        with pytest.raises(Forbidden, match="is on no public network"):
            client.post(receiver.url)


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_no_spelling_of_this_machine_gets_round_it(gate: Gate, spelling: str) -> None:
    names = replace(gate, resolve=resolve)
    with pytest.raises(Forbidden, match="is on no public network"):
        ask(names, f"http://{spelling}:9/")

    async def asked() -> None:
        async with Client(names, timeout_s=5) as client:
            await client.get(f"http://{spelling}:9/")

    with pytest.raises(Forbidden, match="is on no public network"):
        asyncio.run(asked())


def test_redirects_are_not_followed(gate: Gate, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": "http://169.254.169.254/"}
    admit(gate, receiver.url, ADMIN)
    assert ask(gate, receiver.url).status == 302

    async def asked() -> int:
        async with Client(gate, timeout_s=5) as client:
            return (await client.post(receiver.url)).status_code

    assert asyncio.run(asked()) == 302


def test_a_connection_that_is_kept_busy_ends_with_its_entry(gate: Gate) -> None:
    clock = gate.entries.clock
    assert isinstance(clock, ManualClock)

    async def asked(receiver: Receiver) -> None:
        await asyncio.to_thread(admit, gate, receiver.url, ADMIN)
        (entry,) = gate.entries.listed()
        async with Client(gate, timeout_s=5) as client:
            assert (await client.post(receiver.url)).status_code == 200
            gate.entries.remove(entry.place)
            clock.advance(1.9)
            assert (await client.post(receiver.url)).status_code == 200
            clock.advance(0.2)
            for _ in range(2):
                with pytest.raises(Forbidden, match="is on no public network"):
                    await client.post(receiver.url)

    with receiving(kept=True) as kept:
        asyncio.run(asked(kept))


def test_an_answer_is_read_to_a_bound(gate: Gate, receiver: Receiver) -> None:
    receiver.body = b"x" * 1000
    admit(gate, receiver.url, ADMIN)

    async def asked(most: int) -> bytes:
        async with Client(gate, timeout_s=5) as client, client.stream("POST", receiver.url) as answer:
            return await read_whole(answer, most)

    assert len(asyncio.run(asked(1000))) == 1000
    with pytest.raises(Unavailable, match="longer than 999 bytes"):
        asyncio.run(asked(999))


def test_a_program_that_is_started_is_told_the_address(gate: Gate, names: Names) -> None:
    names.answers["models.internal"] = [[INNER], [PUBLIC]]
    with pytest.raises(Forbidden):
        asyncio.run(gate.pin("http://models.internal/x"))
    assert asyncio.run(gate.pin("http://models.internal/x")) == PUBLIC
    with pytest.raises(Unavailable, match=re.escape("cannot reach nowhere.example:80")):
        asyncio.run(gate.pin("http://nowhere.example/"))


def test_outside_of_a_request_nobody_allows_anything(gate: Gate) -> None:
    with pytest.raises(Forbidden):
        admit(gate, f"http://{INNER}/", NOBODY)
