"""Whom clients trust: the authorities of the machine as well as the public ones, each client alike."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from gates import open_gate
from made_certificates import certificate, serving, showing
from trimtab.base.errors import Unavailable
from trimtab.egress.blocking import Transport
from trimtab.egress.client import Client
from trimtab.egress.http import HttpClient, HttpOptions
from trimtab.egress.request import Outgoing
from trimtab.egress.trust import authorities, authorities_file


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *arguments: Any) -> None:
        pass


def streaming(url: str) -> int:
    async def ask() -> int:
        async with Client(open_gate(), timeout_s=30) as client:
            return (await client.get(url)).status_code

    return asyncio.run(ask())


def blocking(url: str) -> int:
    with httpx.Client(transport=Transport(open_gate())) as client:
        return client.get(url).status_code


def once(url: str) -> int:
    return HttpClient(open_gate(), HttpOptions()).ask(Outgoing(url, {}, b"")).status


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    certificate().write(tmp_path)
    with serving(Ready, showing(tmp_path)) as port:
        yield f"https://localhost:{port}/"


@pytest.mark.parametrize("ask", [streaming, blocking, once])
def test_a_server_of_an_authority_of_the_machine_is_trusted(
    url: str, tmp_path: Path, ask: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises((httpx.ConnectError, Unavailable), match=r"CERTIFICATE_VERIFY_FAILED|does not verify"):
        ask(url)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    assert 204 == ask(url)


def test_where_a_machine_has_no_authorities_the_public_ones_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    assert 50 < authorities().cert_store_stats()["x509_ca"]
    assert authorities_file() is None
    assert ssl.CERT_REQUIRED == authorities().verify_mode
