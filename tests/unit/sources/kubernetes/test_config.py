"""A kubeconfig's certificates: whom it trusts, and who it says that it is, against a server that asks for it."""

import base64
import json
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from made_certificates import Certificate, certificate, serving, showing
from trimtab.base.errors import SetupError
from trimtab.sources.kubernetes.config import Access, from_kubeconfig

AUTHORITY = certificate("kubernetes-ca")


class Asking(BaseHTTPRequestHandler):
    """As kube-apiserver does: whoever shows a certificate of its authority is the name on it, anybody else nobody."""

    def do_GET(self) -> None:
        shown = self.connection.getpeercert()  # type: ignore[attr-defined]  # of a socket with TLS
        names = dict(pair for part in (shown or {}).get("subject", ()) for pair in part)
        body = json.dumps({"who": names.get("commonName")}).encode()
        self.send_response(200 if shown else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "server"
    folder.mkdir()
    certificate("localhost", AUTHORITY).write(folder)
    context = showing(folder)
    context.load_verify_locations(cadata=AUTHORITY.pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    with serving(Asking, context) as port:
        yield f"https://127.0.0.1:{port}"


def kubeconfig(folder: Path, address: str, authority: Certificate, user: str) -> Path:
    trusted = base64.b64encode(authority.pem.encode()).decode()
    path = folder / "config"
    path.write_text(
        f"""
current-context: work
contexts: [{{name: work, context: {{cluster: prod, user: me}}}}]
clusters: [{{name: prod, cluster: {{server: "{address}", certificate-authority-data: {trusted}}}}}]
users: [{{name: me, user: {user}}}]
"""
    )
    return path


def asked(path: Path) -> httpx.Response:
    with from_kubeconfig(path).client() as client:
        return client.get("/version")


@pytest.mark.parametrize("kept", ["in the file", "in files beside it"])
def test_a_client_certificate_says_who_asks(address: str, tmp_path: Path, kept: str) -> None:
    own = certificate("trimtab-reader", AUTHORITY).write(tmp_path)
    user = "{client-certificate: cert.pem, client-key: key.pem}"
    if kept == "in the file":
        shown, key = (base64.b64encode(text.encode()).decode() for text in (own.pem, own.key))
        user = f"{{client-certificate-data: {shown}, client-key-data: {key}}}"
    answer = asked(kubeconfig(tmp_path, address, AUTHORITY, user))
    assert (200, {"who": "trimtab-reader"}) == (answer.status_code, answer.json())


def test_without_a_certificate_nobody_asks(address: str, tmp_path: Path) -> None:
    assert 401 == asked(kubeconfig(tmp_path, address, AUTHORITY, "{token: sesame}")).status_code


def test_a_server_of_another_authority_is_told_nothing(address: str, tmp_path: Path) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        asked(kubeconfig(tmp_path, address, certificate("another"), "{token: sesame}"))


def test_the_authority_of_a_kubeconfig_is_the_only_one_that_counts() -> None:
    trusted = Access("https://127.0.0.1", ca=AUTHORITY.pem).trust().get_ca_certs(binary_form=True)
    assert [ssl.PEM_cert_to_DER_cert(AUTHORITY.pem)] == trusted


def test_a_key_that_is_not_of_its_certificate_is_said() -> None:
    own, other = certificate(signer=AUTHORITY), certificate(signer=AUTHORITY)
    with pytest.raises(SetupError, match="cannot use the certificates for https://127"):
        Access("https://127.0.0.1", cert=f"{own.pem}\n{other.key}").trust()
