"""Passwords of local users: hashed with scrypt, and compared at one cost whether or not there is such a user."""

import hashlib
import hmac
import secrets

from trimtab.base.errors import InvalidInput

_LOG_N, _R, _P = 15, 8, 1
"""32 MiB and about 0.1 s a try on a core: OWASP's lowest for scrypt is half of the product with p = 3, at 2^15."""
_MOST_MEMORY = 64 << 20  # bytes that OpenSSL may take: 128 · r · 2^15 and a little more
LEAST, MOST = 12, 256
"""Characters of a password: NIST 800-63B asks for at least eight, and for no rule of what is in it."""


def hashed(password: str) -> str:
    """A password as it is kept: `scrypt$log2(N)$r$p$salt$hash`. Raises InvalidInput for a short or an absurd one."""
    if not LEAST <= len(password) <= MOST:
        raise InvalidInput(
            f"cannot use the password: it has {len(password)} characters; expected {LEAST} to {MOST}", field="password"
        )
    salt = secrets.token_bytes(16)
    return f"scrypt${_LOG_N}${_R}${_P}${salt.hex()}${_derived(password, salt, _LOG_N, _R, _P).hex()}"


def matches(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was kept. None (no such user) costs the same and is never matched."""
    _, log_n, r, p, salt, expected = (kept or _NOBODY).split("$")
    found = _derived(password[:MOST], bytes.fromhex(salt), int(log_n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(expected)) and kept is not None


def _derived(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    raw = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=1 << log_n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=32)


_NOBODY = f"scrypt${_LOG_N}${_R}${_P}${'00' * 16}${'00' * 32}"
"""What is compared where there is no such user. No password has this hash."""
