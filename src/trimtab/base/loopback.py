"""Which hosts can only mean this machine. One answer for what is listened on, who is let in and what is asked."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=1024)  # a client repeats its Host with every request
def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback address, localhost or a name under .localhost (RFC 6761, section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
