"""The key that digests are signed with: RSA, made once and kept in the state, its public half for anybody to check."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)
from msgspec import Struct
from sqlalchemy import Connection, insert, select

from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.store.state.sealed import seal, unseal
from trimtab.store.state.tables import audit_signing_keys

_BITS = 2048  # as CloudTrail's own
_VALID_MS = 3653 * 86_400_000  # said by ListPublicKeys: as long as records may be kept at the most


class PublicKey(Struct, frozen=True):
    """A key that digests were signed with. `der` is PKCS #1, as CloudTrail gives it."""

    fingerprint: str
    der: bytes
    since_ms: int
    until_ms: int


class SigningKeys:
    """Signs with the newest key, making the first when it is needed; knows the public half of every one."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def sign(self, connection: Connection, text: bytes) -> tuple[str, str]:
        """The fingerprint of the key, and the signature as hexadecimal digits (SHA-256 with RSA, PKCS #1 v1.5)."""
        row = connection.execute(select(audit_signing_keys).order_by(audit_signing_keys.c.created_ms.desc())).first()
        if row is None:
            pem, fingerprint = self._make(connection)
        else:
            fingerprint = row.fingerprint
            pem = unseal(connection, audit_signing_keys.c.private, fingerprint, row.private)
        key = load_pem_private_key(pem.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("bug: the signing key is no RSA key")
        return fingerprint, key.sign(text, padding.PKCS1v15(), SHA256()).hex()

    async def public(self) -> list[PublicKey]:
        """The keys that there were, the oldest first."""
        query = select(audit_signing_keys).order_by(audit_signing_keys.c.created_ms)
        rows = await self._state.read(lambda connection: connection.execute(query).all())
        return [PublicKey(row.fingerprint, row.public, row.created_ms, row.created_ms + _VALID_MS) for row in rows]

    def _make(self, connection: Connection) -> tuple[str, str]:
        key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        fingerprint = hashlib.sha256(der).hexdigest()[:32]
        sealed = seal(connection, audit_signing_keys.c.private, fingerprint, pem)
        row = {"fingerprint": fingerprint, "public": der, "private": sealed, "created_ms": self._clock.now_ms()}
        connection.execute(insert(audit_signing_keys).values(row))
        return pem, fingerprint


def verified(key: PublicKey, text: bytes, signature: str) -> bool:
    """Whether a signature is that of `text`."""
    public = load_der_public_key(key.der)
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(bytes.fromhex(signature), text, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
