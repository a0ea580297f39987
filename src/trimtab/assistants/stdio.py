"""The protocol over standard input and output: a message a line. Calls of tools go on beside each other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from trimtab.assistants import protocol
from trimtab.assistants.protocol import Ask, Message, Reply

AT_ONCE = 4
"""Calls that are under way at a time: an assistant rarely asks more, and each may cost the server a query."""
MOST_LINE = 1 << 20
"""Bytes of a line: arguments of tools are far shorter."""


def serve(lines: BinaryIO, out: BinaryIO, ask: Ask) -> None:
    """Answer until the input ends; calls under way are answered first."""
    lock = threading.Lock()

    def send(reply: Reply) -> None:
        if reply.body is not None:
            with lock:
                out.write(reply.body + b"\n")
                out.flush()

    def work(message: Message) -> None:
        try:
            send(protocol.answer(message, ask))
        except Exception:  # the other side waits for an answer to each request, whatever broke
            send(protocol.failure(message))
            raise

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mcp") as pool:
        while line := lines.readline(MOST_LINE):
            if not line.strip():
                continue
            message = protocol.read(line)
            if isinstance(message, Reply):
                send(message)
            elif message.method == "tools/call":
                pool.submit(work, message)
            else:
                work(message)
