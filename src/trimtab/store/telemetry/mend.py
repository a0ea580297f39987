"""Puts right one flipped bit of bytes whose CRC-32 is known.

CRC-32 is linear: what a flipped bit changes depends on its distance from the end alone. So the difference between the
checksum that was written and the one that is found is taken back, byte by byte from the end, until it is the change
that a bit of the byte at hand makes.
"""

import zlib

_BITS = {zlib.crc32(bytes((1 << bit,))) ^ zlib.crc32(b"\0"): bit for bit in range(8)}
"""What a flipped bit of the last byte changes, by the change."""
_POLYNOMIAL = 0xEDB88320
_TOP = 0x8000_0000


def _back(value: int) -> int:
    """A checksum before the last eight bits, all 0, were taken in; its lowest 24 bits are then its highest."""
    for _ in range(8):
        value = ((value ^ _POLYNOMIAL) << 1 | 1) if value & _TOP else value << 1
    return value & 0xFFFF_FFFF


_BACK = [_back(top << 24) for top in range(256)]


def mended(data: bytes | memoryview, crc: int, seed: int = 0) -> bytes | None:
    """`data` with the one bit turned whose turning makes its CRC-32 `crc`; None where there is no such bit."""
    change = zlib.crc32(data, seed) ^ crc
    for place in range(len(data) - 1, -1, -1):
        bit = _BITS.get(change)
        if bit is not None:
            right = bytearray(data)
            right[place] ^= 1 << bit
            return bytes(right)
        change = (change << 8 & 0xFFFF_FFFF) ^ _BACK[change >> 24]
    return None
