"""Identifiers: random ones for events and requests, stable 64-bit ones for series."""

import hashlib
import secrets
import uuid


def new_id() -> str:
    """A random UUID in its canonical text form."""
    return str(uuid.uuid4())


def new_secret(bytes_: int = 30) -> str:
    """A URL-safe random secret of `bytes_` bytes of entropy."""
    return secrets.token_urlsafe(bytes_)


def hash64(text: str) -> int:
    """A stable, unsigned 64-bit hash of `text` (BLAKE2b), the same on every machine and in every run."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
