"""Certificates for tests: one that signs itself, or that another of them signed; and servers that show one."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 30
"""How long each is good for."""


@dataclass(frozen=True)
class Certificate:
    """One with its key."""

    made: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The certificate."""
        return self.made.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key(self) -> str:
        """Its key, not encrypted."""
        format_ = serialization.PrivateFormat.PKCS8
        return self.private.private_bytes(serialization.Encoding.PEM, format_, serialization.NoEncryption()).decode()

    def write(self, folder: Path) -> "Certificate":
        """Into `cert.pem`, `key.pem` and `both.pem` of a folder."""
        for name, text in (("cert", self.pem), ("key", self.key), ("both", self.pem + self.key)):
            (folder / f"{name}.pem").write_text(text)
        return self


def certificate(name: str = "localhost", signer: Certificate | None = None) -> Certificate:
    """One of `name`, good for loopback too; where nobody signs it, it does so itself and may sign others."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.made.subject if signer else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .sign(signer.private if signer else private, hashes.SHA256())
    )
    return Certificate(made, private)


def showing(folder: Path) -> ssl.SSLContext:
    """What a server shows that has the `both.pem` of a folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that do not trust it


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None) -> Iterator[int]:
    """The port of a server on loopback, with TLS where there is a context."""
    server = _Quiet(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()
