import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimtab.base.errors import SetupError
from trimtab.base.records import replace
from trimtab.listen import bind, bind_both, bind_udp, check_exposure
from trimtab.settings import Settings

LOCAL = Settings()


@pytest.mark.parametrize("listen", [bind, bind_udp])
def test_port_0_takes_a_free_one_and_a_taken_one_is_named(listen: Callable[[str, str], socket.socket]) -> None:
    with listen("127.0.0.1:0", "TRIMTAB_X_ADDR") as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SetupError, match=f"cannot listen on {address}: another process .* set TRIMTAB_X_ADDR"):
            listen(address, "TRIMTAB_X_ADDR")


def test_tcp_and_udp_share_a_port() -> None:
    tcp, udp = bind_both("127.0.0.1:0", "TRIMTAB_X_ADDR")
    with tcp, udp:
        assert tcp.getsockname() == udp.getsockname()
        with pytest.raises(SetupError, match="another process has that port"):
            bind_both(f"127.0.0.1:{udp.getsockname()[1]}", "TRIMTAB_X_ADDR")


def test_a_port_that_is_taken_for_udp_alone_leaves_no_tcp_socket_behind() -> None:
    with bind_udp("127.0.0.1:0", "X") as udp:
        address = f"127.0.0.1:{udp.getsockname()[1]}"
        with pytest.raises(SetupError):
            bind_both(address, "X")
        bind(address, "X").close()


def test_an_address_of_another_machine_is_said() -> None:
    with pytest.raises(SetupError, match="set TRIMTAB_X_ADDR to an address of this machine"):
        bind("192.0.2.1:0", "TRIMTAB_X_ADDR")


def test_loopback_needs_nothing() -> None:
    assert not check_exposure(LOCAL)
    assert check_exposure(replace(LOCAL, require_auth=True))


@pytest.mark.parametrize("setting", ["http_addr", "otlp_http_addr", "otlp_grpc_addr"])
def test_what_others_reach_needs_tls_and_then_credentials(setting: str, tmp_path: Path) -> None:
    exposed: dict[str, Any] = {setting: "0.0.0.0:0"}
    with pytest.raises(SetupError, match=f"without TLS.*TRIMTAB_{setting.upper()}"):
        check_exposure(replace(LOCAL, **exposed))
    assert check_exposure(replace(LOCAL, **exposed, tls_cert="cert.pem", tls_key="key.pem"))
    assert check_exposure(replace(LOCAL, **exposed, allow_plain_http=True))


@pytest.mark.parametrize("setting", ["emf_addr", "statsd_addr", "syslog_addr"])
def test_a_door_without_credentials_stays_on_loopback(setting: str) -> None:
    exposed: dict[str, Any] = {setting: "0.0.0.0:0"}
    with pytest.raises(SetupError, match=f"no credentials; keep TRIMTAB_{setting.upper()} on 127.0.0.1"):
        check_exposure(replace(LOCAL, **exposed, tls_cert="cert.pem", tls_key="key.pem"))
