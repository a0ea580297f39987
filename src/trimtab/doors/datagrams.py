"""`Datagrams`: reads a UDP socket in the event loop, and knows how many datagrams the system itself had to drop.

A datagram that finds the socket's buffer full never reaches a program; Linux counts it and, asked to (SO_RXQ_OVFL),
sends the count along with the next datagram that does.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

_RXQ_OVFL = 40  # SO_RXQ_OVFL of asm-generic/socket.h; Python has no name for it
_BUFFER_BYTES = 4 << 20  # the system gives what net.core.rmem_max allows
_LARGEST = 65_535  # bytes of a UDP datagram
_A_TURN = 256  # datagrams read before other work of the loop has its turn
_ANCILLARY = socket.CMSG_SPACE(4)


class Datagrams:
    """Hands each datagram to `take`, and counts of dropped ones to `dropped`."""

    def __init__(self, listener: socket.socket, take: Callable[[bytes], None], dropped: Callable[[int], None]) -> None:
        self._socket = listener
        self._take = take
        self._dropped = dropped
        self._seen = 0
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        with contextlib.suppress(OSError):  # another system than Linux: drops stay unknown
            listener.setsockopt(socket.SOL_SOCKET, _RXQ_OVFL, 1)

    def start(self) -> None:
        """Read from now on."""
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def close(self) -> None:
        """Take what came already, then let the socket go."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._read()
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_A_TURN):
            try:
                data, ancillary, _, _ = self._socket.recvmsg(_LARGEST, _ANCILLARY)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP error of an earlier answer; nothing was read
                continue
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, _RXQ_OVFL):
                    self._note(struct.unpack("I", content[:4])[0])
            self._take(data)

    def _note(self, total: int) -> None:
        """`total` datagrams were dropped since the socket was made (32 bits, wrapping)."""
        new = (total - self._seen) & 0xFFFFFFFF
        if new:
            self._seen = total
            self._dropped(new)
