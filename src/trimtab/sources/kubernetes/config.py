"""How to reach an API server: from a kubeconfig, from within a pod, or as told."""

import base64
import binascii
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import SetupError
from trimtab.base.loopback import is_loopback

POD_SECRETS = Path("/var/run/secrets/kubernetes.io/serviceaccount")
POD_SERVER = "https://kubernetes.default.svc"
TIMEOUT_S = 60.0


class Access(Struct, frozen=True):
    """A server, and what to show it. `ca` and `cert` are PEM text, `cert` with its key behind it."""

    server: str
    token: str = ""
    token_file: Path | None = None
    ca: str = ""
    cert: str = ""
    insecure: bool = False
    cluster: str = ""

    def bearer(self) -> str:
        """The token as it is now: a pod's is renewed in its file every hour."""
        return _text(self.token_file).strip() if self.token_file is not None else self.token

    def client(self, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """A client of the server. Raises SetupError."""
        host = httpx.URL(self.server).host
        if not self.server.startswith("https://") and not is_loopback(host):
            raise SetupError(f"cannot use {self.server}: expected https://, but for a proxy on this machine")
        return httpx.Client(
            base_url=self.server.rstrip("/"),
            headers={"User-Agent": "trimtab-connect", "Accept": "application/json"},
            timeout=TIMEOUT_S,
            verify=self.trust(),
            transport=transport,
            trust_env=not is_loopback(host),
        )

    def trust(self) -> ssl.SSLContext:
        """Whom to trust, and what to show. Raises SetupError."""
        try:
            # The cluster's authority alone, where it is named, as kubectl has it: not those of the machine beside it.
            context = ssl.create_default_context(cadata=self.ca or None)
            if self.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if self.cert:
                with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:  # the library reads files only
                    file.write(self.cert)
                    file.flush()
                    context.load_cert_chain(file.name)
        except (ssl.SSLError, ValueError) as problem:
            raise SetupError(f"cannot use the certificates for {self.server}: {problem}") from None
        return context


def from_pod() -> Access:
    """What a pod of the cluster is given. Raises SetupError where this is no pod."""
    if not (POD_SECRETS / "token").exists():
        raise SetupError(
            "cannot find a cluster: there is no kubeconfig, and this is no pod; try --kubeconfig FILE or --server URL"
        )
    return Access(POD_SERVER, token_file=POD_SECRETS / "token", ca=_text(POD_SECRETS / "ca.crt"))


def from_kubeconfig(path: Path, context: str = "") -> Access:
    """What a kubeconfig says of a context, its current one where none is named. Raises SetupError."""
    try:
        config = typed.convert(msgspec.yaml.decode(_text(path).encode()), dict[str, Any])
    except msgspec.MsgspecError as problem:
        raise SetupError(f"cannot read {path}: {problem}") from None
    name = context or config.get("current-context") or ""
    chosen = _named(config, "contexts", name, "context", path)
    cluster = _named(config, "clusters", chosen.get("cluster", ""), "cluster", path)
    user = _named(config, "users", chosen.get("user", ""), "user", path) if chosen.get("user") else {}
    if ("exec" in user or "auth-provider" in user) and not user.get("token"):
        raise SetupError(
            f"cannot sign in as {chosen.get('user')!r} of {path}: it asks a program for a token; make one with "
            "`kubectl create token trimtab` and give it with --token-file"
        )
    cert = _part(user, "client-certificate", path)
    return Access(
        server=str(cluster.get("server", "")),
        token=str(user.get("token", "")),
        token_file=path.parent / str(user["tokenFile"]) if user.get("tokenFile") else None,
        ca=_part(cluster, "certificate-authority", path),
        cert=f"{cert}\n{_part(user, 'client-key', path)}" if cert else "",
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        cluster=str(chosen.get("cluster", "")),
    )


def _named(config: dict[str, Any], part: str, name: str, key: str, path: Path) -> dict[str, Any]:
    for one in config.get(part) or ():
        if one.get("name") == name:
            found = one.get(key)
            return found if isinstance(found, dict) else {}
    raise SetupError(f"cannot use {path}: it has no {key} {name!r}")


def _part(section: dict[str, Any], name: str, path: Path) -> str:
    """PEM text that is written into the file, or in a file beside it."""
    data = section.get(f"{name}-data")
    if data:
        try:
            return base64.b64decode(data).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise SetupError(f"cannot use {path}: {name}-data is not base64") from None
    file = section.get(name)
    return _text(path.parent / file) if file else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SetupError(f"cannot read {path}: {problem}") from None
